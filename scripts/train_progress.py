"""How long training takes, by what has to be learned, and what it is doing now, from Rasa's log."""

from __future__ import annotations

import contextlib
import json
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from yingda.explain.written import DialogueFiles

KEPT = 5  # measured times of one kind; machines and data change
FIRST_GUESS_S = {"understanding": 100.0, "dialogue": 45.0, "sentences": 35.0}
STARTED = re.compile(r"Starting to train component '(\w+)'")
FINISHED = re.compile(r"Finished training component '(\w+)'")
COLOUR = re.compile(r"\033\[[0-9;]*m")
BAR = re.compile(r"\d+%\|.*\| *\d+/\d+ ")
NAMED = re.compile(r"'([^']+)'")
LAST_LINES = 20
RESTORED = re.compile(r"Restored component '(\w+)' from cache")


class Times:
    """Measured seconds in a file. `what` names the parts that were learned: see train_changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[float]] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            read = json.loads(path.read_text(encoding="utf-8"))
            self._known = {key: [float(s) for s in measured] for key, measured in read.items() if measured}

    def estimate(self, what: list[str]) -> float:
        """Seconds: the median of the last times, or a guess."""
        measured = self._known.get(_key(what))
        if measured:
            return statistics.median(measured)
        return max((FIRST_GUESS_S[part] for part in what), default=FIRST_GUESS_S["sentences"])

    def measured(self, what: list[str], seconds: float) -> None:
        """Remember; a file that cannot be written costs only the estimate."""
        self._known[_key(what)] = [*self._known.get(_key(what), []), round(seconds, 1)][-KEPT:]
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._known, indent=2) + "\n", encoding="utf-8")


def why_failed(text: str, files: DialogueFiles) -> str:
    """What Rasa's log says of an error, without progress bars and colours; rules and stories with their
    places."""
    lines = [COLOUR.sub("", line).rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line.strip() and not BAR.search(line)]
    errors = [place for place, line in enumerate(lines) if " ERROR " in line]
    shown = lines[errors[-1] :] if errors else lines[-LAST_LINES:]
    places = {item.name: item.place for item in (*files.stories, *files.rules)}
    return "\n".join(NAMED.sub(lambda found: _with_place(found, places), line) for line in shown)


def _with_place(found: re.Match[str], places: dict[str, str]) -> str:
    place = places.get(found[1])
    return f"{found[0]} ({place})" if place else found[0]


def _key(what: list[str]) -> str:
    return "+".join(sorted(what))


class Progress:
    """Reads the log as it grows."""

    def __init__(self, log: Path) -> None:
        self._log, self._read = log, 0
        self._begun: dict[str, float] = {}
        self._restored: list[str] = []

    def news(self, now: float) -> Iterator[str]:
        """Lines about what has begun or ended since; `now` is seconds since the start."""
        for line in self._lines():
            if found := RESTORED.search(line):
                self._restored.append(found[1])
            elif found := STARTED.search(line):
                self._begun[found[1]] = now
            elif found := FINISHED.search(line):
                took = now - self._begun.pop(found[1], now)
                yield f"  {now:4.0f} s  learned {found[1]} ({took:.0f} s)"

    @property
    def from_cache(self) -> list[str]:
        """Components that had learned before."""
        return list(dict.fromkeys(self._restored))

    @property
    def busy_with(self) -> str:
        """The component that learns now; "" between two."""
        return next(reversed(self._begun), "")

    def _lines(self) -> list[str]:
        try:
            with open(self._log, "rb") as log:
                log.seek(self._read)
                new = log.read()
        except OSError:
            return []
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        return whole.decode("utf-8", errors="replace").splitlines()
