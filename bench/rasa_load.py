"""rasa_load: how fast one Rasa worker on one core answers calls at 30 and at 15 turns a second.

    make figure NAME=rasa_load              (one load only: --only rules; shorter: --seconds 20)

The trained assistant, the voice channel, the real action server over MongoDB; calls over WebSockets at a
fixed rate, whether the bot keeps up or not. The worker has a core to itself; MongoDB, Redis, the actions and
the callers share the others. Rules and memoisation at 30 turns a second, TED (config/ted.yml) at 15; the same
with Rasa's own code and stores in the same run. A turn's time runs from the customer's message to the end of
the bot's turn; every turn goes through the action server. Exit status 2: somebody else ran on the core, so
times are no verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench._calls import Turn, offer
from bench._rasa import Configuration, Neighbours, busy_seconds, cpu_seconds, neighbours
from scripts import assistant
from scripts.layout import ROOT
from yingda.plumbing.health import NotReady

BAR_S = 0.150
RATES = {"rules": 30.0, "ted": 15.0}
CONFIGS = {"rules": "config.yml", "ted": "config/ted.yml"}
SECONDS, WARM_S, GRACE_S = 40.0, 20.0, 10.0
MOST_FOREIGN = (
    0.04  # share of the worker's core that others may take before times are no verdict: 5 % add a third
)
MOST_BESIDE = 0.95  # and how full the others' cores may be
LEAST_RIGHT = 0.99
TRIES = 4  # for a quiet machine


def say(text: str) -> None:
    print(text, flush=True)


@dataclass(frozen=True)
class Measured:
    """One worker under one load."""

    name: str
    rate: float
    turns: list[Turn]
    cpu_s: float
    foreign: float  # share of the worker's core that somebody else took
    beside: float  # how full the fullest of the other cores was
    beside_s: dict[str, float]  # CPU time there, by process

    def percentile(self, percent: float) -> float:
        """Seconds within which so many turns were over."""
        times = sorted(turn.done_s for turn in self.turns)
        return times[min(len(times) - 1, math.ceil(len(times) * percent / 100) - 1)] if times else math.inf

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU for each turn."""
        answered = sum(turn.problem != "not answered" for turn in self.turns)
        return 1000 * self.cpu_s / max(answered, 1)

    @property
    def beside_ms(self) -> str:
        """Milliseconds of CPU for each turn of those beside the worker."""
        turns = max(len(self.turns), 1)
        return ", ".join(f"{name} {1000 * spent / turns:.1f}" for name, spent in self.beside_s.items())

    @property
    def right(self) -> float:
        """Share of turns that were answered as they should be."""
        return sum(turn.problem is None for turn in self.turns) / max(len(self.turns), 1)

    @property
    def is_fit(self) -> bool:
        """The worker had its core, and those that it waits for were not starved."""
        return self.foreign <= MOST_FOREIGN and self.beside <= MOST_BESIDE

    def said(self) -> str:
        """One line about it."""
        p50, p95, p99 = (1000 * self.percentile(p) for p in (50, 95, 99))
        firsts = sorted(turn.first_s for turn in self.turns if turn.first_s is not None)
        first = 1000 * firsts[int(len(firsts) * 0.95)] if firsts else math.inf
        return (
            f"{self.name:<12} {self.rate:.0f}/s: p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms, "
            f"p95 to the first sentence {first:.0f}; {self.cpu_ms:.1f} CPU-ms a turn; "
            f"{100 * self.right:.1f} % of {len(self.turns)} right; others took {100 * self.foreign:.0f} % "
            f"of its core, the fullest core beside it {100 * self.beside:.0f} % "
            f"({self.beside_ms} CPU-ms a turn)"
        )


class Meter:
    """CPU time of the worker, and who else ran, between two moments."""

    def __init__(self, pid: int, core: int, others: Sequence[int], beside: dict[str, int]) -> None:
        """`pid` is the worker, pinned to `core`; `beside` are processes on the other cores, by name."""
        self._pid, self._core, self._others, self._beside = pid, core, others, beside
        self.worker_s = self.foreign = self.beside = 0.0
        self.beside_s: dict[str, float] = {}

    def mark(self, begins: bool) -> None:
        """Called at both ends of the window."""
        now = (
            time.monotonic(),
            cpu_seconds([self._pid]),
            busy_seconds(self._core),
            [busy_seconds(core) for core in self._others],
            {name: cpu_seconds([pid]) for name, pid in self._beside.items()},
        )
        if begins:
            self._began = now
            return
        wall = now[0] - self._began[0]
        self.worker_s = now[1] - self._began[1]
        self.foreign = max(0.0, now[2] - self._began[2] - self.worker_s) / wall
        self.beside = max((b - a) / wall for a, b in zip(self._began[3], now[3], strict=True))
        self.beside_s = {name: spent - self._began[4][name] for name, spent in now[4].items()}


def measure(
    name: str, around: Neighbours, configuration: Configuration, rate: float, core: int, seconds: float
) -> Measured:
    """Start a worker, load it, stop it. Raises NotReady."""
    began = time.monotonic()
    worker = around.worker(configuration, core)
    try:
        say(
            f"  {name}: worker ready after {time.monotonic() - began:.0f} s, "
            f"loading it for {WARM_S + seconds:.0f} s"
        )
        assert worker.child.pid is not None
        beside = {child.name: child.pid for child in around.children if child.pid is not None}
        beside["callers"] = os.getpid()
        meter = Meter(worker.child.pid, core, sorted(os.sched_getaffinity(0)), beside)
        turns = asyncio.run(offer(worker.address, rate, WARM_S, seconds, GRACE_S, meter.mark))
    finally:
        worker.stop()
    measured = Measured(name, rate, turns, meter.worker_s, meter.foreign, meter.beside, meter.beside_s)
    say("  " + measured.said())
    problems: dict[str, int] = {}
    for turn in turns:
        if turn.problem is not None:
            problems[turn.problem] = problems.get(turn.problem, 0) + 1
    for problem, times in sorted(problems.items(), key=lambda item: -item[1])[:5]:
        say(f"      {times} x {problem}")
    return measured


def verdict(found: dict[str, tuple[Measured, Measured | None]]) -> int:
    """Print ratios and the figure; its exit status."""
    held, fit, parts = True, True, []
    for name, (ours, stock) in found.items():
        p95 = ours.percentile(95)
        held = held and p95 <= BAR_S and ours.right >= LEAST_RIGHT
        fit = fit and ours.is_fit
        parts.append(f"{name} {ours.rate:.0f}/s p95 {1000 * p95:.0f} ms")
        if stock is not None:
            less, sooner = stock.cpu_ms / ours.cpu_ms, stock.percentile(95) / p95
            say(f"{name}: Rasa's own takes {less:.2f} times the CPU a turn, and {sooner:.1f} times the p95")
    if not fit:
        say(
            "not fit: somebody else ran on the worker's core, or the cores beside it were full, so these "
            "times are no verdict; run it alone"
        )
    shown = "PASS" if held else "FAIL"
    say(f"rasa_load: {', '.join(parts)} (bar <= {1000 * BAR_S:.0f} ms each) {shown}")
    return 2 if not fit else 0 if held else 1


def main() -> int:
    """Print the figure; 0 when it meets the bars, 2 when the machine does not let them be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(RATES), help="this load alone")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="of each load, after 20 s of warming up"
    )
    parser.add_argument("--rate", type=float, help="turns a second, instead of those of the bars: no verdict")
    parser.add_argument("--no-stock", action="store_true", help="without Rasa's own code beside it")
    chosen = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        say("rasa_load: two cores are needed, one for the worker and one for what it talks to FAIL")
        return 2
    core = cores[-1]
    names = [chosen.only] if chosen.only else list(RATES)
    log = ROOT / "var" / "log" / "train.log"
    models = {name: assistant.ensure(log, say, CONFIGS[name]) for name in names}
    os.sched_setaffinity(0, set(cores[:-1]))  # for us and for all that we start
    folder = ROOT / "var" / "bench" / "rasa_load"
    shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, tuple[Measured, Measured | None]] = {}
    try:
        with neighbours(folder) as around:
            for name in names:
                rate = chosen.rate or RATES[name]
                told = (rate, core, chosen.seconds, not chosen.no_stock)
                found[name] = _both(name, around, models[name], *told)
    except NotReady as error:
        say(f"{error}\nrasa_load: it did not start FAIL")
        return 1
    if chosen.rate:
        say(f"rasa_load: at {chosen.rate:g} turns a second, which has no bar")
        return 2
    return verdict(found)


def _both(
    name: str,
    around: Neighbours,
    model: Path,
    rate: float,
    core: int,
    seconds: float,
    with_stock: bool,
) -> tuple[Measured, Measured | None]:
    for left in reversed(range(TRIES)):
        ours = measure(name, around, Configuration.ours(model), rate, core, seconds)
        if ours.is_fit or not left:
            break
        say(f"  {name}: the machine is not fit, somebody else runs on it; again, {left} more times at most")
    if not with_stock:
        return ours, None
    return ours, measure(f"{name}, stock", around, Configuration.stock(model), rate, core, seconds)


if __name__ == "__main__":
    sys.exit(main())
