"""`make reload`: train what was edited, and let the running system take it up without losing a call.

    python -m scripts.reload          YINGDA_PORT_OFFSET as that of the system

Exit status: 0 every worker answers with the new model, 1 not, 2 nothing runs here.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from scripts import assistant, layout

DEADLINE_S = 300.0


def say(text: str) -> None:
    print(text, flush=True)


def state(file: Path) -> dict[str, Any]:
    """What the launcher says of its processes; empty when nothing runs."""
    try:
        rows: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        os.kill(int(rows["run"]["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return {}
    return rows


def models(rows: dict[str, Any]) -> set[str]:
    """The models that workers answer with."""
    return {row["model"] for row in rows.values() if "model" in row}


def wait_for(file: Path, model: str) -> bool:
    """Whether all workers have it before the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    next_word = time.monotonic() + 10
    while time.monotonic() < deadline:
        rows = state(file)
        if not rows:
            return False
        if models(rows) == {model}:
            return True
        if time.monotonic() > next_word:
            next_word += 10
            say("  workers with the new model are starting")
        time.sleep(0.1)
    return False


def main() -> int:
    """Returns the exit status."""
    plan = layout.read()
    file = plan.folder / "run.json"
    if not state(file):
        where = f" at {layout.OFFSET}={plan.offset}" if plan.offset else ""
        print(
            f"nothing runs here{where}: start it with `make run`, which takes the present data",
            file=sys.stderr,
        )
        return 2
    begun = time.monotonic()
    try:
        model = assistant.ensure(plan.logs / "train.log", say)
    except assistant.TrainingFailed as error:
        print(error, file=sys.stderr)
        return 1
    say(f"trained after {time.monotonic() - begun:.0f} s")
    rows = state(file)
    if models(rows) == {model.name}:
        say("every worker answers with it already")
        return 0
    os.kill(int(rows["run"]["pid"]), signal.SIGUSR1)
    if not wait_for(file, model.name):
        print(f"not every worker took models/{model.name} up; {plan.logs}/rasa.log says why", file=sys.stderr)
        return 1
    say(f"every worker answers with models/{model.name} after {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
