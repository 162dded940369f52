"""How many new calls one source may start: a token bucket for each address, refilled as time goes by."""

from __future__ import annotations

MAX_SOURCES = 4096  # remembered at once; source addresses of UDP can be forged, so the table must not grow


class Admission:
    """``per_s`` new calls a second and source, as many at once after a quiet second. 0: no limit."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._burst = max(1.0, per_s)
        self._buckets: dict[str, tuple[float, float]] = {}  # source -> tokens, when that was so

    def __len__(self) -> int:
        return len(self._buckets)

    def admits(self, source: str, now: float) -> bool:
        """Whether one more call may start; takes a token if so."""
        if not self._per_s:
            return True
        if source not in self._buckets and len(self._buckets) >= MAX_SOURCES:
            self._forget_idle(now)
            if len(self._buckets) >= MAX_SOURCES:
                source = ""  # a flood from everywhere: newcomers share one bucket
        tokens, since = self._buckets.get(source, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - since) * self._per_s)
        self._buckets[source] = (tokens - 1.0 if tokens >= 1.0 else tokens, now)
        return tokens >= 1.0

    def _forget_idle(self, now: float) -> None:
        """A bucket that is full again says nothing."""
        full_after = self._burst / self._per_s
        self._buckets = {key: value for key, value in self._buckets.items() if now - value[1] < full_after}
