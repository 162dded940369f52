"""`make test`: every check, one after another, with a summary. Exit status 0 only if all passed.

    python -m scripts.test              all stages
    python -m scripts.test unit lint    some stages

All stages run even when one fails. What tests showed of docs/requirements.md is kept for `make requirements`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.layout import RASA_PYTHON, ROOT, VOICE_PYTHON

RASA_UNIT = (
    "tests/unit/actions",
    "tests/unit/channels",
    "tests/unit/extensions",
    "tests/unit/learning",
    "tests/unit/sansio/numerals",
)
RASA_INTEGRATION = ("tests/integration/rasa",)
# stages that need the system down or a machine to themselves come last, and alone
SYSTEM = "tests/integration/system"
PROJECT = "tests/integration/system/test_rasa_project.py"
# programs that tests drive from outside, and the Debian packages that hold them
PROGRAMS = {"sipp": "sip-tester", "baresip": "baresip-core"}


def say(text: str) -> None:
    print(text, flush=True)


@dataclass(frozen=True)
class Stage:
    """One check: its name, what it runs, and what it shows."""

    name: str
    about: str
    run: Callable[[], int]


def call(*command: str, **env: str) -> int:
    """Run a command at the root; returns its exit status."""
    told = {**os.environ, "OMP_NUM_THREADS": "1", **env}
    return subprocess.run(command, cwd=ROOT, env=told).returncode


def each(*commands: Sequence[str]) -> int:
    """Run all; the first exit status that is not 0."""
    return next((status for status in [call(*command) for command in commands] if status), 0)


def lint() -> int:
    return each(
        [VOICE_PYTHON, "-m", "ruff", "check", "."],
        [VOICE_PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
    )


def types() -> int:
    return call(VOICE_PYTHON, "-m", "mypy", "--no-error-summary")


def imports() -> int:
    # the console script, because import-linter has no __main__
    return call(str(ROOT / ".venv" / "voice" / "bin" / "lint-imports"), "--no-cache")


def pytest(python: str, label: str, *arguments: str) -> int:
    """Run tests in one environment. An empty selection is not a failure."""
    command = [python, "-m", "pytest", "-q", "-p", "scripts.requirements_plugin", *arguments]
    if python == RASA_PYTHON:
        command += ["-p", "no:cacheprovider"]
    status = call(*command, YINGDA_TEST_LABEL=label, RASA_TELEMETRY_ENABLED="false", TF_CPP_MIN_LOG_LEVEL="3")
    return 0 if status == 5 else status


def unit() -> int:
    # numerals are tested in both environments, since both use them
    skipped = [f"--ignore={path}" for path in RASA_UNIT if "numerals" not in path]
    return pytest(VOICE_PYTHON, "unit-voice", "tests/unit", *skipped)


def unit_rasa() -> int:
    return pytest(RASA_PYTHON, "unit-rasa", *[path for path in RASA_UNIT if (ROOT / path).is_dir()])


def dialogue() -> int:
    """Rasa's own checks: the data, and the conversations of tests/conversations."""
    names = call(VOICE_PYTHON, "-m", "scripts.check_dialogue")
    return pytest(VOICE_PYTHON, "dialogue", PROJECT) or names


def docs() -> int:
    """The how-tos of docs/how-to, followed as they are written."""
    return pytest(VOICE_PYTHON, "docs", "tests/docs")


def programs() -> int:
    """Install what tests drive from outside, where it is missing."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if not missing:
        return 0
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not sudo or call(*sudo, "true") == 0):
        say("installing " + " ".join(missing))
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        call(*sudo, "apt-get", "update", "-qq", **quiet)
        call(*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, **quiet)
    still = [program for program in PROGRAMS if not shutil.which(program)]
    if still:
        say(f"missing: {', '.join(still)}. Install: sudo apt-get install {' '.join(missing)}")
    return 1 if still else 0


def integration() -> int:
    alone = [f"--ignore={path}" for path in (*RASA_INTEGRATION, SYSTEM)]
    return pytest(VOICE_PYTHON, "integration-voice", "tests/integration", *alone)


def integration_rasa() -> int:
    folders = [path for path in RASA_INTEGRATION if (ROOT / path).is_dir()]
    return pytest(RASA_PYTHON, "integration-rasa", *folders) if folders else 0


def system() -> int:
    return pytest(VOICE_PYTHON, "system", "-s", SYSTEM, f"--ignore={PROJECT}")


STAGES = (
    Stage("lint", "ruff: errors and format", lint),
    Stage("types", "mypy", types),
    Stage("imports", "who may import whom", imports),
    Stage("unit", "unit tests, voice environment", unit),
    Stage("unit-rasa", "unit tests, rasa environment", unit_rasa),
    Stage("dialogue", "rasa data validate, rasa test", dialogue),
    Stage("docs", "the how-tos, step by step, on a copy", docs),
    Stage("programs", "sipp and baresip are there", programs),
    Stage("integration", "ports, processes, sipp, baresip", integration),
    Stage("integration-rasa", "channel and stores on a real Rasa", integration_rasa),
    Stage("system", "one whole call through real models", system),
)
UNIT = ("unit", "unit-rasa")


def main() -> int:
    """Run the stages; returns the exit status."""
    parser = argparse.ArgumentParser(description="Run every check, or the named stages.")
    names = [stage.name for stage in STAGES]
    parser.add_argument("stages", nargs="*", metavar="stage", help=", ".join(names))
    chosen = parser.parse_args().stages
    chosen = [name for given in chosen for name in (UNIT if given == "unit" else (given,))] or names
    unknown = [name for name in chosen if name not in names]
    if unknown:
        parser.error(f"unknown stage {unknown[0]!r}; expected {', '.join(names)}")
    begun, rows = time.monotonic(), []
    stages = [stage for stage in STAGES if stage.name in chosen]
    for number, stage in enumerate(stages, 1):
        say(f"\n=== {number}/{len(stages)} {stage.name}: {stage.about}")
        started = time.monotonic()
        status = stage.run()
        rows.append((stage.name, status, time.monotonic() - started))
    say("\n=== summary")
    for name, status, seconds in rows:
        say(f"  {name:<17} {'passed' if status == 0 else 'FAILED':<7} {seconds:7.1f} s")
    failed = [name for name, status, _ in rows if status]
    say(
        ("failed: " + ", ".join(failed) if failed else "all passed") + f" in {time.monotonic() - begun:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
