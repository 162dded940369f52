"""Counters of the gateway in Prometheus' text format.  No label ever holds a number or a name of a person."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

_BOUNDS_S = (0.3, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Counters by name, and one histogram: the response latency."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self._buckets = [0] * (len(_BOUNDS_S) + 1)
        self._sum_s = 0.0

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] += by

    def response(self, latency_ms: int) -> None:
        """One answered turn."""
        self._buckets[bisect_left(_BOUNDS_S, latency_ms / 1000)] += 1
        self._sum_s += latency_ms / 1000

    def text(self, gauges: Mapping[str, float]) -> str:
        """The exposition; ``gauges`` are read by the caller at this moment."""
        lines = []
        for name, value in sorted(self.counters.items()):
            lines += [f"# TYPE yingda_{name}_total counter", f"yingda_{name}_total {value}"]
        for name, gauge in sorted(gauges.items()):
            lines += [f"# TYPE yingda_{name} gauge", f"yingda_{name} {gauge:g}"]
        return "\n".join([*lines, *self._histogram()]) + "\n"

    def _histogram(self) -> list[str]:
        name, total = "yingda_response_latency_seconds", 0
        lines = [f"# TYPE {name} histogram"]
        for bound, number in zip((*map(str, _BOUNDS_S), "+Inf"), self._buckets, strict=True):
            total += number
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self._sum_s:.3f}", f"{name}_count {total}"]
