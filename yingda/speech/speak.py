"""python -m yingda.speech.speak --out FILE.wav TEXT: the voice of the settings, as the telephone gets it.

TEXT is plain, or SSML (<speak>...). The file is WAV: 16-bit PCM, 8 kHz, one channel. `make speak TEXT="您好"
OUT=out.wav` runs it. Exit status 2: text, rate, file or settings are not usable.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from yingda.plumbing.settings import SettingsError, load
from yingda.speech import model_files
from yingda.speech.audio import Int16
from yingda.speech.metrics import Metrics
from yingda.speech.model_files import ModelError
from yingda.speech.prompt_cache import PromptCache
from yingda.speech.settings import SpeechSettings, Voice
from yingda.speech.ssml import SsmlError
from yingda.speech.synthesiser import FASTEST, SLOWEST, Synthesiser, TextError, VoiceModel

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


def read_rate(rate: str) -> float:
    """The pace, above 1 faster. Raises SpeakError."""
    try:
        value = float(rate)
    except ValueError:
        value = 0.0
    if not SLOWEST <= value <= FASTEST:
        raise SpeakError(f"RATE: got {rate!r}, expected a number {SLOWEST:g}-{FASTEST:g}; 1 is as usual")
    return value


def check_text(voice: Synthesiser, text: str) -> None:
    """Raises SpeakError for a text of which nothing can be spoken."""
    try:
        voice.check(text)
        if not voice.has_words(text):
            raise TextError("nothing in it can be spoken")
    except (TextError, SsmlError) as error:
        raise SpeakError(f'TEXT: {error}; expected Chinese text or SSML: make speak TEXT="您好"') from None


async def speak(voice: Synthesiser, text: str) -> Int16:
    """8 kHz samples of a text, clause by clause as in a call. `voice` has begun."""
    return np.concatenate([part.pcm async for part in voice.say(text, RATE_HZ)])


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
    text: str, out: str, rate: str, settings_path: str, make_model: Callable[[Voice], VoiceModel]
) -> float:
    """Speak into a file; returns its seconds. Raises SpeakError, SettingsError, ModelError."""
    path, pace = check_out(out), read_rate(rate)
    settings = load(settings_path, SpeechSettings).voice
    settings = replace(settings, pace=settings.pace * pace, deadline_s=PATIENCE_S)
    voice = Synthesiser(lambda: make_model(settings), settings, PromptCache(None, 0), Metrics())
    check_text(voice, text)
    model_files.check_voice(settings, settings_path)
    try:
        voice.begin().result()
    except Exception as error:
        key = "voice.acoustic_model"
        raise ModelError(model_files.unusable(settings.acoustic_model, key, settings_path, error)) from error
    pcm = asyncio.run(speak(voice, text))
    voice.stop()
    write(path, pcm)
    return len(pcm) / RATE_HZ


def shipped_voice(settings: Voice) -> VoiceModel:
    """The voice that the settings name."""
    from yingda.speech.nemo_tts import NemoVoice

    return NemoVoice(settings)


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
    parser.add_argument("--rate", default="1.0", help="pace, above 1 faster (default: %(default)s)")
    parser.add_argument(
        "--settings", default="settings/speech.yml", help="settings file (default: %(default)s)"
    )
    args = parser.parse_args(arguments)
    try:
        seconds = run(args.text, args.out, args.rate, args.settings, make_model)
    except (SpeakError, SettingsError, ModelError) as error:
        print(f"speak: {error}", file=sys.stderr)
        return 2
    print(f"{args.out}: {seconds:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
