"""Callers' audio into words, whichever API it comes by: admission, chunks, partials, finals, hanging up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import numpy as np

from yingda.speech import audio
from yingda.speech.api.refusals import BadRequest
from yingda.speech.audio import Float
from yingda.speech.hearing import languages
from yingda.speech.hearing.recogniser import (
    Recogniser,
    StepRequest,
    StepResult,
    StreamingModel,
    StreamOptions,
)
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.words import boosts
from yingda.speech.words.hotword_file import Hotwords
from yingda.speech.words.inverse_normalisation import written
from yingda.speech.words.syllables import Boosts
from yingda.speech.words.transcript import Transcriber
from yingda.speech.words.word_thread import WordThread

LOWEST_RATE, HIGHEST_RATE = 8000, 48000
MOST_ALTERNATIVES = 10  # texts of a final that a client may ask for
# Bytes of audio that are made into samples between two steps: a whole recording in one message would keep the
# event loop from all other streams, 64 MB for 4 s.
_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class Wanted:
    """What a client sends, and what it wants back. `encoding` is one of audio.ENCODINGS, `rate` in Hz.
    `is_resumed`: it goes on after a stream that broke off, whose times go on from `offset_s`."""

    encoding: str
    rate: int
    options: StreamOptions = field(default_factory=StreamOptions)
    interim: bool = True
    punctuation: bool = False
    is_resumed: bool = False
    offset_s: float = 0.0
    alternatives: int = 1  # texts of a final, at most
    written: bool = False  # numbers as digits: 123.5元, not 一百二十三块五


@dataclass(frozen=True)
class Heard:
    """A partial or a final transcript of the audio from `start_s`, where the last final ended, to `end_s`;
    both count from the beginning of the stream."""

    text: str
    confidence: float
    is_final: bool
    start_s: float
    end_s: float
    others: tuple[tuple[str, float], ...] = ()  # of a final: further texts, each with its confidence


def check_format(encoding: str, rate: int) -> None:
    """Raises BadRequest for an encoding or a rate that is not served."""
    if encoding not in audio.ENCODINGS:
        raise BadRequest(f"encoding {encoding} is not served; use one of: {', '.join(audio.ENCODINGS)}")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise BadRequest(f"sample rate {rate} Hz is not served; use 8000 or 16000 (up to {HIGHEST_RATE})")


class Hearing:
    """Opens streams."""

    def __init__(
        self,
        recogniser: Recogniser,
        model: StreamingModel,
        transcriber: Transcriber,
        settings: Settings,
        metrics: Metrics,
        hotwords: Hotwords | None = None,
    ) -> None:
        """`recogniser` has loaded `model`; `hotwords` are favoured in every stream."""
        self._hotwords = hotwords or Hotwords(None, None)
        self._recogniser, self.model, self._transcriber = recogniser, model, transcriber
        self.settings, self._metrics = settings, metrics
        self._words = WordThread(metrics)

    def open(self, wanted: Wanted) -> Stream:
        """Take a slot; the stream must be closed. Raises BadRequest, TooManyStreams, Stopping."""
        check_format(wanted.encoding, wanted.rate)
        self._check_language(wanted.options.language)
        phrases = boosts.merge(self._hotwords.words(), wanted.options.boosts)
        options = replace(wanted.options, boosts=boosts.pairs(phrases))
        wanted = replace(wanted, options=options)
        chunks = _Chunks(self._recogniser, self.model, self.settings, wanted)
        if wanted.is_resumed:
            self._metrics.count("speech_resumed_total")
        try:
            # only now: a refusal must cost a full server nothing, and 1000 phrases take 50 ms
            prepared = self._transcriber.prepare(phrases)
            return Stream(chunks, self._transcriber, wanted, self._metrics, prepared, self._words)
        except BaseException:
            chunks.close()
            raise

    def _check_language(self, wanted: str | None) -> None:
        """In time: within a step it would fail for every stream of the batch."""
        known = self.model.languages
        if known and wanted and languages.resolve(wanted, known) is None:
            raise BadRequest(f"language {wanted} is not served; use one of: {languages.listed(known)}")


class Stream:
    """One client's audio in, its words out."""

    def __init__(
        self,
        chunks: _Chunks,
        transcriber: Transcriber,
        wanted: Wanted,
        metrics: Metrics,
        prepared: Boosts | None,
        words: WordThread,
    ) -> None:
        self._chunks, self._transcriber, self._wanted = chunks, transcriber, wanted
        self._metrics = metrics
        self._boosts, self._words = prepared, words
        self._partial = ""
        self._spoke = False
        self._start_s = wanted.offset_s

    async def feed(self, data: bytes) -> AsyncIterator[Heard]:
        """Audio as it came; what is new after each model step. Raises BadRequest, TimeoutError."""
        async for result in self._chunks.feed(data):
            heard = await (self._final(result) if result.final else self._new_partial(result))
            if heard is not None:
                yield heard

    async def finish(self) -> Heard:
        """The end of the audio: the last final, whose text is empty when nothing was said."""
        ended = time.monotonic()
        heard = await self._final(await self._chunks.finish())
        self._metrics.observe("speech_final_seconds", time.monotonic() - ended)
        return heard

    def close(self) -> None:
        """Free the slot if it is still held: the client has gone or failed."""
        self._chunks.close()

    async def _new_partial(self, result: StepResult) -> Heard | None:
        if not result.partial or result.partial == self._partial:
            return None
        if not self._spoke:
            self._spoke = True
            first_s = self._chunks.heard_s - self._wanted.offset_s
            self._metrics.observe("speech_first_partial_seconds", first_s)
        if not self._wanted.interim:
            return None
        heard = await self._words.read(
            lambda: self._read(result, result.partial, False), False, self._chunks.deadline_s
        )
        if heard is None:
            return None  # the same words of the next chunk are new then
        self._partial = result.partial
        return heard if heard.text else None

    async def _final(self, result: StepResult) -> Heard:
        self._partial = ""
        self._metrics.count("speech_recognised_total")
        heard = await self._words.read(
            lambda: self._read(result, result.final, True), True, self._chunks.deadline_s
        )
        assert heard is not None  # finals are not left out
        if heard.text:
            self._metrics.observe("speech_final_confidence", heard.confidence)
        else:
            self._metrics.count("speech_empty_finals_total")
        self._start_s = heard.end_s
        return heard

    def _read(self, result: StepResult, raw: str, is_final: bool) -> Heard:
        most = self._wanted.alternatives if is_final else 1
        said = self._transcriber.read(
            raw, result.confidence, self._boosts, self._wanted.punctuation, result.posteriors, most
        )
        times = self._start_s, self._chunks.heard_s
        if not self._wanted.written:
            return Heard(said.text, said.confidence, is_final, *times, said.others)
        others = tuple((written(text), sure) for text, sure in said.others)
        return Heard(written(said.text), said.confidence, is_final, *times, others)


class _Chunks:
    """One client's audio on its way into the model, a chunk a step."""

    def __init__(
        self, recogniser: Recogniser, model: StreamingModel, settings: Settings, wanted: Wanted
    ) -> None:
        """Take a slot. Raises TooManyStreams."""
        self._recogniser, self._model, self._settings = recogniser, model, settings
        self._wanted = wanted
        self._resampler = audio.StreamResampler(wanted.rate, model.sample_rate)
        self._odd = b""
        self._held: Float = np.zeros(0, np.float32)
        self._begun = self._ended = False
        self._came_s = self._stepped_s = 0.0
        self.deadline_s = settings.step_deadline_s
        self._number = recogniser.open()

    @property
    def heard_s(self) -> float:
        """Where in the audio the model is: how much it has heard, behind what other streams had heard."""
        return self._wanted.offset_s + min(self._came_s, self._stepped_s)

    async def feed(self, data: bytes) -> AsyncIterator[StepResult]:
        """A result for each model step that the audio fills. Raises BadRequest, TimeoutError."""
        if self._wanted.encoding == "LINEAR_PCM":
            data = self._odd + data
            whole = len(data) // 2 * 2
            self._odd, data = data[whole:], data[:whole]
        samples = len(data) // 2 if self._wanted.encoding == "LINEAR_PCM" else len(data)
        self._came_s += samples / self._wanted.rate
        if self._came_s > self._settings.max_audio_s:
            raise BadRequest(f"the stream is longer than {self._settings.max_audio_s} s")
        size = self._model.chunk_samples
        for at in range(0, len(data), _AT_ONCE):
            pcm = audio.decode(data[at : at + _AT_ONCE], self._wanted.encoding)
            self._held = np.concatenate([self._held, self._resampler.feed(audio.to_float(pcm))])
            while len(self._held) >= size:
                chunk, self._held = self._held[:size], self._held[size:]
                yield await self._step(chunk, last=False)

    async def finish(self) -> StepResult:
        """The end of the audio: flush what is held, padded with silence, and free the slot."""
        rest = np.concatenate([self._held, self._resampler.feed(np.zeros(0, np.float32), last=True)])
        size = self._model.chunk_samples
        while len(rest) > size:
            await self._step(rest[:size], last=False)
            rest = rest[size:]
        return await self._step(np.pad(rest, (0, size - len(rest))), last=True)

    def close(self) -> None:
        """Free the slot if it is still held."""
        if not self._ended:
            self._ended = True
            self._recogniser.abandon(self._number, self._begun)

    async def _step(self, samples: Float, last: bool) -> StepResult:
        request = StepRequest(
            self._number, np.ascontiguousarray(samples), not self._begun, last, self._wanted.options
        )
        self._begun = True
        future = self._recogniser.submit(request)
        self._ended = last
        result = await asyncio.wait_for(asyncio.wrap_future(future), self._settings.step_deadline_s)
        self._stepped_s += len(samples) / self._model.sample_rate
        return result
