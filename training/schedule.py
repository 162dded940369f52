"""The learning rate of every recipe here, and when a run has had its time."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def learning_rate(peak: float, step: int, warm_up: int, done: float) -> float:
    """`peak` after `warm_up` steps, then half a cosine down to a fiftieth of it; `done` is the share 0-1 of
    the time that the training may take (Loshchilov and Hutter 2017, one cycle)."""
    return peak * min(1, (step + 1) / warm_up) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, done))))


class Cycle:
    """One run's learning rate. Its minutes begin with the first step, not with what is prepared before it,
    and every run warms up: what goes on from a shipped model has an optimiser that knows nothing yet."""

    def __init__(self, peak: float, warm_up: int, minutes: float) -> None:
        self._peak, self._warm_up, self._minutes = peak, warm_up, minutes
        self._steps, self._began = 0, 0.0

    @property
    def done(self) -> float:
        """The share of the minutes that is over; 1 and more: the run has had its time."""
        return (time.monotonic() - self._began) / 60 / self._minutes if self._steps else 0.0

    def step(self, *optimisers: torch.optim.Optimizer) -> None:
        """Set the rate of the step that comes now."""
        if not self._steps:
            self._began = time.monotonic()
        rate = learning_rate(self._peak, self._steps, self._warm_up, self.done)
        self._steps += 1
        for optimiser in optimisers:
            set_learning_rate(optimiser, rate)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """For all parameters."""
    for group in optimiser.param_groups:
        group["lr"] = rate
