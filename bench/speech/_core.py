"""Whether a core is ours alone: fixed matrix work takes as long by the clock as it takes of CPU."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

MOST_WAITING = 1.15  # wall over CPU time; above it somebody else ran on the core
_SIZE, _TIMES = 256, 150


@dataclass
class Probe:
    """Tries the core now and then. About 0.2 CPU-seconds each time."""

    walls_s: list[float] = field(default_factory=list)
    cpus_s: list[float] = field(default_factory=list)

    def try_it(self) -> None:
        """Do the work once, and note both times."""
        matrix = np.random.default_rng(0).standard_normal((_SIZE, _SIZE)).astype(np.float32)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(_TIMES):
            matrix = np.tanh(matrix @ matrix / _SIZE)
        self.walls_s.append(time.perf_counter() - wall)
        self.cpus_s.append(time.process_time() - cpu)

    @property
    def waiting(self) -> float:
        """The worst of wall over CPU time."""
        return max(wall / cpu for wall, cpu in zip(self.walls_s, self.cpus_s, strict=True))

    @property
    def is_ours(self) -> bool:
        """Nobody else ran on it whenever it was tried."""
        return self.waiting <= MOST_WAITING

    def said(self) -> str:
        """One line about it."""
        times = ", ".join(f"{cpu:.2f}" for cpu in self.cpus_s)
        return f"probe: wall time {self.waiting:.2f} of CPU time (fit: <= {MOST_WAITING}), CPU-s {times}"
