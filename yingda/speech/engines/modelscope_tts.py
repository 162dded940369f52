"""Synthesis by ModelScope's SAM-BERT with HiFi-GAN, at 16 kHz.

python -m yingda.speech.engines.modelscope_tts TEXT OUT writes a WAV file (text2wav).
"""

from __future__ import annotations

import argparse
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from yingda.speech import audio
from yingda.speech.audio import Float
from yingda.speech.engines.modelscope_link import Link
from yingda.speech.engines.modelscope_worker import RATE_HZ, Answer
from yingda.speech.settings import Voice as Settings
from yingda.speech.text import normalisation
from yingda.speech.voice import silence
from yingda.speech.voice.model import GaveWay, Prosody
from yingda.speech.voice.stretching import shaped
from yingda.speech.voice.voices import missing_speakers

MODEL = "damo/speech_sambert-hifigan_tts_zh-cn_16k"


class Asked(Protocol):
    """What answers: a Link, or a fake of one; `about` holds the model's rate and voices."""

    about: dict[str, Any]

    def ask(self, fields: dict[str, object], data: bytes = b"") -> Answer:
        """As Link.ask."""


class SambertVoice:
    """`VoiceModel` on SAM-BERT. A voice of the settings speaks as the model's voice of the same name, or of
    the number that its `speaker` is."""

    def __init__(self, settings: Settings, link: Asked | None = None) -> None:
        """Start the child process that holds the model. Raises RuntimeError saying what is wrong."""
        started = time.monotonic()
        self.name = settings.acoustic_model
        self._link: Asked = link if link is not None else Link("tts", settings.acoustic_model)
        self.sample_rate = int(self._link.about["sample_rate"])
        self._voices = [str(name) for name in self._link.about.get("voices") or []]
        wrong = missing_speakers(settings, self.name, max(1, len(self._voices)))
        if wrong is not None:
            raise RuntimeError(wrong)
        self.load_seconds = time.monotonic() - started

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> Float:
        """float32 audio of one clause. The model cannot be interrupted: `give_way()` is asked before."""
        if give_way is not None and give_way():
            raise GaveWay
        if not any(char.isalnum() for char in text):
            return np.zeros(0, np.float32)
        samples = synthesise(self._link, text, self._voice(prosody))
        return silence.trim(shaped(samples, self.sample_rate, prosody), self.sample_rate, text)

    def _voice(self, prosody: Prosody) -> str:
        if prosody.voice in self._voices or not self._voices:
            return prosody.voice if self._voices else ""
        return self._voices[prosody.speaker]


def synthesise(link: Asked, text: str, voice: str = "") -> Float:
    """float32 audio; without a voice's name by the model's first one."""
    _, data = link.ask({"text": text, "voice": voice})
    return np.frombuffer(data, np.float32)


def text2wav(text: str, out: str | Path, model: str = MODEL, link: Asked | None = None) -> float:
    """Write 16-bit WAV at the model's rate; returns its length in seconds. Raises RuntimeError, OSError."""
    asked: Asked = link if link is not None else Link("tts", model)
    rate = int(asked.about.get("sample_rate", RATE_HZ))
    samples = synthesise(asked, normalisation.normalise(text))
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(audio.to_int16(samples).astype("<i2").tobytes())
    return len(samples) / rate


def main() -> int:
    """Command line. Exit status 2: the model or the file is not usable."""
    parser = argparse.ArgumentParser(description="Write what SAM-BERT says as a WAV file at 16 kHz.")
    parser.add_argument("text")
    parser.add_argument("out")
    parser.add_argument("--model", default=MODEL)
    given = parser.parse_args()
    try:
        print(f"{given.out}: {text2wav(given.text, given.out, given.model):.2f} s")
    except (RuntimeError, OSError) as error:
        print(f"{given.out}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
