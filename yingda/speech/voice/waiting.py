"""Work that waits for the voice's thread: live clauses first, fixed prompts when nobody else is there."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Full(Exception):
    """No more live work is taken."""


class Waiting(Generic[T]):
    """Two queues in one. Thread-safe."""

    def __init__(self, most_live: int) -> None:
        """At most `most_live` pieces of live work wait."""
        self._most = most_live
        self._change = threading.Condition()
        self._live: deque[T] = deque()
        self._background: deque[T] = deque()
        self._is_closed = False

    def put_live(self, work: T) -> None:
        """Raises Full."""
        with self._change:
            if len(self._live) >= self._most:
                raise Full
            self._live.append(work)
            self._change.notify()

    def put_background(self, work: T, again: bool = False) -> None:
        """Done when no live work waits; `again`: it was begun before, and goes first."""
        with self._change:
            (self._background.appendleft if again else self._background.append)(work)
            self._change.notify()

    def has_live(self) -> bool:
        """Whether live work waits. Takes no lock: it is asked in the middle of background work."""
        return bool(self._live)

    def live(self) -> int:
        """How much live work waits."""
        return len(self._live)

    def get(self) -> T | None:
        """The next piece, waiting for one; None once closed."""
        with self._change:
            self._change.wait_for(lambda: self._live or self._background or self._is_closed)
            if self._is_closed:
                return None
            return self._live.popleft() if self._live else self._background.popleft()

    def close(self) -> None:
        """Nothing is given out any more."""
        with self._change:
            self._is_closed = True
            self._change.notify_all()

    @property
    def is_closed(self) -> bool:
        """Whether close() was called."""
        return self._is_closed
