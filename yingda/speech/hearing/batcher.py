"""Which chunks of which streams go into the next model step. No threads and no clock: time is an argument.

A step takes at most one chunk of each stream, since the next one needs the state that the step leaves behind.
It starts when the oldest chunk has waited `gather_s`, when no open stream is missing, when the batch is full,
or at once when a stream is at its end: somebody waits for that answer.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass
class Chunk(Generic[T]):
    """One model step's worth of a stream. `payload` is what the shell wants to find again."""

    stream: int
    payload: T
    arrived: float = 0.0
    urgent: bool = False


class Batcher(Generic[T]):
    """Queue in front of a batched model. Not thread-safe; its owner holds a lock."""

    def __init__(self, max_batch: int, gather_s: float) -> None:
        self._max_batch = max_batch
        self._gather_s = gather_s
        self._waiting: OrderedDict[int, list[Chunk[T]]] = OrderedDict()
        self._open: set[int] = set()

    def open(self, stream: int) -> None:
        """A stream begins: steps wait a little for its chunks."""
        self._open.add(stream)

    def close(self, stream: int) -> list[Chunk[T]]:
        """A stream is gone. Returns its chunks that no step has taken."""
        self._open.discard(stream)
        return self._waiting.pop(stream, [])

    def submit(self, stream: int, payload: T, now: float, urgent: bool = False) -> None:
        """Queue a chunk behind the stream's others. `now` in seconds of any monotonic clock."""
        self._waiting.setdefault(stream, []).append(Chunk(stream, payload, now, urgent))

    def waiting(self) -> int:
        """How many chunks are queued."""
        return sum(len(chunks) for chunks in self._waiting.values())

    def get_timer(self) -> float | None:
        """When the next step is due, whatever else arrives; None with nothing queued."""
        if not self._waiting:
            return None
        if self._is_full():
            return min(chunks[0].arrived for chunks in self._waiting.values())
        return min(c[0].arrived + (0.0 if c[0].urgent else self._gather_s) for c in self._waiting.values())

    def take(self, now: float) -> list[Chunk[T]]:
        """The next step's chunks, oldest stream first; empty when it is not yet due."""
        timer = self.get_timer()
        if timer is None or now < timer:
            return []
        batch = []
        for stream in list(self._waiting)[: self._max_batch]:
            chunks = self._waiting.pop(stream)
            batch.append(chunks.pop(0))
            if chunks:
                self._waiting[stream] = chunks  # to the back: everybody's first chunk comes first
        return batch

    def _is_full(self) -> bool:
        everybody = bool(self._open) and self._open <= self._waiting.keys()
        return everybody or len(self._waiting) >= self._max_batch


Pending = Chunk[Any]
