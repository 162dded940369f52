"""Which article answers: what is learned, what is refused, what changes while the bot talks."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from actions import knowledge
from actions.answering import ActionAnswerQuestion
from actions.call_control import ActionNotUnderstood
from actions.clients.knowledge_base import KnowledgeBase
from actions.clients.retrieval import NOTHING, Retriever, likeness
from actions.clients.synonyms import SynonymMistake, Synonyms
from actions.clients.synonyms import parse as parse_synonyms
from tests.fakes.crm import FakeCrm, Turn

TODAY = date(2026, 11, 20)
ASKED = {
    "points": (
        "积分",
        ["积分怎么查", "积分能换什么", "积分在哪里看", "我有多少积分", "攒的积分怎么用", "积分会过期吗"],
    ),
    "delivery": (
        "送货时间",
        ["几天能送到", "什么时候发货", "多久能收到货", "今天买明天能到吗", "送货要几天"],
    ),
    "roaming": ("国际漫游", ["国外打电话多少钱", "出国上网怎么收费", "漫游一天多少钱", "漫游怎么收费"]),
}
REFUSED = ["今天天气怎么样", "红烧肉怎么做", "火车票怎么买", "医院几点开门", "给我讲个笑话", "股票涨了没有"]


def write(folder: Path, name: str, **changed: str) -> None:
    title, questions = ASKED.get(name, (name, [f"{name}怎么办"]))
    heading = {
        "title": title,
        "questions": "[" + ", ".join(questions) + "]",
        "source": f"手册 {name}",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "owner": "运营",
        "tags": f"[{title}]",
        "state": "published",
        **changed,
    }
    answer = heading.pop("answer", f"{title}的答案。")
    lines = "\n".join(f"{key}: {value}" for key, value in heading.items())
    path = folder / f"{name}.md"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(f"---\n{lines}\n---\n{answer}\n", encoding="utf-8")
    if path.stat().st_mtime_ns <= before:  # within one tick of the file system's clock
        os.utime(path, ns=(before + 1, before + 1))


@pytest.fixture
def folder(no_articles: Path) -> Path:
    for name in ASKED:
        write(no_articles, name)
    lines = "\n".join(f"  - {sentence}" for sentence in REFUSED)
    (no_articles / "unanswered.yml").write_text(f"not_ours:\n{lines}\n", encoding="utf-8")
    return no_articles


def said(text: str, day: date = TODAY) -> str | None:
    answer = knowledge.answer(text, day)
    return answer.article.name if answer else None


@pytest.mark.requirement(41)
def test_other_words_and_misheard_ones_lead_to_the_article(folder: Path) -> None:
    assert said("我的积分到底怎么查啊") == "points"
    assert said("那个鸡分在哪里看") == "points"  # by its sound
    assert said("到手要几天能送到") == "delivery"


@pytest.mark.requirement(41)
def test_what_no_article_answers_is_refused(folder: Path) -> None:
    for text in ("明天天气怎么样", "红烧鱼怎么做", "嗯", "", "火车票多少钱一张"):
        assert said(text) is None, text


@pytest.mark.requirement(48)
def test_drafts_and_expired_articles_are_refused_and_no_other_takes_their_place(folder: Path) -> None:
    assert said("漫游怎么收费") == "roaming"
    assert said("漫游怎么收费", date(2027, 1, 1)) is None
    write(folder, "roaming", state="review")
    assert said("漫游怎么收费") is None
    write(folder, "roaming")
    assert said("漫游怎么收费") == "roaming"


@pytest.mark.requirement(48)
def test_a_new_a_changed_and_a_deleted_article_are_heard_at_once(folder: Path) -> None:
    base = KnowledgeBase(folder)  # learns in a thread, as on the action server
    base.refresh()
    base.wait()
    write(folder, "esim", title="电子卡", questions="[电子卡怎么开通, 虚拟卡支持吗]")
    before = base.answer("电子卡怎么开通", TODAY)
    assert before is not None and before.article.name == "esim"
    write(folder, "points", answer="积分换新规则。")
    after = base.answer("积分怎么查", TODAY)
    assert after is not None and after.text == "积分换新规则。"
    (folder / "roaming.md").unlink()
    assert base.answer("漫游怎么收费", TODAY) is None
    base.wait()
    assert base.answer("漫游怎么收费", TODAY) is None


def test_words_that_mean_the_same_are_learned_at_once(folder: Path) -> None:
    assert said("帕福咋兑") != "points"
    (folder / "synonyms.yml").write_text("same:\n  - [积分, 帕福]\n  - [怎么查, 咋兑]\n", encoding="utf-8")
    assert said("帕福咋兑") == "points"
    (folder / "synonyms.yml").write_text("same: [积分]\n", encoding="utf-8")
    assert said("帕福咋兑") == "points"  # a file with a mistake changes nothing
    assert knowledge.base().mistakes[0].startswith("knowledge/synonyms.yml: key same: got '积分'")


def test_longer_synonyms_come_first_and_never_leave_nothing() -> None:
    words = parse_synonyms("same: [[话费, 电话费, 手机费]]\nignored: [请问, 那个]")
    assert words.plain("请问手机费怎么交") == "话费怎么交"
    assert words.plain("那个") == "那个"
    assert Synonyms({}).plain("电话费") == "电话费"
    with pytest.raises(SynonymMistake, match="'话费' stands in two lines"):
        parse_synonyms("same: [[话费, 电话费], [充值, 话费]]")


def test_the_same_sentences_make_the_same_retriever() -> None:
    texts = [question for _, questions in ASKED.values() for question in questions] + REFUSED
    names = [name for name, (_, questions) in ASKED.items() for _ in questions] + [NOTHING] * len(REFUSED)
    one, other = Retriever(texts, names), Retriever(texts, names)
    ranked = one.rank("积分怎么看")
    assert ranked == other.rank("积分怎么看") and ranked[0].name == "points"
    assert sum(hit.confidence for hit in ranked) == pytest.approx(1.0)
    two = Retriever(["积分怎么查", "今天天气"], ["points", NOTHING])
    assert two.rank("积分怎么查")[0].name == "points"
    assert likeness("积分怎么查", "鸡分怎么查") == 1.0 > likeness("积分怎么查", "几天能送到")


def test_two_close_articles_are_asked_about(folder: Path, crm: FakeCrm) -> None:
    both = "[快递丢了, 快递坏了, 快递没到, 快递少了]"
    write(folder, "lost", title="快递丢失", questions=both)
    write(folder, "broken", title="快递破损", questions=both)
    turn = Turn("快递丢了", "nlu_fallback").run(ActionNotUnderstood())
    asked = turn.response("utter_which_article")
    assert {asked["first"], asked["second"]} == {"快递丢失", "快递破损"}
    assert knowledge.answer("快递丢了", TODAY) is None


@pytest.mark.requirement(41)
def test_a_question_that_was_not_understood_is_answered_with_its_evidence(folder: Path, crm: FakeCrm) -> None:
    turn = Turn("积分到底怎么查", "nlu_fallback").run(ActionNotUnderstood())
    assert turn.said == ["utter_article"] and "failures" not in turn.slots
    evidence = turn.response("utter_article")["evidence"]
    assert evidence["article"] == "points" and evidence["source"] == "手册 points"
    assert len(evidence["version"]) == 40 and evidence["valid_until"] == "2026-12-31"
    assert evidence["worded_by"] == "article" and evidence["confidence"] > 0.4


def test_what_nobody_asked_is_rephrased_as_before(folder: Path, crm: FakeCrm) -> None:
    assert Turn("呜啦啦", "nlu_fallback").run(ActionNotUnderstood()).said == ["utter_rephrase"]
    assert Turn("明天天气怎么样", "out_of_scope").run(ActionNotUnderstood()).said == ["utter_out_of_scope"]
    assert Turn("/nlu_fallback", "nlu_fallback").run(ActionNotUnderstood()).said == ["utter_rephrase"]


def test_a_question_in_the_middle_of_ours_is_answered_when_it_is_sure(folder: Path, crm: FakeCrm) -> None:
    """The rule goes on with the form, which asks again."""
    turn = Turn("等等，几天能送到", "nlu_fallback", form="appointment_form").run(ActionNotUnderstood())
    assert turn.said == ["utter_article"] and turn.form == "appointment_form"
    for open_question in ({"form": "order_form"}, {"awaiting": "refund"}):
        value = Turn("积分大厦", "nlu_fallback", **open_question).run(ActionNotUnderstood())
        assert "utter_article" not in value.said  # it asks nothing
    asked = Turn("积分怎么查", "nlu_fallback", awaiting="refund").run(ActionNotUnderstood())
    assert asked.said == ["utter_article"] and asked.slots["awaiting"] == "refund"


@pytest.mark.requirement(41)
def test_an_intent_has_its_own_article_unless_another_fits_better(folder: Path, crm: FakeCrm) -> None:
    write(folder, "points", intent="points")
    write(
        folder,
        "expiry",
        title="积分清零",
        questions="[积分什么时候清零, 积分清零是哪天, 哪天清零, 清零提醒吗]",
    )
    assert (
        Turn("呜啦啦", "points").run(ActionAnswerQuestion()).response("utter_article")["source"]
        == "手册 points"
    )
    closer = Turn("积分什么时候清零", "points").run(ActionAnswerQuestion())
    assert closer.response("utter_article")["source"] == "手册 expiry"
    (folder / "points.md").unlink()
    assert Turn("呜啦啦", "points").run(ActionAnswerQuestion()).said == ["utter_no_article"]
