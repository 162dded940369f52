"""Which turns become items, and that nothing in them tells who called."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.learn_items import items_of, masked


def user(text: str, intent: str, confidence: float = 0.9, entities: Any = ()) -> dict[str, Any]:
    ranking = [{"name": intent, "confidence": confidence}, {"name": "query_bill", "confidence": 0.2}]
    parsed = {
        "text": text,
        "intent": ranking[0],
        "intent_ranking": ranking,
        "entities": list(entities),
    }
    return {"event": "user", "text": f"原话{text}", "parse_data": parsed}


def did(name: str) -> dict[str, Any]:
    return {"event": "action", "name": name}


def said(name: str) -> dict[str, Any]:
    return {"event": "bot", "text": "x", "metadata": {"utter_action": name}, "data": {"custom": None}}


TRANSFER = {"event": "bot", "text": None, "metadata": {}, "data": {"custom": {"type": "transfer"}}}


def kinds(*events: dict[str, Any]) -> list[tuple[int, str]]:
    return [(item.seq, item.kind) for item in items_of("c1", enumerate(events))]


@pytest.mark.requirement(47)
def test_each_kind_of_turn_that_was_not_managed_is_an_item() -> None:
    assert kinds(
        user("/EXTERNAL_call_started", "EXTERNAL_call_started"),
        said("utter_disclosure"),
        user("学生有优惠吗", "nlu_fallback"),
        did("action_not_understood"),
        said("utter_rephrase"),
        user("天气怎么样", "out_of_scope"),
        did("action_not_understood"),
        said("utter_out_of_scope"),
        user("积分呢", "points"),
        did("action_answer_question"),
        said("utter_no_article"),
        user("查余额", "query_balance", 0.62),
        did("action_query_balance"),
        user("转人工", "request_human"),
        did("action_handoff"),
        said("utter_handoff"),
        TRANSFER,
        user("查余额", "query_balance"),
        did("action_query_balance"),
    ) == [(2, "fallback"), (5, "out_of_scope"), (8, "refused"), (11, "unsure"), (13, "handoff")]


def test_a_question_that_an_article_answered_is_no_item() -> None:
    asked = user("学生有优惠吗", "nlu_fallback")
    assert kinds(asked, did("action_not_understood"), said("utter_article")) == []


def test_an_item_keeps_the_ranking_and_what_was_done_and_has_a_name_of_its_own() -> None:
    (item,) = items_of(
        "c1", [(7, user("学生有优惠吗", "nlu_fallback", 0.4)), (8, did("action_not_understood"))]
    )
    assert item.id == "c1:0007" and item.did == ("action_not_understood",)
    assert item.ranking == (("query_bill", 0.2),)
    assert item.text == "学生有优惠吗" and item.is_whole


@pytest.mark.requirement(47)
def test_numbers_names_and_addresses_are_hidden() -> None:
    (item,) = items_of("c1", [(0, user("我的号码是13800138000对吧", "nlu_fallback"))])
    assert item.text == "我的号码是＊＊＊＊＊＊＊＊＊＊＊对吧" and not item.is_whole
    assert masked("尾号672X", [{"entity": "id_last4", "start": 2, "end": 6}]) == "尾号＊＊＊＊"
    assert masked("我叫王丽", [{"entity": "person", "start": 2, "end": 4}]) == "我叫＊＊"
    assert masked("幺三八零零幺三八", []) == "＊" * 8
    assert masked("要100元的3个", [{"entity": "amount", "start": 1, "end": 5}]) == "要100元的3个"
