"""python -m yingda.speech.transcribe FILE...: what the recogniser hears in recordings, as on the telephone.

One line a file on standard output: name, text, confidence 0-1, with tabs between them. A folder stands for
the audio files in it, @list.txt for the names in list.txt, one a line, from here or from its folder on.

`make transcribe FILES="a.wav b/"` runs it. Exit status 0: every file was transcribed; 1: some could not be
read or transcribed, and are named; 2: nothing was begun.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from yingda.plumbing.settings import SettingsError, load
from yingda.speech import recordings
from yingda.speech.audio import Float
from yingda.speech.engines import families, model_files
from yingda.speech.engines.model_files import ModelError
from yingda.speech.hearing.recogniser import BOOST, StepResult, StreamingModel, StreamOptions
from yingda.speech.settings import Recogniser, SpeechSettings
from yingda.speech.words import transcript
from yingda.speech.words.boosts import Phrase, merge, pairs
from yingda.speech.words.hotword_file import HotwordError, Hotwords
from yingda.speech.words.lexicon import LexiconError
from yingda.speech.words.syllables import Boosts
from yingda.speech.words.transcript import Transcriber, Transcript

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".sph", ".w64")
_NOT_READ = (".aac", ".amr", ".m4a", ".wma")  # to be named in a folder, not passed over
NO_FILES = 'FILES: got nothing, expected audio files, folders or @list.txt: make transcribe FILES="a.wav b/"'


def find(arguments: Iterable[str]) -> tuple[list[Path], list[str]]:
    """Audio files that arguments name, in their order, and a message for each that names none."""
    files: list[Path] = []
    problems: list[str] = []
    known = SUFFIXES + _NOT_READ
    for name in _names(arguments, problems):
        path = Path(name)
        if os.path.isdir(name):  # Path's own raises for a name that is too long, or not allowed to be seen
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in known and os.path.isfile(p))
            files += inside
            if not inside:
                problems.append(f"{name}: holds no audio; expected {' '.join(SUFFIXES)} files in it")
        elif os.path.exists(name):
            files.append(path)
        else:
            problems.append(f"{name}: there is no such file; expected an audio file or a folder of them")
    return files, problems


def _names(arguments: Iterable[str], problems: list[str]) -> Iterator[str]:
    """Arguments, and the lines of lists in their place."""
    for argument in arguments:
        if not argument.startswith("@"):
            yield argument
            continue
        path, expected = argument[1:], "expected UTF-8 text, one file name a line"
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            problems.append(f"{path}: cannot be read ({error.strerror}); {expected}")
        except UnicodeDecodeError:
            problems.append(f"{path}: is not UTF-8; {expected}")
        else:
            yield from (_in_list(path, text.strip()) for text in lines if text.strip())


def _in_list(path: str, name: str) -> str:
    """A name in a list: from the current folder on, or else from that of the list."""
    beside = os.path.join(os.path.dirname(path), name)
    return beside if os.path.exists(beside) and not os.path.exists(name) else name


def line(path: Path, heard: Transcript) -> str:
    """The output for one file. A name's tabs and line ends become blanks."""
    name = re.sub(r"[\t\r\n]", " ", os.fsencode(path).decode("utf-8", "replace"))
    return f"{name}\t{heard.text}\t{heard.confidence:.3f}"


def read_finals(transcriber: Transcriber, finals: Sequence[StepResult], boosts: Boosts | None) -> Transcript:
    """One text of a recording's utterances; the least of their confidences, as in a call."""
    texts = [transcriber.read(f.final, f.confidence, boosts, False, f.posteriors) for f in finals]
    return transcript.join(texts)


def unheeded(model: StreamingModel, transcriber: Transcriber, hotwords: Sequence[str]) -> list[str]:
    """Hotwords that change nothing: of a model that takes none, or without a Chinese reading."""
    if not model.syllables:
        return [] if model.kind == "rnnt" else list(hotwords)
    prepared = ((word, transcriber.prepare(((word, BOOST),))) for word in hotwords)
    return [word for word, boosts in prepared if boosts is None or not boosts.trie]


def say(text: str) -> None:
    """To standard error."""
    print(f"transcribe: {text}", file=sys.stderr, flush=True)


class _Readable:
    """The files that can be read, each when a stream is free for it; the others are named."""

    def __init__(self, files: Sequence[Path], longest_s: float, rate: int) -> None:
        self._files, self._longest_s, self._rate = files, longest_s, rate
        self.failures = 0
        self.seconds = 0.0

    def __iter__(self) -> Iterator[tuple[Path, Float]]:
        for path in self._files:
            try:
                samples = recordings.read(path, self._longest_s)
            except recordings.AudioError as error:
                self.failures += 1
                say(str(error))
            except Exception as error:  # one strange file must not end hundreds
                self.failed(path, error)
            else:
                self.seconds += len(samples) / recordings.LINE_HZ
                yield path, recordings.as_turn(samples, self._rate)

    def failed(self, path: Path, error: Exception) -> None:
        """A file gives no line for a reason that is not the file's."""
        self.failures += 1
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        say(f"{path}: could not be transcribed ({reason}); try it again by itself")


def load_model(settings: Recogniser, settings_path: str, streams: int) -> tuple[StreamingModel, Transcriber]:
    """The settings' recogniser and what reads its words. Raises ModelError."""
    model_files.check_recogniser(settings, settings_path)
    try:
        model = families.make_recogniser(settings, streams)
    except Exception as error:
        text = model_files.unusable(settings.model, "recogniser.model", settings_path, error)
        raise ModelError(text) from error
    try:
        return model, transcript.for_model(model.syllables, settings.lexicon)
    except LexiconError as error:
        raise ModelError(f"{settings_path}: key 'recogniser.lexicon': {error}") from None


def read_hotwords(settings: Recogniser, settings_path: str, transcriber: Transcriber) -> tuple[Phrase, ...]:
    """Those of the settings' file, as in a call. Raises ModelError."""
    path = settings.hotwords_file
    try:
        return Hotwords(Path(path) if path else None, transcriber.sounds).words()
    except HotwordError as error:
        raise ModelError(f"{settings_path}: key 'recogniser.hotwords_file': {error}") from None


def transcribe(
    files: Sequence[Path], settings: Recogniser, settings_path: str, options: StreamOptions
) -> int:
    """Print a line a file; returns how many gave none. Raises ModelError."""
    say(f"loading {settings.model}")
    streams = min(recordings.STREAMS, settings.max_batch, settings.max_streams)
    model, transcriber = load_model(settings, settings_path, streams)
    words = [word for word, _ in options.boosts]
    for word in unheeded(model, transcriber, words):
        say(f"HOTWORDS: {word!r} changes nothing; expected Chinese words, and a model that takes hotwords")
    phrases = merge(read_hotwords(settings, settings_path, transcriber), options.boosts)
    options = replace(options, boosts=pairs(phrases))
    boosts = transcriber.prepare(phrases)
    audio = _Readable(files, settings.max_audio_s, model.sample_rate)
    heard = recordings.recognise(model, audio, options, streams, audio.failed)
    for done, (path, finals) in enumerate(heard, 1):
        try:
            text = line(path, read_finals(transcriber, finals, boosts))
        except Exception as error:
            audio.failed(path, error)
        else:
            print(text, flush=True)
        if done % streams == 0:
            say(f"{done + audio.failures} of {len(files)}")
    say(f"{len(files) - audio.failures} of {len(files)} files, {audio.seconds:.0f} s of audio")
    return audio.failures


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m yingda.speech.transcribe", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("files", nargs="*", metavar="FILE", help="audio file, folder, or @list.txt")
    parser.add_argument("--hotwords", default="", help="words that are likely, with blanks between them")
    parser.add_argument("--boost", type=float, default=BOOST, help="their weight (default: %(default)s)")
    parser.add_argument(
        "--settings", default="settings/speech.yml", help="settings file (default: %(default)s)"
    )
    args = parser.parse_args(arguments)
    files, problems = find(args.files)
    for text in problems or ([] if files else [NO_FILES]):
        say(text)
    if not files:
        return 1 if problems else 2
    options = StreamOptions(boosts=tuple((word, args.boost) for word in args.hotwords.split()))
    try:
        settings = load(args.settings, SpeechSettings).recogniser
        failures = transcribe(files, settings, args.settings, options)
    except (SettingsError, ModelError) as error:
        say(str(error))
        return 2
    return 1 if failures or problems else 0


if __name__ == "__main__":
    sys.exit(main())
