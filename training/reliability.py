"""Whether confidences are true: pure figures over sentences with a confidence and whether they are right."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

BINS = 5
_SPREAD = 2.0  # standard errors by which a bin may lie below the one before it


class Bin(NamedTuple):
    """Sentences with a confidence from `low` to `high`: how many, their mean confidence, the share right."""

    low: float
    high: float
    count: int
    sure: float
    right: float


def curve(sure: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Bins of equal width that are not empty."""
    out = []
    where = np.minimum((sure * bins).astype(int), bins - 1)
    for k in range(bins):
        inside = where == k
        if inside.any():
            means = float(sure[inside].mean()), float(right[inside].mean())
            out.append(Bin(k / bins, (k + 1) / bins, int(inside.sum()), *means))
    return out


def rises(bins: list[Bin]) -> bool:
    """Whether the share that is right rises from bin to bin, but for chance."""

    def error(b: Bin) -> float:
        return float(np.sqrt(max(b.right * (1 - b.right), 0.05) / b.count))

    return all(
        b.right > a.right - _SPREAD * float(np.hypot(error(a), error(b))) for a, b in pairwise(bins)
    ) and (len(bins) < 2 or bins[-1].right > bins[0].right)


def auc(sure: np.ndarray, right: np.ndarray) -> float:
    """How often a right sentence is surer than a wrong one; NaN without both."""
    good, bad = sure[right > 0.5], sure[right <= 0.5]
    if not len(good) or not len(bad):
        return float("nan")
    return float((good[:, None] > bad[None]).mean() + 0.5 * (good[:, None] == bad[None]).mean())


def calibration_error(sure: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: distance of confidence and share right, over bins of equal width."""
    return sum(abs(b.sure - b.right) * b.count for b in curve(sure, right, bins)) / len(sure)
