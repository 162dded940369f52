"""The loop of every trainer that draws one batch a step: step, print, save, until its time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from training.schedule import Cycle

_SAVE_S = 300.0  # what a kill may cost


class Trainer(Protocol):
    step: int
    cycle: Cycle

    def train_step(self, *batch: object) -> Sequence[float]: ...

    def save(self, out: Path) -> None: ...


def run(
    trainer: Trainer, draw: Callable[[], tuple], names: Sequence[str], out: Path, every: int = 100
) -> None:
    """`names` of the numbers that a step returns; their means are printed every so many steps."""
    seen: list[Sequence[float]] = []
    saved, cpu = time.monotonic(), time.process_time()
    while trainer.cycle.done < 1:
        seen.append(trainer.train_step(*draw()))
        if trainer.step % every == 0:
            means = ", ".join(f"{n} {x:.3f}" for n, x in zip(names, np.mean(seen, 0), strict=True))
            print(
                f"step {trainer.step} done {trainer.cycle.done:.3f} "
                f"cpu {time.process_time() - cpu:.0f} s, {means}",
                flush=True,
            )
            seen.clear()
        if time.monotonic() - saved > _SAVE_S:
            trainer.save(out)
            saved = time.monotonic()
    trainer.save(out)
