"""Fixed prompts: audio that is there when everything else is gone.

Each prompt is looked for in the shipped folder (``<key>.wav``), then in the cache, and else synthesised
once through the speech server and kept.  A cached file is named after its words and the voice's version,
which the speech server tells: changed words and changed voices are made anew, and their old files deleted.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import wave
from collections.abc import Mapping
from pathlib import Path

import grpc
import numpy as np

from yingda.gateway.media_events import Int16Array
from yingda.gateway.settings import PromptSettings
from yingda.gateway.speech_link import RATE, SpeechLink, SpeechUnavailable

log = logging.getLogger(__name__)

_RETRY_S = 0.3
_RECHECK_S = 10.0  # another voice may come with a restart of the speech server
_ASK_TIMEOUT_S = 2.0
_VERSION_FILE = "voice-version"  # of the audio in the cache: it is used while the speech server is gone


class PromptError(Exception):
    """A prompt file cannot be used; the text says which and what to do."""


class Prompts:
    """``audio(key)`` is 8 kHz int16, or None as long as there is none."""

    def __init__(self, settings: PromptSettings, voice: str) -> None:
        self._settings = settings
        self._voice = voice
        self.texts: Mapping[str, str] = settings.texts()
        self._audio: dict[str, Int16Array] = {}
        self._shipped: set[str] = set()
        self._version: str | None = None

    def audio(self, key: str) -> Int16Array | None:
        return self._audio.get(key)

    @property
    def missing(self) -> list[str]:
        """Keys without audio."""
        return [key for key in self.texts if key not in self._audio]

    def load(self) -> None:
        """Read what is on disk.  Raises PromptError for a file that is not 8 kHz mono 16-bit."""
        self._version = _read_version(self._cache / _VERSION_FILE)
        for key in self.texts:
            shipped = Path(self._settings.shipped_dir) / f"{key}.wav"
            if shipped.exists():
                self._shipped.add(key)
                self._audio[key] = read_wav(shipped)
            elif self._version is not None and self._cached(key, self._version).exists():
                self._audio[key] = read_wav(self._cached(key, self._version))

    async def make_missing(self, speech: SpeechLink) -> None:
        """Synthesise what is missing, and everything again when the speech server has another voice.  Waits
        for it as long as it takes, and runs until it is cancelled; old audio plays until the new is there.
        """
        while True:
            try:
                await self._follow(speech)
            except SpeechUnavailable:
                await asyncio.sleep(_RETRY_S)
            except OSError as error:
                log.error("fixed prompts cannot be kept in %s: %s", self._cache, error.strerror)
                await asyncio.sleep(_RECHECK_S)
            else:
                await asyncio.sleep(_RETRY_S if self.missing else _RECHECK_S)

    async def _follow(self, speech: SpeechLink) -> None:
        version = await voice_version(speech, self._voice)
        wanted = [
            key
            for key in self.texts
            if key not in self._shipped and (version != self._version or key not in self._audio)
        ]
        if not wanted and version == self._version:
            return
        for key in wanted:
            kept = self._kept(key, version)  # made before a restart came in between
            if kept is not None:
                self._audio[key] = kept
                continue
            pieces = [piece async for piece in speech.synthesise(self.texts[key])]
            if await voice_version(speech, self._voice) != version:
                raise SpeechUnavailable("another voice came in between")
            if pieces:
                self._audio[key] = np.concatenate(pieces)
                write_wav(self._cached(key, version), self._audio[key])
        self._keep(version)
        log.info("fixed prompts ready: %d, %d of them new", len(self.texts) - len(self.missing), len(wanted))

    def _kept(self, key: str, version: str) -> Int16Array | None:
        try:
            path = self._cached(key, version)
            return read_wav(path) if path.exists() else None
        except PromptError:
            return None  # made anew

    def _keep(self, version: str) -> None:
        """From now on the cache is of this voice."""
        self._cache.mkdir(parents=True, exist_ok=True)
        part = self._cache / f"{_VERSION_FILE}.part"
        part.write_text(version, encoding="utf-8")
        part.replace(self._cache / _VERSION_FILE)
        self._version = version
        current = {self._cached(key, version).name for key in self.texts}
        ours = re.compile(f"({'|'.join(map(re.escape, self.texts))})-[0-9a-f]{{12}}\\.wav")
        for path in self._cache.iterdir():
            if ours.fullmatch(path.name) and path.name not in current:
                path.unlink(missing_ok=True)

    @property
    def _cache(self) -> Path:
        return Path(self._settings.cache_dir)

    def _cached(self, key: str, version: str) -> Path:
        identity = f"{self._voice}\n{version}\n{RATE}\n{self.texts[key]}"
        return self._cache / f"{key}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.wav"


async def voice_version(speech: SpeechLink, voice: str) -> str:
    """What the speech server says of its voice in GetRivaSynthesisConfig, parameter ``model_version``; the
    model's name, or nothing, with a server that tells none.  Raises SpeechUnavailable."""
    try:
        answer = await speech.voice_config(_ASK_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return ""  # a server that speaks but tells nothing of itself
        raise SpeechUnavailable(error.code().name) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise SpeechUnavailable("cancelled") from None  # by the other side
    configs = list(answer.model_config)
    for config in configs:
        if config.parameters.get("voice_name") == voice:
            return str(config.parameters.get("model_version") or config.model_name)
    return str(configs[0].parameters.get("model_version") or configs[0].model_name) if configs else ""


def _read_version(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


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
