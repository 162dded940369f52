"""Edit distance, for figures that count errors."""

from __future__ import annotations

from collections.abc import Sequence


def distances(a: Sequence[str], b: Sequence[str]) -> list[int]:
    """Levenshtein distance of `a` to each beginning of `b`, the empty one first and the whole last."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein distance."""
    return distances(a, b)[-1]
