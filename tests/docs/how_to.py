"""Follows a how-to of docs/how-to literally: the sentence above each block says what to do with it.

    Write `FILE`:                                a new file
    Append to `FILE`:                            at its end
    In `FILE`, below the line `LINE`, add:       LINE stands there exactly once
    In `FILE`, replace the line `LINE` with:     the same
    Run:                                         a shell runs it at the root, and it must succeed
    It prints, among other lines:                each line is in what the last command printed; … is anything

A block under any other sentence is a mistake of the how-to.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COMMAND_DEADLINE_S = 900
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
WAYS = {
    "write": re.compile(r"Write `([^`]+)`[^`:]*:"),
    "append": re.compile(r"Append to `([^`]+)`[^`:]*:"),
    "below": re.compile(r"In `([^`]+)`, below the line `([^`]+)`, add:"),
    "replace": re.compile(r"In `([^`]+)`, replace the line `([^`]+)` with:"),
    "run": re.compile(r"Run:"),
    "prints": re.compile(r"It prints, among other lines:"),
}


class Unclear(Exception):
    """The how-to cannot be followed; the text says where and why."""


@dataclass(frozen=True)
class Step:
    """One block and what to do with it. `line`: of the block in the how-to."""

    way: str
    text: str
    line: int
    file: str = ""
    mark: str = ""

    @property
    def is_edit(self) -> bool:
        """Whether it changes a file."""
        return self.way in ("write", "append", "below", "replace")


def read(markdown: str, name: str) -> list[Step]:
    """The steps of a how-to in order. Raises Unclear."""
    steps = []
    for block in FENCE.finditer(markdown):
        line = markdown[: block.start()].count("\n") + 1
        above = markdown[: block.start()].rstrip().rpartition("\n\n")[2].replace("\n", " ")
        steps.append(_step(above, block[2], line, name))
    if not steps:
        raise Unclear(f"{name}: holds no block")
    return steps


def _step(above: str, text: str, line: int, name: str) -> Step:
    for way, pattern in WAYS.items():
        found = pattern.search(above)
        if found and above.endswith(found[0]):
            file, mark = (*found.groups(), "", "")[:2]
            return Step(way, text, line, file, mark)
    raise Unclear(f"{name}:{line}: nothing says what to do with this block; above it stands: {above[-80:]!r}")


def edit(step: Step, root: Path, name: str) -> None:
    """Apply an edit step to the project under `root`. Raises Unclear."""
    path, where = root / step.file, f"{name}:{step.line}: {step.file}"
    if step.way == "write":
        if path.exists():
            raise Unclear(f"{where} is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    if not path.exists():
        raise Unclear(f"{where} is not there")
    text = path.read_text(encoding="utf-8")
    if step.way == "append":
        path.write_text(text.rstrip("\n") + "\n" + step.text, encoding="utf-8")
        return
    lines = text.splitlines(keepends=True)
    at = [place for place, line in enumerate(lines) if line.strip() == step.mark.strip()]
    if len(at) != 1:
        raise Unclear(f"{where} holds the line {step.mark!r} {len(at)} times, expected once")
    lines[at[0] + (step.way == "below") : at[0] + 1] = [step.text]
    path.write_text("".join(lines), encoding="utf-8")


def run(step: Step, root: Path, env: Mapping[str, str], name: str) -> str:
    """Run a command step; what it printed. Raises Unclear when it fails."""
    done = subprocess.run(
        ["bash", "-e", "-c", step.text],
        cwd=root,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_DEADLINE_S,
    )
    if done.returncode:
        raise Unclear(f"{name}:{step.line}: the command ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def compare(step: Step, printed: str, name: str) -> None:
    """Every line of a prints step stands in `printed`. Raises Unclear."""
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    for wanted in filter(None, (" ".join(line.split()) for line in step.text.splitlines())):
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("…")))
        if not any(pattern.fullmatch(line) for line in lines):
            raise Unclear(
                f"{name}:{step.line}: the command did not print {wanted!r}, but:\n{printed[-3000:]}"
            )
