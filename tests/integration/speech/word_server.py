"""A whole speech server with models that are told what is said: words are loud stretches of the audio.

Everything but the models is the real thing: gRPC, WebSocket, batches, admission, draining. A word is 160 ms
of one level; level 1000 is 一, 2000 is 二 and so on. Silence of 0.8 s ends an utterance.

    python tests/integration/speech/word_server.py SETTINGS.yml
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import numpy as np

from yingda.plumbing import logs
from yingda.speech import __main__ as process
from yingda.speech import server
from yingda.speech.hearing.recogniser import StepRequest, StepResult
from yingda.speech.words.transcript import Transcriber

WORDS = "一二三四五六七八九"
WORD_S = 0.16
ENDPOINT_S = 0.8
STEP_S = 0.003


class Words:
    """Writes a word down as soon as it has been heard to its end."""

    name, sample_rate, chunk_samples, kind, syllables = "words", 8000, 1280, "ctc", False
    languages: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._heard: dict[int, np.ndarray] = {}

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        time.sleep(STEP_S)
        return [self._one(r) for r in requests]

    def drop(self, streams: Sequence[int]) -> None:
        for stream in streams:
            self._heard.pop(stream, None)

    def _one(self, request: StepRequest) -> StepResult:
        before = np.zeros(0, np.float32) if request.first else self._heard[request.stream]
        audio = np.concatenate([before, request.samples])
        quiet = round(ENDPOINT_S * self.sample_rate)
        text = read(audio)
        is_over = bool(text) and len(audio) >= quiet and not np.abs(audio[-quiet:]).max() > 0.01
        self._heard[request.stream] = audio[:0] if is_over else audio
        if request.last:
            self.drop([request.stream])
        if request.last or is_over:
            return StepResult(final=text, confidence=0.9)
        return StepResult(partial=text, confidence=0.9)


def read(audio: np.ndarray) -> str:
    """The words of which at least half was heard."""
    levels = np.rint(np.abs(audio) * 32.768).astype(int)
    edges = np.flatnonzero(np.diff(levels, prepend=0, append=0))
    text = ""
    for begin, end in itertools.pairwise(edges):
        if 0 < levels[begin] <= len(WORDS):
            text += WORDS[levels[begin] - 1] * round((end - begin) / (WORD_S * 8000))
    return text


def say(words: str) -> np.ndarray:
    """Audio of words, int16: "一 二" with pauses of 80 ms between them, "。" for 1 s of silence."""
    parts = []
    for word in words:
        if word == "。":
            parts.append(np.zeros(8000, np.int16))
        elif word in WORDS:
            parts.append(np.full(round(WORD_S * 8000), (WORDS.index(word) + 1) * 1000, np.int16))
            parts.append(np.zeros(640, np.int16))
    return np.concatenate(parts)


class Mute:
    """A voice that says nothing for long."""

    name, sample_rate = "mute", 8000

    def speak(self, text: str, prosody: object, give_way: Callable[[], bool] | None = None) -> np.ndarray:
        return np.full(8000, 0.1, np.float32)


class WordServer(server.SpeechServer):
    def check(self) -> None:
        pass

    def _make_recogniser(self) -> Words:
        return Words()

    def _make_voice(self) -> Mute:
        return Mute()

    def _make_transcriber(self, syllables: bool) -> Transcriber:
        return Transcriber(None)


if __name__ == "__main__":
    from yingda.plumbing.settings import load
    from yingda.speech.settings import SpeechSettings

    logs.setup("speech")
    server.SpeechServer = WordServer
    asyncio.run(process._run(load(sys.argv[1], SpeechSettings), sys.argv[1]))
