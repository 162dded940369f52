"""The recogniser's worker: one thread owns the model and steps all waiting streams together.

The model itself is behind `StreamingModel` (nemo_asr.py). Audio is float32 at the model's rate, one chunk
a step.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from yingda.speech.audio import Float
from yingda.speech.hearing.admission import RETRY_AFTER_S, Admission, Bounds, Reason
from yingda.speech.hearing.batcher import Batcher, Chunk
from yingda.speech.hearing.step_cost import Round, is_settled, measured
from yingda.speech.metrics import Metrics
from yingda.speech.words.slots import Posteriors

log = logging.getLogger(__name__)

_EMPTY: Float = np.zeros(0, np.float32)  # instead of audio: the stream is to be forgotten

_CALIBRATE_STREAMS = 32  # in the larger of the two steps that tell what steps cost
_CALIBRATE_BEGIN = 1 << 40  # numbers that no caller's stream gets


class TooManyStreams(Exception):
    """One more stream does not fit; `retry_after_s` is when it may."""

    def __init__(
        self, text: str, reason: Reason = Reason.SLOTS, retry_after_s: float = RETRY_AFTER_S
    ) -> None:
        super().__init__(text)
        self.reason, self.retry_after_s = reason, retry_after_s


class Stopping(Exception):
    """The server is about to end; new streams go elsewhere."""


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
    final. `posteriors` are those behind whichever it is, of models whose words are tonal syllables."""

    partial: str = ""
    final: str = ""
    confidence: float = 0.0
    posteriors: Posteriors | None = None


class StreamingModel(Protocol):
    """A batched streaming recogniser; used by one thread only."""

    name: str
    sample_rate: int
    chunk_samples: int
    kind: str
    syllables: bool
    languages: tuple[str, ...]  # that the model can be told; empty: it is told none

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
        bounds: Bounds | None = None,
    ) -> None:
        """`make_model` runs on the worker's thread, which owns the model from then on. Without `bounds` the
        number of streams alone decides who is let in."""
        self._make_model = make_model
        self._measures = bounds is not None
        self._admission = Admission(bounds or Bounds(max_streams, max_batch, math.inf, math.inf))
        self._batcher: Batcher[_Work] = Batcher(max_batch, gather_s)
        self._wake = threading.Condition()
        self._open: set[int] = set()
        self._numbers = itertools.count(1)
        self._metrics = metrics
        self._stopping = self._is_closed = False
        self._loaded: Future[StreamingModel] = Future()
        self._measured: Future[None] = Future()
        self._is_to_measure = False
        self._step_began: float | None = None
        self._thread = threading.Thread(target=self._run, name="recogniser", daemon=True)

    def begin(self) -> Future[StreamingModel]:
        """Start the thread; the future gives the model once it is loaded."""
        self._thread.start()
        return self._loaded

    def measure(self) -> Future[None]:
        """Have the worker measure what steps cost, by which it is decided who is let in. For when nothing
        else is being loaded any more: that would be measured too."""
        with self._wake:
            self._is_to_measure = True
            self._wake.notify()
        return self._measured

    def close(self) -> None:
        """Let no new streams in; the open ones go on."""
        self._is_closed = True

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
    def stepping_s(self) -> float:
        """How long the present step has been running; 0 between steps."""
        began = self._step_began
        return 0.0 if began is None else time.monotonic() - began

    @property
    def open_streams(self) -> int:
        """Streams that hold a slot."""
        return len(self._open)

    def open(self) -> int:
        """A number for a new stream. Raises TooManyStreams, Stopping."""
        if self._is_closed:
            raise Stopping("the server is stopping; connect again to reach another one")
        with self._wake:
            refusal = self._admission.refusal(time.monotonic(), len(self._open), self.stepping_s)
            if refusal is not None:
                self._metrics.count("speech_admission_refused_total", label=refusal.reason.value)
                raise TooManyStreams(refusal.text, refusal.reason, refusal.retry_after_s)
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

    def lagged(self, lag_s: float) -> None:
        """How late the loop that takes the audio in came to a timer."""
        self._metrics.observe("speech_loop_lag_seconds", lag_s)
        now = time.monotonic()
        with self._wake:
            self._admission.lagged(now, lag_s)
            self._metrics.gauge("speech_load", self._admission.load(len(self._open)))
            self._metrics.gauge("speech_busy", self._admission.busy(now))

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
        while (batch := self._next_batch()) is not None:
            if batch:
                self._step_began = time.monotonic()
                self._step(model, batch)
                self._step_began = None
            else:
                self._measure(model)

    def _measure(self, model: StreamingModel) -> None:
        if not self._measured.set_running_or_notify_cancel():
            return
        try:
            if self._measures:
                self._calibrate(model)
        except Exception as error:
            self._measured.set_exception(error)
        else:
            self._measured.set_result(None)

    def _calibrate(self, model: StreamingModel) -> None:
        """Measure a step of one stream and one of many, by turns."""
        many = min(_CALIBRATE_STREAMS, self._admission.bounds.max_batch, self._admission.bounds.most_streams)
        began, rounds = time.perf_counter(), list[Round]()
        while not is_settled(rounds, time.perf_counter() - began):
            rounds.append((_time_step(model, 1), _time_step(model, many)))
        cost = measured(1, many, rounds)
        with self._wake:
            self._admission.calibrate(cost, many, model.chunk_samples / model.sample_rate)
            most = self._admission.capacity()
        log.info(
            "a step takes %.0f ms, and %.2f ms for each stream (%d rounds): at most %d streams by load",
            cost.base_s * 1000, cost.stream_s * 1000, len(rounds), most,
        )  # fmt: skip

    def _next_batch(self) -> list[Chunk[_Work]] | None:
        """What to step next, empty when it is to be measured what steps cost; None at the end."""
        with self._wake:
            while not self._stopping:
                if self._is_to_measure:
                    self._is_to_measure = False
                    return []
                now = time.monotonic()
                batch = self._batcher.take(now)
                if batch:
                    return batch
                timer = self._batcher.get_timer()
                self._wake.wait(None if timer is None else max(0.0, timer - now))
        return None

    def _step(self, model: StreamingModel, batch: list[Chunk[_Work]]) -> None:
        started, cpu_before_s = time.monotonic(), time.thread_time()
        gone = [c for c in batch if c.payload.request.samples is _EMPTY]
        batch = [c for c in batch if c.payload.request.samples is not _EMPTY]
        if gone:
            _drop(model, gone)
        try:
            results = model.step([c.payload.request for c in batch]) if batch else []
        except Exception as error:  # one bad chunk must not end the worker that serves every call
            log.exception("a recogniser step of %d streams failed", len(batch))
            self._metrics.count("speech_step_failures_total")
            _drop(model, batch)
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
            self._metrics.count("speech_step_cpu_seconds_total", time.thread_time() - cpu_before_s)
            self._note(model, started, batch)

    def _note(self, model: StreamingModel, started: float, batch: list[Chunk[_Work]]) -> None:
        now = time.monotonic()
        took_s, waited_s = now - started, started - min(c.arrived for c in batch)
        chunk_s = model.chunk_samples / model.sample_rate
        with self._wake:
            self._admission.stepped(now, took_s, len(batch), chunk_s, waited_s)
        self._metrics.observe("speech_step_seconds", took_s)
        self._metrics.observe("speech_step_streams", len(batch))
        self._metrics.observe("speech_step_wait_seconds", waited_s)
        self._metrics.observe("speech_real_time_factor", took_s / (chunk_s * len(batch)))
        self._metrics.count("speech_heard_seconds_total", chunk_s * len(batch))


def _drop(model: StreamingModel, chunks: Sequence[Chunk[_Work]]) -> None:
    """Have the model forget streams; what goes wrong there must not end the worker either."""
    try:
        model.drop([c.stream for c in chunks])
    except Exception:
        log.exception("%d streams could not be forgotten", len(chunks))


def _time_step(model: StreamingModel, streams: int) -> float:
    """Seconds of one step of silence, of streams that are forgotten at once."""
    silence = np.zeros(model.chunk_samples, np.float32)
    numbers = range(_CALIBRATE_BEGIN, _CALIBRATE_BEGIN + streams)
    requests = [StepRequest(n, silence, True, False, StreamOptions()) for n in numbers]
    began = time.perf_counter()
    model.step(requests)
    took_s = time.perf_counter() - began
    model.drop(list(numbers))
    return took_s
