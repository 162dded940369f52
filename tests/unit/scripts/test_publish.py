"""`make publish` on repositories of the test: green becomes a commit, anything else changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.publish import Check, Refused, checks_for, message_of, publish

PATCH = """What: more questions of the article points
Why: 5 turns (5 fallback)
Owner: 会员运营

diff --git a/knowledge/points.md b/knowledge/points.md
--- a/knowledge/points.md
+++ b/knowledge/points.md
@@ -1,2 +1,3 @@
 questions:
   - 积分怎么查
+  - 攒的分咋花
"""


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "knowledge").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / ".gitignore").write_text("/var/\n")
    (folder / "knowledge" / "points.md").write_text("questions:\n  - 积分怎么查\n", encoding="utf-8")
    (folder / "code.py").write_text("x = 1\n")
    git(folder, "init", "-q")
    for key, value in (("user.name", "a"), ("user.email", "a@b.c"), ("commit.gpgsign", "false")):
        git(folder, "config", key, value)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "begin")
    return folder


def patch(tmp_path: Path, text: str = PATCH) -> Path:
    path = tmp_path / "20261120-questions-points.patch"
    path.write_text(text, encoding="utf-8")
    return path


def python(name: str, code: str) -> Check:
    return Check(name, [sys.executable, "-c", code])


SEES_IT = python("sees", "assert '攒的分咋花' in open('knowledge/points.md', encoding='utf-8').read()")
FALLS = python("conversations", "print('story 7 went wrong'); raise SystemExit(1)")


@pytest.mark.requirement(47)
@pytest.mark.requirement(39)
def test_a_patch_that_passes_everything_becomes_a_commit(root: Path, tmp_path: Path) -> None:
    (root / "code.py").write_text("x = 2\n")  # somebody's unfinished work, which stays as it is
    said: list[str] = []
    commit, paths = publish(patch(tmp_path), root, lambda paths: [SEES_IT], said.append)
    assert paths == ["knowledge/points.md"] and git(root, "rev-parse", "HEAD") == commit
    assert "攒的分咋花" in (root / "knowledge" / "points.md").read_text(encoding="utf-8")
    assert git(root, "log", "-1", "--format=%s") == (
        "Learned from calls: more questions of the article points"
    )
    assert "Owner: 会员运营" in git(root, "log", "-1", "--format=%b")
    assert git(root, "status", "--porcelain") == "M code.py"
    assert any("sees holds" in line for line in said) and not (root / "var" / "learn" / "copy").exists()


@pytest.mark.requirement(47)
@pytest.mark.requirement(39)
def test_a_patch_that_lets_a_check_fall_is_refused_with_what_fell(root: Path, tmp_path: Path) -> None:
    before = git(root, "rev-parse", "HEAD")
    with pytest.raises(Refused, match=r"conversations fell(.|\n)*story 7 went wrong"):
        publish(patch(tmp_path), root, lambda paths: [SEES_IT, FALLS], lambda text: None)
    assert git(root, "rev-parse", "HEAD") == before and git(root, "status", "--porcelain") == ""
    assert git(root, "worktree", "list").count("\n") == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no patch", "is not a patch that git can read"),
        (PATCH.replace("积分怎么查", "积分"), "does not apply to the last commit"),
        (PATCH.replace("knowledge/points.md", "code.py"), "touches code.py, expected data/, knowledge/"),
    ],
)
def test_what_cannot_be_applied_is_refused(root: Path, tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        publish(patch(tmp_path, text), root, lambda paths: [SEES_IT], lambda text: None)
    assert git(root, "status", "--porcelain") == ""


def test_changes_of_ones_own_in_the_same_file_are_not_run_over(root: Path, tmp_path: Path) -> None:
    (root / "knowledge" / "points.md").write_text("questions:\n  - 积分呢\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"points\.md: has changes of yours; commit or stash them first"):
        publish(patch(tmp_path), root, lambda paths: [SEES_IT], lambda text: None)


def test_a_patch_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(Refused, match=r"PATCH: got 'x\.patch', expected a file"):
        publish(Path("x.patch"), root, lambda paths: [], lambda text: None)


def test_what_is_checked_depends_on_what_changes(tmp_path: Path) -> None:
    assert [x.name for x in checks_for(["knowledge/points.md"])] == ["files", "knowledge"]
    assert [x.name for x in checks_for(["data/nlu/account.yml"])] == [
        "files",
        "training",
        "conversations",
        "understanding",
    ]
    assert "Patch: 20261120-questions-points.patch" in message_of(patch(tmp_path), ["x"])
