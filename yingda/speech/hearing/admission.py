"""Whether one more stream fits, by what the steps of the model cost at the moment. No clock, no threads.

Steps take all chunks that wait, so the busy share of the model's thread says little: it nears 1 long before
the server is full, because busier steps are larger, and cheaper for each stream. What says it is the cost of
one step with every stream in it, over the length of a chunk: at 1 the steps fall behind the audio. That cost
is a line over the number of streams (step_cost.py), which follows a machine that gets faster or slower within
half a minute of steps. That it is slower just now is seen by the steps of the last seconds, as is how long
chunks wait; both can only lower the limit.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from statistics import median

from yingda.speech.hearing.step_cost import Cost, LiveCost

WINDOW_S = 2.0
FIRST_FEW = 4  # are always let in: a machine on which these do not fit is no server
RETRY_AFTER_S = 1.0
_REOPENS_BELOW = 0.9  # of a limit that was reached, so that streams are not let in and refused by turns
_MOST_LAG_S = 0.1  # of the event loop: every message of every stream waits so long, several times on its way
_FEWEST = 3  # steps, or lags, of which a percentile says anything


class Reason(str, Enum):
    """What is exhausted; the label `reason` of the metric."""

    SLOTS = "slots"
    LOAD = "load"
    WAIT = "wait"
    LOOP = "loop"


@dataclass(frozen=True)
class Refusal:
    """Why a stream is not let in; `text` is for the client."""

    reason: Reason
    text: str
    retry_after_s: float = RETRY_AFTER_S


@dataclass(frozen=True)
class Bounds:
    """`most_load` is the share of a chunk's length that a step with all streams may take."""

    most_streams: int
    max_batch: int
    most_load: float
    most_wait_s: float


@dataclass(frozen=True)
class _Step:
    at: float
    took_s: float
    streams: int
    waited_s: float


class Admission:
    """Not thread-safe; its owner holds a lock. `now` is in seconds of any monotonic clock."""

    def __init__(self, bounds: Bounds) -> None:
        """Until `calibrate` only the number of streams and the waits count."""
        self.bounds = bounds
        self._live: LiveCost | None = None
        self._chunk_s = 0.0
        self._slowness = 1.0
        self._steps: deque[_Step] = deque()
        self._lags: deque[tuple[float, float]] = deque()
        self._is_shut: set[Reason] = set()

    def calibrate(self, cost: Cost, many: int, chunk_s: float) -> None:
        """What steps cost on this machine, measured with up to `many` streams, and how much audio each takes
        of a stream."""
        self._live, self._chunk_s = LiveCost(cost, many), chunk_s

    def stepped(self, now: float, took_s: float, streams: int, chunk_s: float, waited_s: float) -> None:
        """A step has ended at `now`; its oldest chunk had waited `waited_s` when it began."""
        self._chunk_s = chunk_s
        self._steps.append(_Step(now, took_s, streams, waited_s))
        self._forget(now)
        if self._live is not None:
            self._live.learn(streams, took_s)
            cost = self._live.cost
            self._slowness = max(1.0, median(s.took_s / cost.of(s.streams) for s in self._steps))

    def lagged(self, now: float, lag_s: float) -> None:
        """How late the event loop, which takes the audio in, came to a timer."""
        self._lags.append((now, lag_s))
        self._forget(now)

    def load(self, streams: int) -> float:
        """The share of a chunk's length that a step with all of `streams` takes, at the present pace."""
        if self._live is None or not self._chunk_s or not streams:
            return 0.0
        steps, cost = math.ceil(streams / self.bounds.max_batch), self._live.cost
        seconds = steps * cost.base_s + streams * cost.stream_s
        return self._slowness * seconds / self._chunk_s

    def capacity(self) -> int:
        """How many streams fit by load at the present pace, up to the bound on their number."""
        most = self.bounds.most_streams
        fitting = (n for n in range(most, FIRST_FEW, -1) if self.load(n) <= self.bounds.most_load)
        return next(fitting, min(FIRST_FEW, most))

    def busy(self, now: float) -> float:
        """The share of the last seconds in which a step ran."""
        self._forget(now)
        return min(1.0, sum(s.took_s for s in self._steps) / WINDOW_S)

    def refusal(self, now: float, streams: int, stepping_s: float = 0.0) -> Refusal | None:
        """None when one more than the `streams` that are open fits. The present step has been running for
        `stepping_s`."""
        if streams >= self.bounds.most_streams:
            return Refusal(Reason.SLOTS, f"all {self.bounds.most_streams} streams are taken")
        if stepping_s > WINDOW_S + self._chunk_s:  # so long that no step is left that would tell of it
            return Refusal(Reason.WAIT, f"the recogniser stands still; try again in {RETRY_AFTER_S:g} s")
        if streams < FIRST_FEW:
            return None
        self._forget(now)
        bounds = self.bounds
        waited_s = _high([s.waited_s for s in self._steps])
        for reason, value, limit, text in (
            (Reason.LOAD, self.load(streams + 1), bounds.most_load, "the recogniser is fully loaded"),
            (Reason.WAIT, waited_s, bounds.most_wait_s, "the recogniser is behind"),
            (Reason.LOOP, _high([lag for _, lag in self._lags]), _MOST_LAG_S, "the server is behind"),
        ):
            if value > limit * (_REOPENS_BELOW if reason in self._is_shut else 1.0):
                self._is_shut.add(reason)
                return Refusal(reason, f"{text} with {streams} streams; try again in {RETRY_AFTER_S:g} s")
            self._is_shut.discard(reason)
        return None

    def _forget(self, now: float) -> None:
        while self._steps and self._steps[0].at < now - WINDOW_S:
            self._steps.popleft()
        while self._lags and self._lags[0][0] < now - WINDOW_S:
            self._lags.popleft()
        if not self._steps:
            self._slowness = 1.0


def _high(values: list[float]) -> float:
    """The 90th percentile: one hiccup is no overload. 0 for too few values."""
    if len(values) < _FEWEST:
        return 0.0
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]
