"""`make publish PATCH=var/learn/x.patch`: a patch of the designers' files, only when everything stays green.

The patch is applied to a clean copy of the last commit, outside of what is being worked on. There the files
are checked, the assistant is trained, the conversations of tests/conversations are run, understanding is
measured against tests/data/nlu/reached.json, and the articles where knowledge/ changed. If all
hold, it becomes a commit here, its learning items are published and the trained assistant is kept; else
nothing changes, and what fell is said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo.errors import PyMongoError

from scripts.layout import RASA_PYTHON, ROOT, VOICE_PYTHON
from scripts.learn_items import PUBLISHED, LearningItems
from yingda.plumbing import stores

COPY = "var/learn/copy"
LOGS = "var/log/publish"
MOST_SECONDS = 3600.0
DESIGNERS = ("data/", "knowledge/", "tests/conversations/", "domain.yml")  # what a patch may touch
SHOWN_LINES = 15

Say = Callable[[str], None]


class Refused(Exception):
    """The patch is not published; the text says why."""


@dataclass(frozen=True)
class Check:
    """One command, run in the copy; it holds when the exit status is 0."""

    name: str
    command: Sequence[str]


def checks_for(paths: Sequence[str]) -> list[Check]:
    """All that a patch of these paths must pass, the quickest first."""
    learns = any(path.startswith(("data/", "domain.yml")) for path in paths)
    found = [Check("files", [VOICE_PYTHON, "-m", "scripts.check_dialogue"])]
    if any(path.startswith("knowledge/") for path in paths):
        found.append(Check("knowledge", [RASA_PYTHON, "-m", "bench.knowledge", "--gate"]))
    if learns or any(path.startswith("tests/") for path in paths):
        found += [
            Check("training", [VOICE_PYTHON, "-m", "scripts.assistant"]),
            Check("conversations", [VOICE_PYTHON, "-m", "scripts.publish_checks", "conversations"]),
            Check("understanding", [VOICE_PYTHON, "-m", "scripts.publish_checks", "understanding"]),
        ]
    return found


def publish(
    patch: Path, root: Path, checks: Callable[[Sequence[str]], list[Check]], say: Say
) -> tuple[str, list[str]]:
    """Commit the patch in `root` when all checks hold; the commit and its paths. Raises Refused."""
    paths = touched(patch, root)
    outside = [path for path in paths if not path.startswith(DESIGNERS)]
    if outside:
        raise Refused(f"{patch}: touches {outside[0]}, expected {', '.join(DESIGNERS)} only")
    unsaved = git(root, "status", "--porcelain", "--", *paths)
    if unsaved:
        raise Refused(f"{unsaved[3:].split()[0]}: has changes of yours; commit or stash them first")
    with clean_copy(root) as copy:
        git(
            copy, "apply", "--index", str(patch.resolve()), told=f"{patch}: does not apply to the last commit"
        )
        for check in checks(paths):
            run(check, copy, root, say)
        git(copy, "commit", "--quiet", "--no-verify", "-m", message_of(patch, paths))
        commit = git(copy, "rev-parse", "HEAD")
        for archive in copy.glob("models/assistant-*.tar.gz"):
            shutil.copy2(archive, root / "models" / archive.name)
    git(root, "merge", "--quiet", "--ff-only", commit, told="the branch moved meanwhile; publish again")
    return commit, paths


def touched(patch: Path, root: Path) -> list[str]:
    """The paths of a patch. Raises Refused when it is none."""
    if not patch.is_file():
        raise Refused(f"PATCH: got '{patch}', expected a file that `make learn` wrote into var/learn")
    told = f"{patch}: is not a patch that git can read"
    rows = git(root, "apply", "--numstat", str(patch.resolve()), told=told).splitlines()
    if not rows:
        raise Refused(f"{patch}: changes nothing")
    return [row.split("\t")[2] for row in rows]


@contextmanager
def clean_copy(root: Path) -> Iterator[Path]:
    """The last commit in a folder of its own, with this machine's environments and Rasa's cache."""
    copy = root / COPY
    _remove(root, copy)
    copy.parent.mkdir(parents=True, exist_ok=True)
    git(root, "worktree", "add", "--quiet", "--detach", str(copy), "HEAD")
    try:
        for name in (".venv", ".rasa"):
            if (root / name).exists():
                (copy / name).symlink_to((root / name).resolve())
        yield copy
    finally:
        _remove(root, copy)


def run(check: Check, copy: Path, root: Path, say: Say) -> None:
    """One check. Raises Refused with the end of what it printed."""
    say(f"  {check.name} ...")
    log = root / LOGS / f"{check.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    told = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(copy)}
    with log.open("wb") as output:
        try:
            status = subprocess.run(
                list(check.command), cwd=copy, env=told, stdout=output, stderr=subprocess.STDOUT,
                timeout=MOST_SECONDS,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Refused(f"{check.name}: not done after {MOST_SECONDS:.0f} s") from None
    if status:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise Refused("\n    ".join([f"{check.name} fell; the end of {log}:", *lines[-SHOWN_LINES:]]))
    say(f"  {check.name} holds ({time.monotonic() - begun:.0f} s)")


def message_of(patch: Path, paths: Sequence[str]) -> str:
    """What the patch says of itself, as a commit message."""
    heading = patch.read_text(encoding="utf-8").split("diff --git", 1)[0].strip().splitlines()
    kept = [line for line in heading if line.startswith(("Why:", "Owner:"))]
    what = next((line[6:] for line in heading if line.startswith("What: ")), ", ".join(paths))
    return "\n".join([f"Learned from calls: {what.split(';')[0]}", "", *kept, f"Patch: {patch.name}"])


def git(folder: Path, *words: str, told: str = "git failed") -> str:
    """What git prints. Raises Refused with `told` and git's own words."""
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{told}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.rstrip("\n")


def _remove(root: Path, copy: Path) -> None:
    subprocess.run(["git", "worktree", "remove", "--force", str(copy)], cwd=root, capture_output=True)
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["git", "worktree", "prune"], cwd=root, capture_output=True)


def mark(patch: Path, say: Say) -> None:
    """Its learning items are published."""
    try:
        items = LearningItems(stores.database())
        ids = items.of_patch(patch.name)
        items.move(ids, PUBLISHED, patch.name)
        say(f"{len(ids)} learning items are published")
    except PyMongoError as error:
        say(f"learning items not marked: MongoDB did not answer ({type(error).__name__}); publish is done")


def main() -> int:
    """Command line; exit status 1 when refused."""
    patch = Path(sys.argv[1] if len(sys.argv) > 1 else "")
    say: Say = lambda text: print(text, flush=True)  # noqa: E731
    try:
        commit, paths = publish(patch, ROOT, checks_for, say)
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    say(f"published as {commit[:12]}: {json.dumps(paths, ensure_ascii=False)}")
    mark(patch, say)
    return 0


if __name__ == "__main__":
    sys.exit(main())
