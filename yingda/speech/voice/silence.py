"""Silence that an acoustic model leaves around and inside a clause, taken out. Pure functions on samples."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt

from yingda.speech.audio import Float

_FRAME_MS = 10
_QUIET_DB = -35.0  # below the loud frames; soft consonants are louder, what the vocoder leaves is not
_GAP_MS = 60  # shorter ones are the closures of stops and affricates
_NEAR = 0.15  # of the clause's spoken time: how far a pause may lie from where its mark is expected
_FADE_MS = 5


def trim(
    samples: Float,
    rate: int,
    text: str,
    longest_ms: int = 350,
    inner_ms: int = 120,
    lead_ms: int = 30,
    tail_ms: int = 60,
) -> Float:
    """Audio of the clause `text` with at most `lead_ms` of silence before and `tail_ms` after it; a silence
    longer than `longest_ms` between two syllables without a mark between them becomes `inner_ms`.

    Times in ms, `rate` in Hz. Audio without any sound comes back as it is.
    """
    size = rate * _FRAME_MS // 1000
    loud = _loud_frames(samples, size)
    if not loud.any():
        return samples
    first, last = int(np.argmax(loud)), len(loud) - int(np.argmax(loud[::-1]))  # last: first silent one
    start = max(0, first * size - rate * lead_ms // 1000)
    end = min(len(samples), last * size + rate * tail_ms // 1000)
    gaps = [(a, b) for a, b in _runs(~loud) if a > first and b < last]
    wanted = _at_marks([g for g in gaps if (g[1] - g[0]) * _FRAME_MS >= _GAP_MS], loud, text)
    keep = rate * inner_ms // 1000
    pieces, at = [], start
    for a, b in gaps:
        if (b - a) * _FRAME_MS > longest_ms and (a, b) not in wanted:
            pieces.append(samples[at : a * size + keep // 2])
            at = b * size - (keep - keep // 2)
    pieces.append(samples[at:end])
    return _join(pieces, rate * _FADE_MS // 1000)


def _loud_frames(samples: Float, size: int) -> npt.NDArray[np.bool_]:
    """Which frames of `size` samples are heard, measured against the clause's own loud frames."""
    count = -(-len(samples) // size)
    padded = np.pad(samples, (0, count * size - len(samples)))
    levels = np.sqrt(np.mean(padded.reshape(count, size).astype(np.float64) ** 2, axis=1))
    reference = float(np.quantile(levels, 0.95)) if count else 0.0
    if reference < 1e-6:  # hardly anything is loud: a click in silence, or nothing at all
        reference = float(levels.max()) if count else 0.0
    return np.asarray((levels > reference * 10 ** (_QUIET_DB / 20)) & (levels > 1e-6))


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, end) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _at_marks(gaps: list[tuple[int, int]], loud: npt.NDArray[np.bool_], text: str) -> set[tuple[int, int]]:
    """Those gaps that are the pauses of marks inside `text`: each mark takes the nearest free one."""
    spoken = np.cumsum(loud) / loud.sum()
    free, taken = list(gaps), set()
    for place in _mark_places(text):
        nearest = min(free, key=lambda gap: abs(float(spoken[gap[0]]) - place), default=None)
        if nearest is not None and abs(float(spoken[nearest[0]]) - place) <= _NEAR:
            free.remove(nearest)
            taken.add(nearest)
    return taken


def _mark_places(text: str) -> list[float]:
    """Where marks stand between syllables, as a share of the clause's syllables."""
    places: list[int] = []
    syllables = 0
    for character in text:
        if unicodedata.category(character)[0] in "LN":
            syllables += 1
        elif unicodedata.category(character)[0] == "P" and syllables and syllables not in places:
            places.append(syllables)
    return [place / syllables for place in places if place < syllables]


def _join(pieces: list[Float], fade: int) -> Float:
    """Pieces one after another, each blended into the next over `fade` samples, so that no seam clicks."""
    out = pieces[0]
    for piece in pieces[1:]:
        n = min(fade, len(out), len(piece))
        ramp = (np.arange(n, dtype=np.float32) + 1) / np.float32(n + 1)
        seam = out[len(out) - n :] * (1 - ramp) + piece[:n] * ramp
        out = np.concatenate([out[: len(out) - n], seam, piece[n:]])
    return np.asarray(out, dtype=np.float32)
