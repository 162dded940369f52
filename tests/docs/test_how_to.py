"""Every how-to works as it is written: one copy of the project, every edit, every command, one training."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import how_to

from scripts.layout import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.requirement(202)]

FOLDER = ROOT / "docs" / "how-to"
# in this order, because some go on from others; those that train share one training, and are edited first
TRAINED = ("add-an-intent.md", "add-an-action.md", "add-a-form.md")
NAMES = (*TRAINED, "add-an-article.md")
LEFT_OUT = ("models/speech/", "tests/data/asr/", "tests/data/speech/", "tests/scenes/audio/", "var/")


@dataclass
class Copy:
    """A copy of the project in which the edits of all how-tos are done."""

    root: Path
    env: dict[str, str]


def copied(target: Path) -> None:
    """What git knows or would add, without audio and models."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file() and not name.startswith(LEFT_OUT):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    root = tmp_path_factory.mktemp("project")
    copied(root)
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("YINGDA_", "MAKE", "MFLAGS"))
    }
    for name in TRAINED:
        for step in how_to.read((FOLDER / name).read_text(encoding="utf-8"), name):
            if step.is_edit:
                how_to.edit(step, root, name)
    yield Copy(root, {**env, "OMP_NUM_THREADS": "1"})


def test_every_how_to_is_followed() -> None:
    assert sorted(NAMES) == sorted(path.name for path in FOLDER.glob("*.md") if path.name != "README.md")
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({name})" in listed for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_do_what_is_said(copy: Copy, name: str) -> None:
    printed = ""
    for step in how_to.read((FOLDER / name).read_text(encoding="utf-8"), name):
        if step.is_edit and name not in TRAINED:
            how_to.edit(step, copy.root, name)
        elif step.way == "run":
            printed = how_to.run(step, copy.root, copy.env, name)
        elif step.way == "prints":
            how_to.compare(step, printed, name)
