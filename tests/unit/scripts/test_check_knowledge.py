"""What `make knowledge` finds: mistakes planted in articles, and what expires."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scripts import check_knowledge
from scripts.check_dialogue import ROOT

ARTICLE = """---
title: 积分
intent: points
questions:
  - 积分怎么查
  - 积分能换什么
  - 积分在哪里看
  - 我有多少积分
source: 手册 6.1
valid_from: 2026-01-01
valid_until: 2026-12-20
owner: 会员运营
tags: [积分]
state: published
---
积分3年有效。
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "points.md").write_text(ARTICLE, encoding="utf-8")
    return tmp_path


def change(root: Path, was: str, becomes: str, name: str = "points") -> None:
    text = ARTICLE.replace(was, becomes, 1)
    assert text != ARTICLE
    (root / "knowledge" / f"{name}.md").write_text(text, encoding="utf-8")


def test_a_sound_article_has_no_mistakes(root: Path) -> None:
    assert check_knowledge.problems(root, {"points"}) == []


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("积分3年有效。", "积" * 61, "points.md:16: answer: 61 characters without a pause"),
        ("积分3年有效。", "积分，" * 41, "points.md:16: answer: 123 characters, expected at most 120"),
        ("积分3年有效。", "看[这里](x)。", "points.md:16: answer: holds a Markdown link"),
        ("  - 我有多少积分\n", "", "points.md:4: key questions: 3, expected 4 or more"),
        ("intent: points", "intent: pints", "points.md:3: key intent: domain.yml does not know 'pints'"),
        ("state: published", "state: done", "points.md:14: key state: got 'done'"),
    ],
)
def test_a_mistake_is_found_with_its_line(root: Path, was: str, becomes: str, told: str) -> None:
    change(root, was, becomes)
    found = check_knowledge.problems(root, {"points"})
    assert found[0].startswith(f"knowledge/{told}"), found


def test_what_stands_twice_is_found(root: Path) -> None:
    change(root, "title: 积分", "title: 积分二", "points-two")
    told = " ".join(check_knowledge.problems(root, {"points"}))
    assert "knowledge/points.md:5: '积分怎么查' stands in knowledge/points-two.md too; keep it in one" in told
    assert "key intent: 'points' is answered by knowledge/points-two.md too; keep one" in told


def test_words_with_mistakes_are_found(root: Path) -> None:
    folder = root / "knowledge"
    (folder / "synonyms.yml").write_text("same:\n  - [积分]\n", encoding="utf-8")
    (folder / "unanswered.yml").write_text("not_ours:\n  - 天气\n  - 积分怎么查\n", encoding="utf-8")
    told = check_knowledge.problems(root)
    assert told[0].startswith("knowledge/synonyms.yml: key same: got ['积分']")
    assert told[1] == "knowledge/unanswered.yml:3: '积分怎么查' is asked in knowledge/points.md; keep one"
    (folder / "unanswered.yml").write_text("天气\n", encoding="utf-8")
    assert check_knowledge.problems(root)[1].startswith("knowledge/unanswered.yml:1: expected lists")


@pytest.mark.requirement(48)
def test_what_expires_is_told_with_its_owner(root: Path) -> None:
    assert check_knowledge.expiring(root, date(2026, 11, 19)) == []
    (soon,) = check_knowledge.expiring(root, date(2026, 11, 20))
    assert soon == (
        "knowledge/points.md: expires on 2026-12-20, 30 days left; 会员运营 must renew or remove it"
    )
    (over,) = check_knowledge.expiring(root, date(2026, 12, 21))
    assert "expired on 2026-12-20, it is not said any more" in over
    change(root, "published", "draft")
    assert check_knowledge.expiring(root, date(2026, 12, 21)) == []


def test_the_repository_has_no_mistakes_and_sixty_articles() -> None:
    assert check_knowledge.problems(ROOT) == []
    assert len(list((ROOT / "knowledge").glob("*.md"))) > 60
