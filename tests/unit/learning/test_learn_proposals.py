"""What is proposed for a group of unknown questions, and that git can apply it."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest
import yaml

from actions.clients import articles
from scripts.learn_items import Item
from scripts.learn_proposals import Proposal, diff, propose, slug_of, with_examples, with_questions

TODAY = date(2026, 11, 20)
NLU = """version: "3.1"

nlu:
  - intent: query_bill
    examples: |
      - 查账单
      - 这个月的账单

  - intent: top_up
    examples: |
      - 充话费
"""
ARTICLE = """---
title: 积分
questions:
  - 积分怎么查
  - 积分能换什么
source: 手册
valid_from: 2026-01-01
valid_until: 2026-12-31
owner: 会员运营
tags: [积分]
state: published
---
积分3年有效。
"""
FILES = {
    "domain.yml": 'version: "3.1"\nintents:\n  - top_up\n  - query_bill\n  - out_of_scope\n',
    "data/nlu/account.yml": NLU,
    "data/rules/conversation.yml": 'version: "3.1"\nrules:\n  - rule: A\n    steps: [{intent: top_up}]\n',
    "knowledge/points.md": ARTICLE,
}


def items(*texts: str, intent: str = "query_bill", confidence: float = 0.1) -> list[Item]:
    ranking = ((intent, confidence),)
    return [Item("c1", n, "fallback", text, ranking, ()) for n, text in enumerate(texts)]


def nothing(text: str) -> tuple[str, float]:
    return "", 0.0


def applied(tmp_path: Path, proposal: Proposal) -> dict[str, str]:
    """The files after `git apply` of the whole patch, heading and all."""
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    (tmp_path / "x.patch").write_text(proposal.patch(), encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(["git", "apply", "x.patch"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path: (tmp_path / path).read_text(encoding="utf-8") for path in proposal.files}


@pytest.mark.requirement(47)
def test_what_was_half_recognised_becomes_examples_of_that_intent(tmp_path: Path) -> None:
    said = items("账给我念念", "账念一下", "念念账", "查账单", intent="query_bill", confidence=0.45)
    proposal = propose(said, FILES, nothing, TODAY)
    assert proposal is not None and (proposal.kind, proposal.target) == ("examples", "query_bill")
    assert proposal.texts == ("账给我念念", "账念一下", "念念账")  # 查账单 is known
    after = yaml.safe_load(applied(tmp_path, proposal)["data/nlu/account.yml"])["nlu"]
    assert after[0]["examples"].splitlines()[-1] == "- 念念账" and len(after) == 2
    assert after[1]["examples"] == "- 充话费\n"
    assert "Why: 4 turns (4 fallback)" in proposal.patch()


@pytest.mark.requirement(47)
def test_what_an_article_nearly_answers_becomes_its_questions(tmp_path: Path) -> None:
    said = items("攒的分咋花", "分咋花出去", "花积分")
    proposal = propose(said, FILES, lambda text: ("points", 0.3), TODAY)
    assert proposal is not None and (proposal.kind, proposal.owner) == ("questions", "会员运营")
    text = applied(tmp_path, proposal)["knowledge/points.md"]
    assert articles.parse(text, "knowledge/points.md").questions[-1] == "花积分"


@pytest.mark.requirement(47)
def test_questions_that_nothing_answers_become_a_draft_that_is_not_said(tmp_path: Path) -> None:
    proposal = propose(items("电子卡怎么开", "电子卡能开吗", "开电子卡"), FILES, nothing, TODAY)
    assert proposal is not None and proposal.kind == "article"
    (path,) = proposal.files
    assert path == "knowledge/dian-zi-ka-zen-me-kai.md"
    article = articles.parse(applied(tmp_path, proposal)[path], path)
    assert article.state == "draft" and article.questions[0] == "电子卡怎么开"
    assert not article.may_be_said(TODAY)


def test_what_is_no_question_becomes_an_intent_of_its_own(tmp_path: Path) -> None:
    proposal = propose(items("帮我叫个车", "叫辆车来", "给我叫车"), FILES, nothing, TODAY)
    assert proposal is not None and proposal.kind == "intent"
    after = {path: yaml.safe_load(text) for path, text in applied(tmp_path, proposal).items()}
    (name,) = set(after["domain.yml"]["intents"]) - {"top_up", "query_bill", "out_of_scope"}
    assert after[f"data/nlu/{name}.yml"]["nlu"][0]["intent"] == name
    assert after["data/rules/conversation.yml"]["rules"][-1]["steps"][0]["intent"] == name


def test_nothing_is_proposed_for_what_is_known_or_was_hidden() -> None:
    assert propose(items("查账单", "充话费", "积分怎么查"), FILES, nothing, TODAY) is None
    assert propose(items("号码＊＊＊＊吗", "＊＊＊＊"), FILES, nothing, TODAY) is None


def test_examples_and_questions_need_their_place() -> None:
    assert with_examples(NLU, "points", ["x"]) is None
    assert with_questions("---\nquestions: [一, 二]\n---\n", ["x"]) is None
    assert slug_of("5G卡怎么办！") == "ka-zen-me-ban" or slug_of("5G卡怎么办！").endswith("ban")
    assert slug_of("！") == "question"
    assert diff("a.yml", None, "x\n").startswith("diff --git a/a.yml b/a.yml\nnew file mode 100644\n")
