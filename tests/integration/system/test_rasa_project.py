"""Rasa's own commands, from the root, in the rasa environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import assistant, check_rasa
from scripts.layout import RASA_PYTHON, ROOT

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.requirement(201)]


def rasa(*arguments: str) -> None:
    command = [RASA_PYTHON, "scripts/quiet_rasa.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def model() -> Path:
    return assistant.ensure(ROOT / "var" / "log" / "train.log", print)


def test_data_validate() -> None:
    assert check_rasa.problems(ROOT) == []


def test_conversations(model: Path) -> None:
    arguments = ["--stories", "tests/conversations", "--out", "var/rasa-test", "--fail-on-prediction-errors"]
    rasa("test", "core", "--model", str(model), *arguments)
