"""What a CTC model thought of every frame, as slots: one place in the sentence each, with its rivals.

NeMo's greedy text keeps the best syllable of each run of frames. A slot keeps the others too, and how likely
it is that nothing was said there. Where the model almost wrote a syllable between two others, an optional
slot stands. Every score is CTC's own: the ln of the sum over all ways in which a syllable may lie within the
slot's frames, with blanks around it. Pure numpy; frames are the encoder's, 80 ms long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int32]
Float = npt.NDArray[np.float32]

FRAME_CHOICES = 8  # symbols kept of each frame
CHOICES = 8  # rivals kept of each slot
REACH = 3  # frames: blanks further from a syllable's own frames say nothing of it
NOTABLE = 0.03  # probability of any syllable in a blank frame that makes an optional slot
_UNSEEN = 2.0  # nats below the last symbol kept: what is assumed of a symbol that was not kept
_NEVER = -1e9


class Slot(NamedTuple):
    """One place in the sentence. `choices`: syllables and ln posteriors, the likeliest first; `nothing`: ln
    posterior that no syllable was said here; `optional`: NeMo's text has none here."""

    choices: tuple[tuple[str, float], ...]
    nothing: float
    optional: bool = False


class Part(NamedTuple):
    """Consecutive frames: symbols [frames, FRAME_CHOICES] and their ln probabilities, the best first, and
    that of blank [frames]."""

    symbols: Int
    logs: Float
    blank: Float


@dataclass(frozen=True)
class Posteriors:
    """An utterance's frames so far, as they came. `names`: of the symbols, blank is the last; `before`: the
    symbol of the frame before them, which CTC joins with an equal one."""

    parts: tuple[Part, ...]
    names: Sequence[str]
    before: int

    @property
    def blank(self) -> int:
        """Number of the symbol that stands for nothing."""
        return len(self.names)


class _Window(NamedTuple):
    """Frames first..last-1 of a slot; `label` is NeMo's symbol, or blank."""

    first: int
    last: int
    label: int


def build(posteriors: Posteriors) -> list[Slot]:
    """Slots of an utterance, in order. Those that are not optional spell NeMo's greedy text."""
    if not posteriors.parts:
        return []
    symbols, logs, blank = (np.concatenate(arrays) for arrays in zip(*posteriors.parts, strict=True))
    begin = _begin(symbols[:, 0], posteriors)
    symbols, logs, blank = symbols[begin:], logs[begin:], blank[begin:]
    runs = _runs(symbols[:, 0], posteriors.blank)
    windows = _windows(runs, len(symbols), _gaps(runs, blank))
    if not windows:
        return []
    rivals = [_rivals(w, symbols, logs, posteriors.blank) for w in windows]
    scores, nothing = _score(windows, rivals, symbols, logs, blank)
    return [
        _slot(w, r, s, n, posteriors)
        for w, r, s, n in zip(windows, rivals, scores, nothing.tolist(), strict=True)
    ]


def _begin(labels: Int, posteriors: Posteriors) -> int:
    """Frames at the beginning that still belong to the syllable before them."""
    if posteriors.before == posteriors.blank:
        return 0
    other = np.nonzero(labels != posteriors.before)[0]
    return int(other[0]) if len(other) else len(labels)


def _runs(labels: Int, blank: int) -> list[_Window]:
    """NeMo's syllables: runs of one symbol other than blank."""
    edges = [0, *(np.nonzero(np.diff(labels))[0] + 1).tolist(), len(labels)]
    runs = (_Window(a, b, int(labels[a])) for a, b in pairwise(edges) if b > a)
    return [run for run in runs if run.label != blank]


def _gaps(runs: list[_Window], blank: Float) -> list[int]:
    """Blank frames, apart from the syllables around them, in which a syllable is likeliest."""
    out: list[int] = []
    spoken = 1.0 - np.exp(blank)
    edges = [0, *(edge for run in runs for edge in (run.first, run.last)), len(blank)]
    for k in range(0, len(edges), 2):
        first = edges[k] + (k > 0)
        last = edges[k + 1] - (k + 2 < len(edges))
        if last > first:
            peak = first + int(np.argmax(spoken[first:last]))
            if spoken[peak] > NOTABLE:
                out.append(peak)
    return out


def _windows(runs: list[_Window], frames: int, gaps: list[int]) -> list[_Window]:
    """Every slot with its frames: the blanks between two slots are shared evenly."""
    own = sorted([*runs, *(_Window(peak, peak + 1, -1) for peak in gaps)])
    out = []
    for n, slot in enumerate(own):
        left = (own[n - 1].last + slot.first) // 2 if n else 0
        right = (slot.last + own[n + 1].first) // 2 if n + 1 < len(own) else frames
        out.append(_Window(max(left, slot.first - REACH), min(right, slot.last + REACH), slot.label))
    return out


def _rivals(window: _Window, symbols: Int, logs: Float, blank: int) -> list[int]:
    """The symbols that are likeliest in some frame of a slot."""
    best: dict[int, float] = {}
    for frame in range(window.first, window.last):
        for symbol, log in zip(symbols[frame].tolist(), logs[frame].tolist(), strict=True):
            if log > best.get(symbol, _NEVER):
                best[symbol] = log
    best.pop(blank, None)
    return sorted(best, key=lambda s: (s == window.label, best[s]), reverse=True)[:CHOICES]


def _score(
    windows: list[_Window], rivals: list[list[int]], symbols: Int, logs: Float, blank: Float
) -> tuple[list[list[float]], Float]:
    """ln probability of each rival in its slot's frames, and of nothing: CTC's forward pass, all slots at
    once."""
    longest = max(w.last - w.first for w in windows)
    said = np.full((longest, len(windows), CHOICES), _NEVER, np.float32)
    silent = np.zeros((longest, len(windows), 1), np.float32)
    for n, (window, wanted) in enumerate(zip(windows, rivals, strict=True)):
        frames = slice(window.first, window.last)
        size = window.last - window.first
        same = symbols[frames, None, :] == np.array(wanted, np.int32)[None, :, None]
        kept = np.where(same, logs[frames, None, :], _NEVER).max(axis=2)
        said[:size, n, : len(wanted)] = np.maximum(kept, logs[frames, -1:] - _UNSEEN)
        silent[:size, n, 0] = blank[frames]
    begun = np.zeros((len(windows), 1), np.float32)  # nothing said yet
    inside = np.full((len(windows), CHOICES), _NEVER, np.float32)
    after = inside.copy()
    for sound, quiet in zip(said, silent, strict=True):
        after = np.logaddexp(after, inside) + quiet
        inside = np.logaddexp(inside, begun) + sound
        begun = begun + quiet
    total = np.logaddexp(inside, after)
    return [row[: len(r)] for row, r in zip(total.tolist(), rivals, strict=True)], begun[:, 0]


def _slot(
    window: _Window, rivals: list[int], scores: list[float], nothing: float, posteriors: Posteriors
) -> Slot:
    whole = float(np.logaddexp.reduce(np.array([nothing, *scores])))
    choices = sorted(
        ((posteriors.names[r], s - whole) for r, s in zip(rivals, scores, strict=True)), key=lambda c: -c[1]
    )
    return Slot(tuple(choices), nothing - whole, window.label < 0)
