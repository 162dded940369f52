"""media_clock: what the media thread costs, against a floor in C that does the same work.

500 simulated calls from a load generator in C. The media thread receives (port per call), buffers jitter,
decodes, plays out, sends in 4 groups and records both directions; the figure is its CPU-seconds per second
of audio over those of the floor. Both are built and run here, in turns, so that what else the machine does
weighs on both alike. No packet may be lost; both ends count.

    python bench/media_clock.py [--seconds 20] [--calls 500]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from yingda.gateway.media import MediaEngine, MediaEvent, MediaLeg, MediaSettings
from yingda.gateway.vad import VadModel
from yingda.plumbing.recording.keys import new_ring
from yingda.plumbing.recording.vault import Vault

BUILD = ROOT / "var" / "bench"
BAR = 2.0
ROUNDS = 3
LOCAL_PORT, PEER_PORT = 40000, 50000
SPARE_SECONDS = 2.5  # of load around the measured part


@dataclass
class Side:
    """What was measured of one side in all rounds."""

    cpu: float = 0.0
    audio_seconds: float = 0.0
    writer: float = 0.0
    rates: list[float] = field(default_factory=list)
    lateness: list[dict[str, float]] = field(default_factory=list)
    missing: int = 0

    @property
    def rate(self) -> float:
        """CPU-seconds per second of audio of all calls."""
        return self.cpu / self.audio_seconds

    def add(self, cpu: float, seconds: float) -> None:
        """One round's media thread."""
        self.cpu += cpu
        self.audio_seconds += seconds
        self.rates.append(cpu / seconds)


class Program:
    """A program of ours that talks in lines."""

    def __init__(self, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.expect("ready")

    def expect(self, word: str) -> str:
        """Wait for a line that begins with word."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(word):
            raise SystemExit(f"media_clock: {self._process.args!r} said {line!r}, expected {word!r}")
        return line

    def tell(self) -> None:
        """The next line on its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """Tell it to end; its counts."""
        self.tell()
        counts: dict[str, Any] = json.loads(self.expect("{"))
        self._process.wait(10)
        return counts


def build() -> None:
    """Compile the two C programs of this run."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name, libraries in (("load", ["-lm"]), ("floor", ["-lpthread"])):
        source = ROOT / "bench" / "floor" / f"{name}.c"
        command = ["gcc", "-O2", "-o", str(BUILD / name), str(source), *libraries]
        if subprocess.run(command).returncode:
            raise SystemExit(f"media_clock: cannot build {source}; gcc is needed (apt-get install gcc)")


def start_load(calls: int, seconds: float) -> Program:
    """The load generator, its sockets bound, not yet sending."""
    return Program(BUILD / "load", calls, seconds + SPARE_SECONDS, LOCAL_PORT, PEER_PORT)


def measure_floor(side: Side, calls: int, seconds: float, directory: Path) -> None:
    """One round of the C floor."""
    directory.mkdir(parents=True, exist_ok=True)
    load = start_load(calls, seconds)
    floor = Program(BUILD / "floor", calls, seconds, LOCAL_PORT, PEER_PORT, directory)
    load.tell()
    floor.expect("measured")
    load.expect("sent")
    time.sleep(0.1)
    counts, far = floor.result(), load.result()
    side.add(counts["cpu"], counts["ticks"] / 50)
    side.writer += counts["writer_cpu"] / (seconds + SPARE_SECONDS)
    side.lateness.append({name: counts[name] for name in ("p50", "p99", "max")})
    side.missing += abs(far["sent"] - counts["received"]) + abs(counts["sent"] - far["received"])


class Speaker:
    """Keeps all legs talking: a second of audio each, a fiftieth of them every tick."""

    def __init__(self, legs: list[MediaLeg]) -> None:
        self._legs, self._tick = legs, 0
        self._audio = (np.sin(np.arange(8000) * 0.3) * 8000).astype(np.int16)
        for leg in legs:
            leg.play(1, self._audio, False)

    def take(self, events: list[MediaEvent]) -> None:
        """Once per tick: feed those whose turn it is."""
        self._tick += 1
        for leg in self._legs[self._tick % 50 :: 50]:
            leg.play(1, self._audio, False)


async def measure_engine(side: Side, calls: int, seconds: float, directory: Path) -> None:
    """One round of the media engine."""
    load = await asyncio.to_thread(start_load, calls, seconds)
    settings = MediaSettings(
        bind_address="127.0.0.1",
        port_first=LOCAL_PORT,
        port_last=LOCAL_PORT + 2 * calls - 1,
        max_legs=calls,
        recordings_dir=str(directory),
    )
    engine = MediaEngine(settings, vault=Vault(directory, new_ring("bench")))
    legs = [engine.open_leg(str(number)) for number in range(calls)]
    speaker: list[Speaker] = []
    engine.start(lambda events: speaker[0].take(events) if speaker else None)
    for leg in legs:
        leg.connect(("127.0.0.1", PEER_PORT + leg.local_port - LOCAL_PORT), 8)
    speaker.append(Speaker(legs))
    await asyncio.sleep(0.3)  # until all are connected
    load.tell()
    await asyncio.sleep(1.2)
    before, begun = engine.stats(), time.monotonic()
    await asyncio.sleep(seconds)
    after = engine.stats()
    side.add(after["cpu_seconds"] - before["cpu_seconds"], (after["ticks"] - before["ticks"]) / 50)
    recorded = after["recorder"]["cpu_seconds"] - before["recorder"]["cpu_seconds"]
    side.writer += recorded / (time.monotonic() - begun)
    await asyncio.to_thread(load.expect, "sent")
    await asyncio.sleep(0.1)
    engine.stop(10.0)
    far, near = load.result(), engine.stats()
    bins = [
        late - early
        for late, early in zip(after["lateness_histogram"], before["lateness_histogram"], strict=True)
    ]
    side.lateness.append(summary(bins))
    side.missing += abs(far["sent"] - near["packets_received"]) + abs(near["packets_sent"] - far["received"])
    dropped = {name: near[name] for name in ("packets_lost", "packets_late", "starvations", "clock_restarts")}
    print(
        f"engine: {side.rates[-1]:.3f} CPU-s per s, to it {far['sent']}/{near['packets_received']}, "
        f"back {near['packets_sent']}/{far['received']}, {near['priority']}, {dropped}",
        flush=True,
    )
    print_histogram(bins)


def summary(bins: list[int]) -> dict[str, float]:
    """Percentiles (upper edge of their bin, ms) of a histogram in bins of 0.1 ms."""
    passed = np.cumsum(bins)
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        name: (int(np.searchsorted(passed, share * passed[-1])) + 1) / 10 for name, share in shares.items()
    }


def print_histogram(bins: list[int]) -> None:
    """Tick lateness in wide bins."""
    edges = [0, 1, 2, 5, 10, 20, 50, 100, 200, len(bins)]
    parts = [f"<{high / 10:g} ms: {sum(bins[low:high])}" for low, high in itertools.pairwise(edges)]
    print("  lateness " + ", ".join(parts), flush=True)


def vad_cost(calls: int) -> str:
    """CPU-seconds per second of audio of the gateway's speech detection over all calls, batched, one
    thread."""
    model = VadModel(calls, floor_dbfs=-50.0)
    rows, noise = np.arange(calls), np.random.default_rng(1)
    pcm = noise.normal(0, 1500, (calls, 160)).astype(np.int16)
    model.step(rows, pcm)
    ticks, begun = 96, time.process_time()
    for _ in range(ticks):
        model.step(rows, pcm)
    cost = (time.process_time() - begun) / (ticks * 0.02)
    return (
        f"vad: {calls} calls in one batch, {cost:.3f} CPU-s per s of audio (its own thread, not in the ratio)"
    )


def show(name: str, side: Side) -> None:
    """One side's line."""
    late = {key: max(row[key] for row in side.lateness) for key in ("p50", "p99", "max")}
    shown = " ".join(f"{key} {value:.2f}" for key, value in late.items())
    rates = " ".join(f"{rate:.3f}" for rate in side.rates)
    print(
        f"{name}: {side.rate:.4f} CPU-s per s of audio (rounds {rates}); writer thread "
        f"{side.writer / len(side.rates):.4f}; tick lateness ms {shown}; packets missing {side.missing}"
    )


def main() -> int:
    """Run all rounds; 0 only if the bar holds and nothing was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of audio measured on each side")
    parser.add_argument("--calls", type=int, default=500)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    build()
    floor, engine = Side(), Side()
    recordings = BUILD / "recordings"
    for _ in range(ROUNDS):
        measure_floor(floor, options.calls, options.seconds / ROUNDS, recordings)
        asyncio.run(measure_engine(engine, options.calls, options.seconds / ROUNDS, recordings))
        shutil.rmtree(recordings, ignore_errors=True)
    show("floor (C)", floor)
    show("engine", engine)
    print(vad_cost(options.calls))
    ratio = engine.rate / floor.rate
    lost = floor.missing + engine.missing
    passed = ratio <= BAR and not lost
    why = f" ({lost} packets missing)" if lost else ""
    print(f"media_clock: ratio {ratio:.2f} (bar <= {BAR:.1f}) {'PASS' if passed else 'FAIL'}{why}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
