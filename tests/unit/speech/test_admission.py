"""Who is let in, with a clock and a model that are only numbers."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from yingda.speech.hearing.admission import FIRST_FEW, WINDOW_S, Admission, Bounds, Reason, Refusal
from yingda.speech.hearing.batcher import Batcher
from yingda.speech.hearing.step_cost import Cost

CHUNK_S = 0.16
COST = Cost(base_s=0.010, stream_s=0.0015)  # at 85 % of 160 ms: 84 streams
DISTURBED = Cost(base_s=0.114, stream_s=0.0002)  # what one busy moment once made of it
BOUNDS = Bounds(most_streams=500, max_batch=500, most_load=0.851, most_wait_s=0.25)


def reason(refusal: Refusal | None) -> Reason | None:
    return refusal.reason if refusal else None


def ready(bounds: Bounds = BOUNDS, cost: Cost = COST) -> Admission:
    admission = Admission(bounds)
    admission.calibrate(cost, 32, CHUNK_S)
    return admission


def step(admission: Admission, now: float, streams: int, slower: float = 1.0, waited_s: float = 0.0) -> None:
    admission.stepped(now, COST.of(streams) * slower, streams, CHUNK_S, waited_s)


def test_as_many_as_one_step_can_take_within_the_load() -> None:
    admission = ready()
    fitting = next(n for n in range(500) if admission.refusal(0.0, n))
    assert fitting == 84 == admission.capacity()
    assert admission.load(84) == pytest.approx((0.010 + 84 * 0.0015) / CHUNK_S)


def test_a_burst_that_no_step_has_shown_yet_is_counted() -> None:
    admission = ready()
    step(admission, 0.0, 1)
    assert reason(admission.refusal(0.0, 84)) is Reason.LOAD


def test_batches_that_are_smaller_than_the_number_of_streams_cost_more() -> None:
    small = ready(Bounds(500, 8, 0.85, 0.25))
    assert small.capacity() < 84 / 1.5


def test_a_machine_that_is_slower_just_now_takes_fewer() -> None:
    admission = ready()
    for i in range(20):
        step(admission, i * 0.1, 8, slower=2.0)
    assert reason(admission.refusal(2.0, 50)) is Reason.LOAD
    for i in range(30):
        step(admission, 2.0 + i * 0.1, 8)
    assert admission.refusal(5.0, 50) is None


def test_one_slow_step_is_no_overload() -> None:
    admission = ready()
    for i in range(20):
        step(admission, i * 0.1, 8, slower=20.0 if i == 10 else 1.0, waited_s=0.6 if i == 10 else 0.01)
    assert admission.refusal(2.0, 50) is None


def test_chunks_that_wait_keep_newcomers_out_until_they_wait_clearly_less() -> None:
    admission = ready()
    for i in range(10):
        step(admission, i * 0.1, 8, waited_s=0.3)
    assert reason(admission.refusal(1.0, 20)) is Reason.WAIT
    later = 1.0 + WINDOW_S
    for i in range(10):
        step(admission, later + i * 0.01, 8, waited_s=0.24)
    assert reason(admission.refusal(later + 0.1, 20)) is Reason.WAIT, "within the hysteresis"
    for i in range(100):
        step(admission, later + 0.2 + i * 0.01, 8, waited_s=0.2)
    assert admission.refusal(later + 1.2, 20) is None
    for i in range(100):
        step(admission, later + 1.2 + i * 0.01, 8, waited_s=0.24)
    assert admission.refusal(later + 2.2, 20) is None, "open again: the limit counts"


def test_an_event_loop_that_is_behind_keeps_newcomers_out() -> None:
    admission = ready()
    for i in range(5):
        admission.lagged(i * 0.1, 0.4)
    assert reason(admission.refusal(0.5, 20)) is Reason.LOOP
    assert admission.refusal(0.5 + WINDOW_S, 20) is None, "what is long ago is forgotten"


def test_the_first_few_are_always_let_in() -> None:
    admission = ready()
    for i in range(20):
        step(admission, i * 0.1, 4, slower=50.0, waited_s=3.0)
    assert [admission.refusal(2.0, n) for n in range(FIRST_FEW)] == [None] * FIRST_FEW
    assert admission.refusal(2.0, FIRST_FEW) is not None


def test_while_a_step_does_not_end_nobody_is_let_in() -> None:
    admission = ready()
    step(admission, 0.0, 8)
    assert admission.refusal(10.0, 8) is None, "nothing is known of the last seconds"
    assert admission.refusal(10.0, 8, stepping_s=WINDOW_S) is None
    for streams in (1, 8):
        assert reason(admission.refusal(10.0, streams, stepping_s=WINDOW_S + CHUNK_S + 0.1)) is Reason.WAIT


def test_every_slot_taken() -> None:
    admission = ready(Bounds(2, 8, 0.85, 0.25))
    assert admission.refusal(0.0, 1) is None
    refusal = admission.refusal(0.0, 2)
    assert refusal is not None and refusal.text == "all 2 streams are taken" and refusal.retry_after_s > 0


class Simulation:
    """Real-time streams of 4 s on one model thread: the server's batcher, a clock that is a number."""

    def __init__(self, admit: Callable[[float, int], bool], admission: Admission, slowdown: float) -> None:
        self.admit, self.admission, self.slowdown = admit, admission, slowdown
        self.final_delays: list[tuple[float, float]] = []
        self.refused = 0

    def run(self, arrivals: list[float], until: float) -> None:
        batcher: Batcher[tuple[int, bool]] = Batcher(500, 0.02)
        rng, events, open_streams, left = random.Random(1), [], set(), {}
        for number, at in enumerate(arrivals):
            heapq.heappush(events, (at, number, "open"))
        free_at = now = 0.0
        while events and now < until:
            timer = batcher.get_timer()
            step_at = None if timer is None else max(timer, free_at)
            if step_at is not None and step_at <= events[0][0]:
                now = step_at
                free_at = self.step(batcher, now, open_streams)
                continue
            now, number, what = heapq.heappop(events)
            if what == "open":
                if not self.admit(now, len(open_streams)):
                    self.refused += 1
                    continue
                open_streams.add(number)
                batcher.open(number)
                left[number] = 25
                heapq.heappush(events, (now + rng.uniform(0.5, 1) * CHUNK_S, number, "chunk"))
                continue
            left[number] -= 1
            is_last = not left[number]
            batcher.submit(number, (number, is_last), now, urgent=is_last)
            if not is_last:
                heapq.heappush(events, (now + CHUNK_S, number, "chunk"))

    def step(self, batcher: Batcher[tuple[int, bool]], now: float, open_streams: set[int]) -> float:
        batch = batcher.take(now)
        took_s = COST.of(len(batch)) * self.slowdown
        waited_s = now - min(chunk.arrived for chunk in batch)
        self.admission.stepped(now + took_s, took_s, len(batch), CHUNK_S, waited_s)
        for chunk in batch:
            number, is_last = chunk.payload
            if is_last:
                self.final_delays.append((now, now + took_s - chunk.arrived))
                open_streams.discard(number)
                batcher.close(number)
        return now + took_s


def late_delays(simulation: Simulation) -> list[float]:
    return sorted(delay for at, delay in simulation.final_delays if at > 6.0)


@pytest.mark.requirement(8)
@pytest.mark.parametrize("start", [COST, DISTURBED])
@pytest.mark.parametrize("slowdown", [1.0, 2.0, 4.0])
def test_streams_that_run_stay_fast_while_three_times_too_many_want_in(slowdown: float, start: Cost) -> None:
    rng = random.Random(7)
    capacity = (0.85 * CHUNK_S / slowdown - COST.base_s) / COST.stream_s
    arrivals = sorted(rng.uniform(0.0, 16.0) for _ in range(round(3 * capacity * 16.0 / 4.0)))
    admission = ready(cost=start)
    held = Simulation(lambda now, n: admission.refusal(now, n) is None, admission, slowdown)
    held.run(arrivals, 16.0)
    flooded = Simulation(lambda now, n: True, ready(), slowdown)
    flooded.run(arrivals, 16.0)
    delays = late_delays(held)
    assert delays[int(0.95 * len(delays))] < 0.4
    assert held.refused > len(arrivals) / 3
    fair = (
        0.7 if start == COST else 0.5
    )  # a wrong start lets too many in, and it takes seconds until they end
    assert len(delays) > fair * capacity * 10.0 / 4.0, "it refuses whom it could serve"
    worst = late_delays(flooded)
    assert not worst or worst[len(worst) // 2] > 1.5, "the test is no overload"
