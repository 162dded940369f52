"""The recogniser's worker: one thread owns the model and steps all waiting streams together.

The model itself is behind `StreamingModel` (nemo_asr.py). Audio is float32 at the model's rate, one chunk
a step.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from yingda.speech.audio import Float
from yingda.speech.batcher import Batcher, Chunk
from yingda.speech.metrics import Metrics

log = logging.getLogger(__name__)

_EMPTY: Float = np.zeros(0, np.float32)  # instead of audio: the stream is to be forgotten


class TooManyStreams(Exception):
    """Every slot of the recogniser is taken."""


BOOST = 8.0  # of a word that comes without one, as settings/gateway.yml ships speech.boost


@dataclass(frozen=True)
class StreamOptions:
    """What one request asks for. `endpoint_ms` of silence end an utterance, -1: never, None: as in the
    settings."""

    language: str | None = None
    endpoint_ms: int | None = None
    boosts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class StepRequest:
    """One chunk of one stream."""

    stream: int
    samples: Float
    first: bool
    last: bool
    options: StreamOptions


@dataclass(frozen=True)
class StepResult:
    """What the model knows after a chunk. `final` ends an utterance; `partial` is all since the last
    final."""

    partial: str = ""
    final: str = ""
    confidence: float = 0.0


class StreamingModel(Protocol):
    """A batched streaming recogniser; used by one thread only."""

    name: str
    sample_rate: int
    chunk_samples: int
    kind: str
    syllables: bool

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        """Take one chunk of each of several streams; `last` ends a stream and frees what it held."""

    def drop(self, streams: Sequence[int]) -> None:
        """Forget streams whatever state they are in."""


@dataclass
class _Work:
    request: StepRequest
    result: Future[StepResult] = field(default_factory=Future)


class Recogniser:
    """Thread-safe front of the one thread. `start` blocks until the model is loaded."""

    def __init__(
        self,
        make_model: Callable[[], StreamingModel],
        max_streams: int,
        max_batch: int,
        gather_s: float,
        metrics: Metrics,
    ) -> None:
        """`make_model` runs on the worker's thread, which owns the model from then on."""
        self._make_model = make_model
        self._max_streams = max_streams
        self._batcher: Batcher[_Work] = Batcher(max_batch, gather_s)
        self._wake = threading.Condition()
        self._open: set[int] = set()
        self._numbers = itertools.count(1)
        self._metrics = metrics
        self._stopping = False
        self._loaded: Future[StreamingModel] = Future()
        self._thread = threading.Thread(target=self._run, name="recogniser", daemon=True)

    def begin(self) -> Future[StreamingModel]:
        """Start the thread; the future gives the model once it is loaded."""
        self._thread.start()
        return self._loaded

    def stop(self) -> None:
        """End the thread after the step that it is in."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def alive(self) -> bool:
        """Whether the thread is there to take work."""
        return self._thread.is_alive()

    @property
    def open_streams(self) -> int:
        """Streams that hold a slot."""
        return len(self._open)

    def open(self) -> int:
        """A number for a new stream. Raises TooManyStreams."""
        with self._wake:
            if len(self._open) >= self._max_streams:
                raise TooManyStreams(f"all {self._max_streams} streams are taken")
            number = next(self._numbers)
            self._open.add(number)
            self._batcher.open(number)
            self._metrics.gauge("speech_streams", len(self._open))
            return number

    def submit(self, request: StepRequest) -> Future[StepResult]:
        """Queue a chunk behind the stream's others. The last one closes the stream."""
        work = _Work(request)
        with self._wake:
            self._batcher.submit(request.stream, work, time.monotonic(), urgent=request.last)
            self._wake.notify()
        return work.result

    def abandon(self, stream: int, begun: bool) -> None:
        """The caller has hung up: what waits is dropped, and the model forgets the stream if it has
        `begun`."""
        with self._wake:
            if stream not in self._open:
                return
            for chunk in self._batcher.close(stream):
                chunk.payload.result.cancel()
            if not begun:
                self._forget([stream])
                return
            end = _Work(StepRequest(stream, _EMPTY, first=False, last=True, options=StreamOptions()))
            self._batcher.submit(stream, end, time.monotonic(), urgent=True)
            self._wake.notify()

    def _forget(self, streams: Sequence[int]) -> None:
        for stream in streams:
            self._open.discard(stream)
            self._batcher.close(stream)
        self._metrics.gauge("speech_streams", len(self._open))

    def _run(self) -> None:
        try:
            model = self._make_model()
        except BaseException as error:
            self._loaded.set_exception(error)
            return
        self._loaded.set_result(model)
        while batch := self._next_batch():
            self._step(model, batch)

    def _next_batch(self) -> list[Chunk[_Work]]:
        with self._wake:
            while not self._stopping:
                now = time.monotonic()
                batch = self._batcher.take(now)
                if batch:
                    return batch
                timer = self._batcher.get_timer()
                self._wake.wait(None if timer is None else max(0.0, timer - now))
        return []

    def _step(self, model: StreamingModel, batch: list[Chunk[_Work]]) -> None:
        started = time.monotonic()
        gone = [c for c in batch if c.payload.request.samples is _EMPTY]
        batch = [c for c in batch if c.payload.request.samples is not _EMPTY]
        if gone:
            model.drop([c.stream for c in gone])
        try:
            results = model.step([c.payload.request for c in batch]) if batch else []
        except Exception as error:  # one bad chunk must not end the worker that serves every call
            log.exception("a recogniser step of %d streams failed", len(batch))
            self._metrics.count("speech_step_failures_total")
            model.drop([c.stream for c in batch])
            with self._wake:
                self._forget([c.stream for c in batch + gone])
            for chunk in batch:
                if chunk.payload.result.set_running_or_notify_cancel():
                    chunk.payload.result.set_exception(error)
            return
        with self._wake:
            self._forget([c.stream for c in batch if c.payload.request.last] + [c.stream for c in gone])
        for chunk, result in zip(batch, results, strict=True):
            if chunk.payload.result.set_running_or_notify_cancel():
                chunk.payload.result.set_result(result)
        if batch:
            self._metrics.observe("speech_step_seconds", time.monotonic() - started)
            self._metrics.observe("speech_step_streams", len(batch))
            self._metrics.observe("speech_step_wait_seconds", started - min(c.arrived for c in batch))
