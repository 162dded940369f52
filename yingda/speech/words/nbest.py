"""The best distinct texts of a Viterbi lattice, in order: A* from the end, with the forward scores as an
estimate that is exact."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_STEPS = 1000  # of the search: a bound on time, for sentences with very many homophones
_DIGITS = 6  # of scores: what rounding makes of one sum must not decide the order
WORTHLESS = 14.0  # nats below the best text: what is not looked for


class Arc(NamedTuple):
    """A way into a state from the states kept at `start`: a word, which alone has ln probability `log`, or
    a place passed over (None). `cost` in nats."""

    start: int
    cost: float
    log: float | None


@dataclass(slots=True)
class State:
    """A word that ends at a place. `score`: of the best path to it, in nats."""

    word: int
    score: float
    arcs: list[Arc] = field(default_factory=list)


class Path(NamedTuple):
    """One text. `score` in nats; of it `cost`, what was heard otherwise, `log`, what the language gives, and
    the number of words and of places passed over."""

    text: str
    score: float
    cost: float
    log: float
    words: int
    skipped: int


class _Partial(NamedTuple):
    """The end of a path, back to `state`: its text, score and counts so far."""

    estimate: float  # minus the whole path's score, for the heap
    order: int  # of paths as good as each other the newest first, which is the longest
    state: State
    text: str
    after: float
    cost: float
    log: float
    words: int
    skipped: int


def best(
    ends: list[tuple[float, State]],
    kept: Sequence[list[State]],
    transition: Callable[[int, int, float], float],
    spell: Callable[[int], str],
    most: int,
) -> list[Path]:
    """Up to `most` distinct texts, the best first; one empty text when there is none. `ends`: (ln
    probability of the end, state); `kept`: the states at each place, which arcs start from; `transition`:
    ln probability of a word after another."""
    heap: list[_Partial] = []
    for last, state in ends:
        heap.append(_Partial(-state.score - last, -len(heap), state, "", last, 0.0, last, 0, 0))
    heapq.heapify(heap)
    order = -len(heap)
    found: dict[str, Path] = {}
    seen: set[tuple[int, str]] = set()  # a second way to one end can only be worse
    worst = heap[0].estimate + WORTHLESS if heap else 0.0
    for _ in range(MOST_STEPS):
        if not heap or len(found) >= most:
            break
        path = heapq.heappop(heap)
        key = id(path.state), path.text
        if key in seen:
            continue
        seen.add(key)
        if not path.state.arcs:
            done = Path(path.text, -path.estimate, path.cost, path.log, path.words, path.skipped)
            found.setdefault(path.text, done)
            continue
        for arc in path.state.arcs:
            for longer in _back(path, arc, kept[arc.start], transition, spell, worst):
                order -= 1
                heapq.heappush(heap, longer._replace(order=order))
    return list(found.values()) or [Path("", 0.0, 0.0, 0.0, 0, 0)]


def _back(
    path: _Partial,
    arc: Arc,
    befores: list[State],
    transition: Callable[[int, int, float], float],
    spell: Callable[[int], str],
    worst: float,
) -> list[_Partial]:
    """A path, longer by what an arc brings, from each state that the arc starts at and is worth it."""
    out = []
    word, passed = path.state.word, arc.log is None
    base = path.after - arc.cost
    for before in befores:
        if passed and before.word != word:
            continue
        log = 0.0 if arc.log is None else transition(before.word, word, arc.log)
        estimate = round(-base - log - before.score, _DIGITS)
        if estimate <= worst:
            text = path.text if passed else spell(word) + path.text
            sums = base + log, path.cost + arc.cost, path.log + log
            counts = path.words + (not passed), path.skipped + passed
            out.append(_Partial(estimate, 0, before, text, *sums, *counts))
    return out
