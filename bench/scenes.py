"""scenes: every scene of tests/scenes as a whole call over SIP and RTP, on the real system.

    make figure NAME=scenes                  (some of them: python bench/scenes.py cough nod)

The shipped speech models, the trained assistant, real actions and stores. Scenes of one caller are played one
after another, those of others beside them; scenes in which a process is killed or stalled are played alone,
last. The call's record, its recording, latencies and what must not be said are judged as docs/scenes.md says.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench._system import DidNotStart, System, running
from scripts.layout import ROOT
from yingda.caller import scene
from yingda.caller.call import Options, Outcome, place
from yingda.caller.phone import CallNotAnswered
from yingda.caller.scene import Fault, Scene, SceneError
from yingda.caller.wire import percentile

FOLDER = ROOT / "tests" / "scenes"
AT_ONCE = 3
HEALTHY_WITHIN_S = 120.0
OFFSET = 380


def say(text: str) -> None:
    print(text, flush=True)


@dataclass
class Played:
    """One scene and what came of it."""

    name: str
    outcome: Outcome | None = None
    problem: str = ""

    @property
    def why(self) -> list[str]:
        """Everything that does not hold."""
        if self.outcome is None:
            return [self.problem]
        return [f"{failure.turn}: {failure.why}" for failure in self.outcome.verdict.failures]

    def said(self) -> str:
        """One line, and one for each failure."""
        latency = self.outcome.verdict.p95_s if self.outcome else None
        slowest = "" if latency is None else f", p95 {latency:.2f} s"
        lines = [f"  {self.name:<24} {'FAIL' if self.why else 'ok'}{slowest}"]
        return "\n".join([*lines, *(f"      {why}" for why in self.why)])


def failing(system: System, fault: Fault) -> None:
    """Do what the fault says; a stalled process goes on by itself."""
    if fault.kill is not None:
        system.kill(fault.kill)
        return
    assert fault.stall is not None
    pid = system.pid(fault.stall)
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(fault.seconds, os.kill, (pid, signal.SIGCONT)).start()


async def play(system: System, path: Path) -> Played:
    """One call."""
    options = Options(path, system.sip, mongo=system.mongo_url, fail=lambda fault: failing(system, fault))
    try:
        return Played(path.stem, await place(options, lambda _line: None))
    except (SceneError, CallNotAnswered, OSError) as error:
        return Played(path.stem, problem=f"the call did not come about: {error}")


async def play_all(system: System, scenes: dict[Path, Scene]) -> list[Played]:
    """Those with faults last and alone; those of one caller one after another."""
    alone = [path for path, read in scenes.items() if any(turn.fault for turn in read.turns)]
    queues: dict[str, list[Path]] = {}
    for path, read in scenes.items():
        if path not in alone:
            queues.setdefault(read.caller, []).append(path)
    room, found = asyncio.Semaphore(AT_ONCE), []

    async def one(path: Path) -> None:
        async with room:
            played = await play(system, path)
        say(played.said())
        found.append(played)

    async def of_caller(paths: list[Path]) -> None:
        for path in paths:
            await one(path)

    await asyncio.gather(*map(of_caller, queues.values()))
    for path in alone:
        await healthy(system)
        await one(path)
    return found


async def healthy(system: System) -> None:
    """Wait until all processes are."""
    end = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < end:
        if all(system.healthy(name) for name in ("speech", "actions", "rasa", "gateway")):
            return
        await asyncio.sleep(0.5)


def main() -> int:
    """Print the figure; 0 when all scenes hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="scenes; all when left out")
    names = parser.parse_args().names
    paths = [FOLDER / f"{name}.yml" for name in names] or sorted(FOLDER.glob("*.yml"))
    try:
        scenes = {path: scene.load(path) for path in paths}
        with running(OFFSET) as system:
            say(f"  {len(scenes)} scenes, {AT_ONCE} at once")
            found = asyncio.run(play_all(system, scenes))
    except (SceneError, DidNotStart) as error:
        say(f"{error}\nscenes: not played FAIL")
        return 1
    latencies = [s for played in found if played.outcome for s in played.outcome.verdict.latencies_s]
    held = sum(not played.why for played in found)
    p50, p95 = (percentile(latencies, share) or 0.0 for share in (0.5, 0.95))
    say(f"  response latency over {len(latencies)} turns: p50 {p50:.2f}, p95 {p95:.2f} s")
    shown = "PASS" if held == len(scenes) else "FAIL"
    say(f"scenes: {held} of {len(scenes)} hold (bar: all) {shown}")
    return 0 if held == len(scenes) else 1


if __name__ == "__main__":
    sys.exit(main())
