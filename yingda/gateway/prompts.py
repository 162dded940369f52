"""Fixed prompts: audio that is there when everything else is gone.

Each prompt is looked for in the shipped folder (``<key>.wav``), then in the cache, and else synthesised
once through the speech server and kept.  A cached file is named after its words: changed words are made anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from yingda.gateway.media_events import Int16Array
from yingda.gateway.settings import PromptSettings
from yingda.gateway.speech_link import RATE, SpeechLink, SpeechUnavailable

log = logging.getLogger(__name__)

_RETRY_S = 0.3


class PromptError(Exception):
    """A prompt file cannot be used; the text says which and what to do."""


class Prompts:
    """``audio(key)`` is 8 kHz int16, or None as long as there is none."""

    def __init__(self, settings: PromptSettings, voice: str) -> None:
        self._settings = settings
        self._voice = voice
        self.texts: Mapping[str, str] = settings.texts()
        self._audio: dict[str, Int16Array] = {}

    def audio(self, key: str) -> Int16Array | None:
        return self._audio.get(key)

    @property
    def missing(self) -> list[str]:
        """Keys without audio."""
        return [key for key in self.texts if key not in self._audio]

    def load(self) -> None:
        """Read what is on disk.  Raises PromptError for a file that is not 8 kHz mono 16-bit."""
        for key in self.texts:
            for path in (Path(self._settings.shipped_dir) / f"{key}.wav", self._cached(key)):
                if key not in self._audio and path.exists():
                    self._audio[key] = read_wav(path)

    async def make_missing(self, speech: SpeechLink) -> None:
        """Synthesise what is missing, waiting for the speech server as long as it takes."""
        while self.missing:
            for key in self.missing:
                try:
                    pieces = [piece async for piece in speech.synthesise(self.texts[key])]
                except SpeechUnavailable:
                    break
                if pieces:
                    self._audio[key] = np.concatenate(pieces)
                    write_wav(self._cached(key), self._audio[key])
            if self.missing:
                await asyncio.sleep(_RETRY_S)
        log.info("fixed prompts ready: %d", len(self.texts))

    def _cached(self, key: str) -> Path:
        mark = hashlib.sha256(f"{self._voice}\n{self.texts[key]}".encode()).hexdigest()[:12]
        return Path(self._settings.cache_dir) / f"{key}-{mark}.wav"


def read_wav(path: Path) -> Int16Array:
    """8 kHz mono 16-bit audio.  Raises PromptError."""
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise PromptError(
            f"{path}: is not a readable WAV file ({error}); delete it, it is made anew"
        ) from error
    if shape != (RATE, 1, 2):
        found = f"{shape[0]} Hz, {shape[1]} channels, {shape[2] * 8} bits"
        raise PromptError(f"{path}: got {found}, expected 8000 Hz, mono, 16 bits")
    return np.frombuffer(data, dtype="<i2").astype(np.int16)


def write_wav(path: Path, pcm: Int16Array) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.astype("<i2").tobytes())
    part.replace(path)
