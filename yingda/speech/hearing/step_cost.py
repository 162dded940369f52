"""What a step of the model costs by the number of its streams: measured at the start, learnt from all since.

A line: what a step takes whatever is in it, and what each stream adds. How much is which decides how many
streams fit, and cannot be told from steps of one size. No clock, no threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_ROUNDS, _MOST_ROUNDS, _MOST_S = 5, 12, 3.0
_AGREE = 1.2  # times the quickest: the second quickest then shows that nothing disturbed either
_MEMORY_S = 20.0  # of steps: after so much computing, older steps count a third
_MEASURED = 1.0  # steps: what each of the two measured at the start is worth beside those of calls
_SLOWEST = 10.0  # times what was expected; more is no step but a machine that stood still
_TINY = 1e-6
_LEAST_SHARE = 0.05  # of a step's time that is its streams'

Round = tuple[float, float]


@dataclass(frozen=True)
class Cost:
    """Wall time of a step of n streams: `base_s + n * stream_s`."""

    base_s: float = 0.0
    stream_s: float = 0.0

    def of(self, streams: float) -> float:
        """Seconds of one step."""
        return self.base_s + self.stream_s * streams

    @classmethod
    def at(cls, streams: float, seconds: float, stream_s: float) -> Cost:
        """The line through one point, as steep as `stream_s`. Noise must not make a stream cost nothing, or a
        step less than nothing."""
        steepest = seconds / streams
        stream_s = min(max(stream_s, _LEAST_SHARE * steepest), steepest)
        return cls(max(0.0, seconds - streams * stream_s), stream_s)

    @classmethod
    def through(cls, few: tuple[int, float], many: tuple[int, float]) -> Cost:
        """The line through two measured steps, each (streams, seconds)."""
        (n, t), (m, u) = few, many
        return cls(0.0, t / n) if m <= n else cls.at(m, u, (u - t) / (m - n))


def is_settled(rounds: Sequence[Round], elapsed_s: float) -> bool:
    """Whether enough rounds were measured, each a step of few streams and one of many right after it, so that
    a busy moment falls on both."""
    if len(rounds) < _LEAST_ROUNDS:
        return False
    if len(rounds) >= _MOST_ROUNDS or elapsed_s >= _MOST_S:
        return True
    quickest = [sorted(times)[:2] for times in zip(*rounds, strict=True)]
    return all(second <= _AGREE * first for first, second in quickest)


def measured(few: int, many: int, rounds: Sequence[Round]) -> Cost:
    """The line through the quickest step of each size: other work only ever makes a step slower."""
    short, long = (min(times) for times in zip(*rounds, strict=True))
    return Cost.through((few, short), (many, long))


@dataclass(frozen=True)
class _Sums:
    """All that least squares need of steps, each with a weight."""

    weight: float = 0.0
    streams: float = 0.0
    squares: float = 0.0
    seconds: float = 0.0
    products: float = 0.0

    def and_a_step(self, streams: int, took_s: float, weight: float, kept: float = 1.0) -> _Sums:
        """With one more, and `kept` of the others."""
        return _Sums(
            kept * self.weight + weight,
            kept * self.streams + weight * streams,
            kept * self.squares + weight * streams * streams,
            kept * self.seconds + weight * took_s,
            kept * self.products + weight * streams * took_s,
        )

    def line(self) -> Cost:
        """The nearest to the steps."""
        streams, took_s = self.streams / self.weight, self.seconds / self.weight
        spread = self.squares / self.weight - streams * streams
        together = self.products / self.weight - streams * took_s
        return Cost.at(streams, took_s, together / spread if spread > _TINY else took_s / streams)


class LiveCost:
    """The line of the present, by least squares. What was measured at the start says what larger steps cost
    than calls have needed yet, and loses its say as they need them: a start that was disturbed is put right
    by the first callers."""

    def __init__(self, start: Cost, many: int) -> None:
        """`many`: the streams of the larger of the steps that were measured."""
        self._start, self._sizes = start, (1, many)
        self._steps = _Sums()
        self.cost = start

    def learn(self, streams: int, took_s: float) -> None:
        """A step of `streams` took `took_s`."""
        took_s = min(took_s, _SLOWEST * max(self.cost.of(streams), _TINY))
        # by computing time, not by the clock: a quiet night forgets nothing
        kept = 1.0 / (1.0 + took_s / _MEMORY_S)
        self._steps = self._steps.and_a_step(streams, took_s, self._weight(streams), kept)
        self.cost = self._with_the_start().line()

    def _weight(self, streams: int) -> float:
        """By errors in relation to what steps of that size take: those are alike for all sizes. Slow moments
        count no less than others."""
        return (max(self.cost.of(1), _TINY) / max(self.cost.of(streams), _TINY)) ** 2

    def _with_the_start(self) -> _Sums:
        # A machine that is slower than at the start is so for large steps too, of which there are none yet.
        # If it seems faster, that is not believed: the start may have been disturbed for small steps only.
        usual_s = self._start.base_s * self._steps.weight + self._start.stream_s * self._steps.streams
        slower = max(1.0, self._steps.seconds / usual_s) if usual_s > 0 else 1.0
        sums = self._steps
        for size in self._sizes:
            took_s = slower * max(self._start.of(size), _TINY)
            sums = sums.and_a_step(size, took_s, _MEASURED * self._weight(size))
        return sums
