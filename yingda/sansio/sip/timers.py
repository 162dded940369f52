"""Many timers, one wake-up: a heap with lazy removal."""

from __future__ import annotations

import heapq
from typing import Any


class TimerQueue:
    """Timers named by (owner, name). Setting one again moves it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Any, str]] = []
        self._live: dict[tuple[Any, str], int] = {}
        self._serial = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, owner: Any, name: str, at: float) -> None:
        """Let the timer fire at ``at``."""
        self._serial += 1
        self._live[(owner, name)] = self._serial
        heapq.heappush(self._heap, (at, self._serial, owner, name))
        if len(self._heap) > 1024 and len(self._heap) > 4 * len(self._live):
            self._heap = [entry for entry in self._heap if self._live.get(entry[2:]) == entry[1]]
            heapq.heapify(self._heap)

    def is_set(self, owner: Any, name: str) -> bool:
        """Whether the timer is running."""
        return (owner, name) in self._live

    def cancel(self, owner: Any, name: str) -> None:
        """Stop the timer, if it runs."""
        self._live.pop((owner, name), None)

    def next_at(self) -> float | None:
        """When the earliest timer fires."""
        heap = self._heap
        while heap:
            if self._live.get(heap[0][2:]) == heap[0][1]:
                return heap[0][0]
            heapq.heappop(heap)
        return None

    def pop_due(self, now: float) -> tuple[Any, str] | None:
        """Take the earliest timer that is due, or None."""
        at = self.next_at()
        if at is None or at > now:
            return None
        _, _, owner, name = heapq.heappop(self._heap)
        del self._live[(owner, name)]
        return owner, name
