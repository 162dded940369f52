"""What waits for the CRM: what is tried when, and when it is given up. A core: time is an argument.

Writes of one key (a document of the CRM) are delivered in the order in which they were put. When the CRM is
away all wait, ever longer; a write that fails alone waits alone. Files and the thread: spool.py, delivery.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FIRST_WAIT_S = 1.0
GRACE_S = 3.0  # who put it tries it first, and is heard of within this time unless it died
LONGEST_ALONE_S = 300.0  # between two tries of one write that fails alone
OUTAGE = 3  # failures in a row: it was the CRM, not the writes
MOST_MISREAD = 20  # answers that make no sense while others are taken, an hour or more; then it is given up


@dataclass(frozen=True, order=True)
class Entry:
    """One write that waits. `mark` is the same for writes of one key; `put_s` is seconds since 1970."""

    put_s: float
    name: str
    kind: str
    mark: str


@dataclass
class _Try:
    due: float
    failures: int = 0
    misread: int = 0
    delivered_before: int = 0  # others, when it failed last


class Queue:
    """The entries that wait, and when each is due. `now` is of a clock that only goes forward."""

    def __init__(self, longest_wait_s: float, keep_s: float) -> None:
        """An absent CRM is tried every `longest_wait_s` at least; older than `keep_s` is given up."""
        self._longest_s, self._keep_s = longest_wait_s, keep_s
        self._entries: dict[str, Entry] = {}
        self._keys: dict[str, dict[str, Entry]] = {}  # by mark, in the order of putting
        self._tries: dict[str, _Try] = {}
        self._failures = 0  # in a row, of whichever
        self._delivered = 0
        self._not_before = 0.0

    @property
    def entries(self) -> list[Entry]:
        """All that wait."""
        return list(self._entries.values())

    def look(self, entries: Iterable[Entry], now: float) -> None:
        """All that waits now, also what others put; what has gone is forgotten."""
        self._entries, self._keys = {}, {}
        for entry in sorted(entries):
            self._keep(entry)
            self._tries.setdefault(entry.name, _Try(now + GRACE_S))
        for name in self._tries.keys() - self._entries.keys():
            del self._tries[name]

    def put(self, entry: Entry, now: float) -> bool:
        """A new one; whether it may be tried at once, as none of its key waits before it."""
        self._tries.setdefault(entry.name, _Try(now + GRACE_S))
        self._keep(entry)
        return min(self._keys[entry.mark].values()) == entry

    def due(self, now: float) -> list[Entry]:
        """What is due and has none of its key before it: what failed least first, of these the oldest."""
        found = [entry for entry in self._heads() if self._tries[entry.name].due <= now]
        return sorted(found, key=lambda entry: (self._tries[entry.name].failures, entry))

    def admits(self, now: float) -> bool:
        """Whether anything may be tried now; not while the CRM is left alone."""
        return now >= self._not_before

    def wait_s(self, now: float, most: float) -> float:
        """How long until there is something to do, `most` at most."""
        dues = [self._tries[entry.name].due for entry in self._heads()]
        return max(0.0, min(most, max(min(dues, default=now + most), self._not_before) - now))

    def delivered(self, name: str, now: float) -> None:
        """The CRM has it. After an outage all others are due."""
        self._delivered += 1
        self._forget(name)
        if self._failures >= OUTAGE:
            for tried in self._tries.values():
                tried.due = min(tried.due, now)
        self._failures, self._not_before = 0, 0.0

    def refused(self, name: str) -> None:
        """It was given up. The CRM answered, so the others need not wait."""
        self._forget(name)
        self._failures, self._not_before = 0, 0.0

    def failed(self, name: str, now: float, misread: bool = False) -> bool:
        """Not delivered; `misread`: the CRM answered what makes no sense. Whether to give it up: only what
        fails while others are delivered, because a CRM that takes nothing at all is away."""
        tried = self._tries.setdefault(name, _Try(now))
        tried.failures += 1
        tried.misread += misread and self._delivered > tried.delivered_before
        tried.delivered_before = self._delivered
        tried.due = now + _doubled(tried.failures, LONGEST_ALONE_S)
        self._failures += 1
        self._not_before = now + _doubled(self._failures, self._longest_s)
        return tried.misread >= MOST_MISREAD

    def too_old(self, wall_s: float) -> list[Entry]:
        """What has waited longer than anything is kept; `wall_s` is seconds since 1970."""
        return [entry for entry in self._entries.values() if wall_s - entry.put_s > self._keep_s]

    def _heads(self) -> list[Entry]:
        return [next(iter(waiting.values())) for waiting in self._keys.values()]

    def _keep(self, entry: Entry) -> None:
        self._entries[entry.name] = entry
        self._keys.setdefault(entry.mark, {})[entry.name] = entry

    def _forget(self, name: str) -> None:
        self._tries.pop(name, None)
        entry = self._entries.pop(name, None)
        if entry is not None:
            waiting = self._keys[entry.mark]
            del waiting[name]
            if not waiting:
                del self._keys[entry.mark]


def _doubled(failures: int, most: float) -> float:
    return min(most, FIRST_WAIT_S * 2.0 ** min(failures - 1, 30))


@dataclass(frozen=True)
class Summary:
    """What an operator wants to know."""

    waiting: int
    oldest_s: float
    kinds: tuple[tuple[str, int], ...]
    refused: int

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kinds)
        waiting = f"{self.waiting} waiting" + (
            f" ({kinds}), the oldest for {_age(self.oldest_s)}" if kinds else ""
        )
        return f"{waiting}; {self.refused} refused"


def summary(entries: Iterable[Entry], refused: int, wall_s: float) -> Summary:
    """Of what waits and how many were given up."""
    waiting = list(entries)
    counts: dict[str, int] = {}
    for entry in waiting:
        counts[entry.kind] = counts.get(entry.kind, 0) + 1
    oldest = max((wall_s - entry.put_s for entry in waiting), default=0.0)
    return Summary(len(waiting), max(0.0, oldest), tuple(sorted(counts.items())), refused)


def _age(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
