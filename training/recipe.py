"""Build a shipped speech model from nothing, or go on where a kill stopped it.

    python -m training.recipe recogniser --minutes 120
    python -m training.recipe voice --minutes 120
    python -m training.recipe vocoder --minutes 90

Steps whose result is there are left out: delete a result to make it again. Training counts the
minutes that it has had in var/recipes, and goes on with the rest from its last checkpoint, which is at most
seven minutes old. Every step runs in a process of its own; the first that fails ends the recipe.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training import manifest
from training.sentences import ROOT

VAR, MODELS = ROOT / "var", ROOT / "models/speech"
STATE = VAR / "recipes"


@dataclass(frozen=True)
class Step:
    """One program of this folder, and what tells that it has done its work."""

    about: str
    run: tuple[str, ...]
    is_done: Callable[[], bool]


def _spoken() -> bool:
    """Whether every line of the committed manifest lies spoken in a shard."""
    lines = VAR / "speech/all.jsonl"
    if not lines.exists():
        return False
    with lines.open("rb") as file:
        return sum(1 for _ in file) >= len(manifest.lines())


def _student() -> Path:
    return ROOT / "training/student.pt"


STUDENT = (
    Step(
        "nine minutes of the teacher, for its student",
        ("training.student", "pairs", "--seconds", "540"),
        lambda: _student().exists() or len(list((VAR / "teacher/pairs").glob("*.npz"))) >= 16,
    ),
    Step(
        "the student voice",
        ("training.student", "fit", "--minutes", "5"),
        lambda: _student().exists(),
    ),
)
SPEECH = Step(
    "speech of the committed manifest", ("training.make_speech", "rebuild", "--shard", "all"), _spoken
)


def ship(made: str, name: str) -> None:
    """Put a trained model where the server looks for it."""
    part = MODELS / (name + ".part")
    shutil.copy(VAR / "checkpoints" / made, part)
    part.replace(MODELS / name)


def ship_recogniser() -> None:
    for module in (("training.train_asr", "--ship"), ("training.lexicon",)):
        subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=True)


RECIPES: dict[str, tuple[str, Callable[[], None]]] = {
    "recogniser": ("training.train_asr", ship_recogniser),
    "voice": ("training.train_tts", lambda: ship("tts-zh-8k.nemo", "tts-zh-8k.nemo")),
    "vocoder": ("training.train_source_filter", lambda: ship("vocoder-zh-8k.pt", "vocoder-zh-8k.pt")),
}
CHECKPOINTS = {"recogniser": "asr.pt", "voice": "tts.pt", "vocoder": "source-filter.pt"}


class Clock:
    """Minutes that training has had, kept over kills."""

    def __init__(self, name: str) -> None:
        self._path = STATE / f"{name}.json"
        self.spent = json.loads(self._path.read_text())["minutes"] if self._path.exists() else 0.0

    def add(self, minutes: float) -> None:
        self.spent += minutes
        STATE.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps({"minutes": round(self.spent, 2)}))
        part.replace(self._path)


def train(name: str, minutes: float) -> int:
    """Run the trainer until it has had `minutes`; returns its exit status."""
    module, _ = RECIPES[name]
    clock, checkpoint = Clock(name), VAR / "checkpoints" / CHECKPOINTS[name]
    if clock.spent >= minutes:
        print(f"{name}: has had its {minutes:g} minutes; delete {STATE} to train on", flush=True)
        return 0
    resume = ["--resume"] if checkpoint.exists() else []
    print(f"{name}: training, {clock.spent:.0f} of {minutes:g} minutes had", flush=True)
    left = minutes - clock.spent
    process = subprocess.Popen([sys.executable, "-m", module, "--minutes", f"{left:.1f}", *resume], cwd=ROOT)
    kept = time.monotonic()
    while process.poll() is None:
        time.sleep(5)
        stamp = checkpoint.stat().st_mtime if checkpoint.exists() else 0.0
        if stamp > time.time() - 10 and time.monotonic() - kept > 30:
            clock.add((time.monotonic() - kept) / 60)  # what a kill from now on cannot take back
            kept = time.monotonic()
    if process.returncode == 0:
        clock.add(max(0.0, minutes - clock.spent))
    return process.returncode


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=RECIPES)
    parser.add_argument("--minutes", type=float, default=120, help="of training, over all runs")
    args = parser.parse_args()
    for step in (*STUDENT, SPEECH):
        if step.is_done():
            print(f"{args.model}: {step.about}: is there", flush=True)
            continue
        print(f"{args.model}: {step.about}", flush=True)
        status = subprocess.run([sys.executable, "-m", *step.run], cwd=ROOT).returncode
        if status:
            return status
    status = train(args.model, args.minutes)
    if status == 0:
        RECIPES[args.model][1]()
        print(f"{args.model}: shipped to {MODELS}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
