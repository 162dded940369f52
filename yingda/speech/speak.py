"""python -m yingda.speech.speak --out FILE.wav TEXT: the voice of the settings, as the telephone gets it.

TEXT is plain, or SSML (<speak>...), said by the first voice of the settings unless another is named. The file
is WAV: 16-bit PCM, 8 kHz, one channel. `make speak TEXT="您好" OUT=out.wav` runs it. Exit status 2: text,
voice, rate, pitch, file or settings are not usable.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from yingda.plumbing.settings import SettingsError, load
from yingda.speech.audio import Int16
from yingda.speech.engines import families, model_files
from yingda.speech.engines.model_files import ModelError
from yingda.speech.metrics import Metrics
from yingda.speech.settings import SpeechSettings, Voice
from yingda.speech.text.ssml import SsmlError
from yingda.speech.voice import voices
from yingda.speech.voice.manner import FASTEST, HIGHEST, LOWEST, SLOWEST, Manner, MannerError
from yingda.speech.voice.model import VoiceModel
from yingda.speech.voice.prompt_cache import PromptCache
from yingda.speech.voice.synthesiser import Synthesiser, TextError
from yingda.speech.voice.voices import UnknownVoice

RATE_HZ = 8000
PATIENCE_S = 600.0  # a clause may take so long: nobody waits on the telephone


class SpeakError(Exception):
    """What was asked for cannot be done. The text names the argument, and says what was expected."""


def check_out(out: str) -> Path:
    """The file to write. Raises SpeakError when it cannot be one."""
    path = Path(out)
    if not path.name or path.suffix.lower() != ".wav":
        raise SpeakError(f"OUT: got {out!r}, expected a file name that ends in .wav, such as OUT=out.wav")
    if not path.parent.is_dir():
        raise SpeakError(f"OUT: {out}: the folder {path.parent} is not there; make it, or name another")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise SpeakError(f"OUT: {out}: cannot be written; name another file")
    return path


def read_manner(voice: str, rate: str, pitch: str) -> Manner:
    """The voice's name, empty for the first one; its pace, above 1 faster; its pitch in semitones. Raises
    SpeakError."""
    pace = _number("RATE", rate, SLOWEST, FASTEST, "1 is as usual")
    return Manner(voice.strip(), pace, _number("PITCH", pitch, LOWEST, HIGHEST, "semitones, 0 is as usual"))


def _number(name: str, text: str, low: float, high: float, hint: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise SpeakError(f"{name}: got {text!r}, expected a number {low:g} to {high:g}; {hint}")
    return value


def check_text(voice: Synthesiser, text: str, manner: Manner) -> None:
    """Raises SpeakError for a voice that is not there, and for a text of which nothing can be spoken."""
    try:
        voice.version(manner.voice)
    except UnknownVoice as error:
        raise SpeakError(f"VOICE: {error}") from None
    try:
        voice.check(text)
        if not voice.has_words(text):
            raise TextError("nothing in it can be spoken")
    except (TextError, SsmlError, MannerError) as error:
        raise SpeakError(f'TEXT: {error}; expected Chinese text or SSML: make speak TEXT="您好"') from None


async def speak(voice: Synthesiser, text: str, manner: Manner) -> Int16:
    """8 kHz samples of a text, clause by clause as in a call. `voice` has begun."""
    return np.concatenate([part.pcm async for part in voice.say(text, RATE_HZ, manner)])


def write(path: Path, pcm: Int16) -> None:
    """A WAV file of 8 kHz samples. Raises SpeakError."""
    try:
        with path.open("wb") as file, wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(RATE_HZ)
            writer.writeframes(pcm.astype("<i2").tobytes())
    except OSError as error:
        raise SpeakError(f"OUT: {path}: cannot be written ({error.strerror}); name another file") from None


def run(
    text: str, out: str, manner: Manner, settings_path: str, make_model: Callable[[Voice], VoiceModel]
) -> float:
    """Speak into a file; returns its seconds. Raises SpeakError, SettingsError, ModelError."""
    path = check_out(out)
    settings = replace(load(settings_path, SpeechSettings).voice, deadline_s=PATIENCE_S)
    voice = Synthesiser(
        lambda: voices.make_model(settings, make_model), settings, PromptCache(None, 0), Metrics()
    )
    check_text(voice, text, manner)
    model_files.check_voice(settings, settings_path)
    try:
        voice.begin().result()
    except Exception as error:
        key = "voice.acoustic_model"
        raise ModelError(model_files.unusable(settings.acoustic_model, key, settings_path, error)) from error
    pcm = asyncio.run(speak(voice, text, manner))
    voice.stop()
    write(path, pcm)
    return len(pcm) / RATE_HZ


def shipped_voice(settings: Voice) -> VoiceModel:
    """The voice that the settings name."""
    return families.make_voice(settings)


def main(
    arguments: Sequence[str] | None = None, make_model: Callable[[Voice], VoiceModel] = shipped_voice
) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m yingda.speech.speak", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("text", nargs="?", default="", metavar="TEXT")
    parser.add_argument("--out", default="", help="WAV file to write")
    parser.add_argument("--voice", default="", help="a name from voice.voices (default: the first)")
    parser.add_argument("--rate", default="1.0", help="pace, above 1 faster (default: %(default)s)")
    parser.add_argument("--pitch", default="0", help="semitones, above 0 higher (default: %(default)s)")
    parser.add_argument(
        "--settings", default="settings/speech.yml", help="settings file (default: %(default)s)"
    )
    args = parser.parse_args(arguments)
    try:
        manner = read_manner(args.voice, args.rate, args.pitch)
        seconds = run(args.text, args.out, manner, args.settings, make_model)
    except (SpeakError, SettingsError, ModelError) as error:
        print(f"speak: {error}", file=sys.stderr)
        return 2
    print(f"{args.out}: {seconds:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
