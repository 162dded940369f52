"""The worker's thread, with a model that only keeps books."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from yingda.speech.hearing.admission import Bounds, Reason
from yingda.speech.hearing.recogniser import (
    Recogniser,
    StepRequest,
    StepResult,
    Stopping,
    StreamOptions,
    TooManyStreams,
)
from yingda.speech.metrics import Metrics
from yingda.speech.server import SpeechServer
from yingda.speech.settings import SpeechSettings

DEADLINE_S = 10.0


class BookKeeper:
    name, sample_rate, chunk_samples, kind, syllables = "books", 8000, 1280, "ctc", False
    languages: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.dropped: list[int] = []
        self.gate = Event()
        self.gate.set()
        self.fail = False
        self.entered = Event()

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        self.entered.set()
        self.gate.wait(DEADLINE_S)
        self.batches.append([r.stream for r in requests])
        if self.fail:
            self.fail = False
            raise RuntimeError("bad chunk")
        return [StepResult(final="好" if r.last else "", partial="" if r.last else "好") for r in requests]

    def drop(self, streams: Sequence[int]) -> None:
        self.dropped += streams


@pytest.fixture(name="model")
def make_model() -> BookKeeper:
    return BookKeeper()


@pytest.fixture(name="recogniser")
def make_recogniser(model: BookKeeper) -> Iterator[Recogniser]:
    recogniser = Recogniser(lambda: model, max_streams=3, max_batch=8, gather_s=0.0, metrics=Metrics())
    assert recogniser.begin().result(DEADLINE_S) is model
    yield recogniser
    model.gate.set()
    recogniser.stop()
    assert not recogniser.alive


def submit(
    recogniser: Recogniser, stream: int, first: bool = True, last: bool = False
) -> "Future[StepResult]":
    return recogniser.submit(StepRequest(stream, np.zeros(1280, np.float32), first, last, StreamOptions()))


def test_chunks_that_come_during_a_step_share_the_next_one(recogniser: Recogniser, model: BookKeeper) -> None:
    a, b, c = recogniser.open(), recogniser.open(), recogniser.open()
    model.gate.clear()
    first = submit(recogniser, a)
    assert model.entered.wait(DEADLINE_S)
    others = [submit(recogniser, b), submit(recogniser, c), submit(recogniser, a, first=False)]
    model.gate.set()
    assert first.result(DEADLINE_S).partial == "好"
    for future in others:
        future.result(DEADLINE_S)
    assert model.batches == [[a], [b, c, a]]


def test_a_slot_is_free_after_the_last_chunk(recogniser: Recogniser) -> None:
    streams = [recogniser.open() for _ in range(3)]
    with pytest.raises(TooManyStreams):
        recogniser.open()
    assert submit(recogniser, streams[0], last=True).result(DEADLINE_S).final == "好"
    recogniser.open()


def test_a_caller_who_hangs_up_leaves_no_slot_behind(recogniser: Recogniser, model: BookKeeper) -> None:
    begun, silent = recogniser.open(), recogniser.open()
    submit(recogniser, begun).result(DEADLINE_S)
    recogniser.abandon(silent, begun=False)
    recogniser.abandon(begun, begun=True)
    recogniser.abandon(begun, begun=True)
    last = recogniser.open()
    submit(recogniser, last, last=True).result(DEADLINE_S)
    assert model.dropped == [begun]
    assert recogniser.open_streams == 0


def test_a_failed_step_ends_its_streams_only(recogniser: Recogniser, model: BookKeeper) -> None:
    bad, good = recogniser.open(), recogniser.open()
    model.fail = True
    with pytest.raises(RuntimeError, match="bad chunk"):
        submit(recogniser, bad).result(DEADLINE_S)
    assert model.dropped == [bad]
    assert submit(recogniser, good).result(DEADLINE_S).partial == "好"
    assert recogniser.open_streams == 1


def test_a_model_that_cannot_be_loaded_says_so() -> None:
    def broken() -> BookKeeper:
        raise RuntimeError("no such model")

    recogniser = Recogniser(broken, 1, 1, 0.0, Metrics())
    with pytest.raises(RuntimeError, match="no such model"):
        recogniser.begin().result(DEADLINE_S)


def test_what_steps_cost_is_measured_before_anybody_is_let_in(model: BookKeeper) -> None:
    metrics = Metrics()
    bounds = Bounds(most_streams=6, max_batch=4, most_load=1e-9, most_wait_s=1.0)
    recogniser = Recogniser(lambda: model, 6, 4, 0.0, metrics, bounds)
    recogniser.begin().result(DEADLINE_S)
    assert not model.batches, "what else is being loaded would be measured too"
    recogniser.measure().result(DEADLINE_S)
    sizes = [len(batch) for batch in model.batches]
    assert len(sizes) >= 10 and sizes == [1, 4] * (len(sizes) // 2), "by turns"
    assert set(model.dropped) == {stream for batch in model.batches for stream in batch}
    streams = [recogniser.open() for _ in range(4)]  # as many as are always let in
    with pytest.raises(TooManyStreams, match="fully loaded") as refused:
        recogniser.open()
    assert refused.value.reason is Reason.LOAD and refused.value.retry_after_s > 0
    assert metrics.value("speech_admission_refused_total", "load") == 1
    assert not set(streams) & set(model.dropped)
    recogniser.stop()


def test_a_step_that_fails_while_it_is_measured_is_told(model: BookKeeper) -> None:
    recogniser = Recogniser(lambda: model, 6, 4, 0.0, Metrics(), Bounds(6, 4, 0.85, 1.0))
    recogniser.begin().result(DEADLINE_S)
    model.fail = True
    with pytest.raises(RuntimeError, match="bad chunk"):
        recogniser.measure().result(DEADLINE_S)
    recogniser.stop()


def test_without_bounds_nothing_is_measured(recogniser: Recogniser, model: BookKeeper) -> None:
    recogniser.measure().result(DEADLINE_S)
    assert not model.batches


@pytest.mark.requirement(89)
def test_a_step_is_told_to_the_metrics(model: BookKeeper) -> None:
    metrics = Metrics()
    recogniser = Recogniser(lambda: model, 3, 8, 0.0, metrics)
    recogniser.begin().result(DEADLINE_S)
    stream = recogniser.open()
    submit(recogniser, stream).result(DEADLINE_S)
    submit(recogniser, stream, first=False, last=True).result(DEADLINE_S)
    recogniser.stop()  # what a step is noted by comes after its results
    assert metrics.value("speech_heard_seconds_total") == pytest.approx(0.32)
    assert metrics.observations("speech_real_time_factor") == 2


def test_a_server_that_stops_lets_nobody_in_and_hears_the_others_out(recogniser: Recogniser) -> None:
    stream = recogniser.open()
    recogniser.close()
    with pytest.raises(Stopping):
        recogniser.open()
    assert submit(recogniser, stream, last=True).result(DEADLINE_S).final == "好"


def test_what_cannot_be_forgotten_does_not_end_the_worker(
    recogniser: Recogniser, model: BookKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(streams: Sequence[int]) -> None:
        raise RuntimeError("no such stream")

    monkeypatch.setattr(model, "drop", broken)
    gone, bad, good = recogniser.open(), recogniser.open(), recogniser.open()
    submit(recogniser, gone).result(DEADLINE_S)
    recogniser.abandon(gone, begun=True)
    model.fail = True
    with pytest.raises(RuntimeError, match="bad chunk"):
        submit(recogniser, bad).result(DEADLINE_S)
    assert submit(recogniser, good, last=True).result(DEADLINE_S).final == "好"
    assert recogniser.alive and recogniser.open_streams == 0


def test_how_long_a_step_has_been_running_is_known(recogniser: Recogniser, model: BookKeeper) -> None:
    stream = recogniser.open()
    assert recogniser.stepping_s == 0
    model.gate.clear()
    future = submit(recogniser, stream)
    assert model.entered.wait(DEADLINE_S)
    assert recogniser.stepping_s > 0
    recogniser._step_began = -1e9  # long ago
    with pytest.raises(TooManyStreams, match="stands still") as refused:
        recogniser.open()
    assert refused.value.reason is Reason.WAIT
    model.gate.set()
    future.result(DEADLINE_S)
    recogniser.open()


def test_a_step_that_does_not_end_is_no_good_health() -> None:
    server = object.__new__(SpeechServer)  # without models
    server._not_ready, server._settings = None, SpeechSettings()
    step_s = server._settings.recogniser.step_deadline_s
    server.synthesiser = SimpleNamespace(alive=True)  # type: ignore[assignment]
    for stepping_s, said in ((step_s - 1, None), (step_s + 1, "a step of the recogniser does not end")):
        server.recogniser = SimpleNamespace(alive=True, stepping_s=stepping_s)  # type: ignore[assignment]
        assert server.why_not_ready() == said
