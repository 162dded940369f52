"""The learning rate of every recipe here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def learning_rate(peak: float, step: int, warm_up: int, done: float) -> float:
    """`peak` after `warm_up` steps, then half a cosine down to a fiftieth of it; `done` is the share 0-1 of
    the time that the training may take (Loshchilov and Hutter 2017, one cycle)."""
    return peak * min(1, (step + 1) / warm_up) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, done))))


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """For all parameters."""
    for group in optimiser.param_groups:
        group["lr"] = rate
