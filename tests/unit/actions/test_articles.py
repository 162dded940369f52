"""Articles as files: what they must hold, and what of them may be said."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from actions.clients import articles
from actions.clients.articles import ArticleMistake, Articles

ROOT = Path(__file__).resolve().parents[3]
POINTS = """---
title: 积分
intent: points
questions: [积分怎么查]
source: 手册 6.1
valid_from: 2026-01-01
valid_until: 2026-11-20
owner: 运营
tags: [积分]
state: published
---
积分三年有效。
"""


@pytest.mark.requirement(48)
def test_only_what_is_published_and_valid_may_be_said() -> None:
    for state, may in (("draft", False), ("review", False), ("published", True)):
        article = articles.parse(POINTS.replace("published", state), "knowledge/points.md")
        assert article.may_be_said(date(2026, 11, 20)) is may
    assert not article.may_be_said(date(2026, 11, 21))
    assert not article.may_be_said(date(2025, 12, 31))


@pytest.mark.requirement(41)
def test_the_version_is_what_git_calls_the_file() -> None:
    path = ROOT / "knowledge" / "points.md"
    said = subprocess.run(["git", "hash-object", str(path)], cwd=ROOT, capture_output=True, text=True)
    found = {article.name: article for article in Articles(ROOT / "knowledge").all()}["points"]
    assert found.version == said.stdout.strip() and len(found.version) == 40
    assert found.evidence() == {
        "article": "points",
        "version": found.version,
        "source": found.source,
        "valid_from": found.valid_from.isoformat(),
        "valid_until": found.valid_until.isoformat(),
    }


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("published", "ready", ":10: key state: got 'ready', expected one of draft, review, published"),
        ("2026-11-20", "Friday", ":7: key valid_until: got 'Friday', expected a day, e.g. 2026-12-31"),
        ("2026-11-20", "2025-11-20", ":7: key valid_until: lies before valid_from; correct one of them"),
        ("owner: 运营\n", "", ":2: key owner is missing; add it, see knowledge/README.md"),
        ("owner:", "owners:", ":2: key owner is missing; add it, see knowledge/README.md"),
        ("[积分怎么查]", "[]", ":4: key questions: expected a list, one entry at least"),
        ("[积分怎么查]", "[积分", ":5: the heading is not valid YAML; correct the line"),
        ("积分三年有效。", "", ": the answer is missing; write it below the heading"),
        ("---\ntitle", "title", ":1: expected a heading between two lines of ---; see knowledge/README.md"),
        ("title:", "word: x\ntitle:", ":2: key word: is unknown; expected one of "),
    ],
)
def test_a_mistake_names_file_line_and_key(was: str, becomes: str, told: str) -> None:
    with pytest.raises(ArticleMistake) as raised:
        articles.parse(POINTS.replace(was, becomes, 1), "knowledge/points.md")
    assert str(raised.value).startswith(f"knowledge/points.md{told}")


def test_a_file_with_a_mistake_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "points.md").write_text(POINTS, encoding="utf-8")
    (tmp_path / "broken.md").write_text(POINTS.replace("published", "ready"), encoding="utf-8")
    (tmp_path / "latin.md").write_bytes("积分".encode("gbk"))
    folder = Articles(tmp_path)
    assert [article.name for article in folder.all()] == ["points"]
    assert [mistake.split(":")[0] for mistake in folder.mistakes] == [
        "knowledge/broken.md",
        "knowledge/latin.md",
    ]


@pytest.mark.requirement(48)
def test_an_older_version_comes_back_with_git(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    path = tmp_path / "points.md"
    git("init", "-q")
    versions = []
    for answer in ("积分三年有效。", "积分两年有效。"):
        path.write_text(POINTS.replace("积分三年有效。", answer), encoding="utf-8")
        git("add", ".")
        git("commit", "-qm", answer)
        versions.append(Articles(tmp_path).all()[0].version)
    git("checkout", "-q", "HEAD~1", "--", "points.md")
    back = Articles(tmp_path).all()[0]
    assert back.answer == "积分三年有效。" and back.version == versions[0] != versions[1]
    assert git("cat-file", "-p", versions[1]).endswith("积分两年有效。")
