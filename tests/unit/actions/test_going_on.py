"""Digressions and return, requests that are put off, several in one sentence."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actions import going_on, knowledge
from actions.answering import ActionAnswerQuestion
from actions.appointments import ValidateAppointmentForm
from actions.clients.articles import Article
from actions.clients.knowledge_base import Answer, Found
from actions.going_on import ActionAskMore, ActionGoOn
from actions.orders import ActionFinishOrder, ValidateOrderForm
from actions.taking import ActionTakeRequest
from tests.fakes.crm import FakeCrm, Turn

VERIFIED = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}
OPEN = {"form": "appointment_form", "request": "book_appointment", "requested_slot": "appointment_day"}


def bot(text: str, response: str = "utter_x") -> dict[str, Any]:
    return {"event": "bot", "text": text, "metadata": {"utter_action": response}}


def test_an_open_form_asks_again(crm: FakeCrm) -> None:
    for action in (ActionGoOn(), ActionAskMore()):
        turn = Turn("你是机器人吗", "ask_if_bot", **OPEN).run(action)
        assert turn.form == "appointment_form" and turn.said == []


def test_an_open_question_is_asked_again(crm: FakeCrm) -> None:
    assert Turn("几点开门", awaiting="refund").run(ActionAskMore()).said == ["utter_offer_refund"]
    assert Turn("几点开门", awaiting="human").run(ActionGoOn()).said == ["utter_offer_human"]


def test_nothing_open_leads_to_the_question_for_more(crm: FakeCrm) -> None:
    assert Turn("你好").run(ActionGoOn()).said == []
    turn = Turn("查余额").run(ActionAskMore())
    assert turn.said == ["utter_anything_else"] and turn.slots["awaiting"] == "more"


def test_a_question_or_a_transfer_in_this_turn_is_enough(crm: FakeCrm) -> None:
    for event in (
        bot("需要为您转人工客服吗？"),
        bot("好的，您请说。", "utter_please_go_on"),
        {"event": "bot", "data": {"custom": {"type": "transfer"}}},
    ):
        turn = Turn()
        turn.events = [{"event": "user"}, event]
        assert turn.run(ActionAskMore()).said == []


@pytest.mark.requirement(31)
def test_what_another_request_interrupts_is_gone_on_with(crm: FakeCrm) -> None:
    turn = Turn("先查下余额", "query_balance", **VERIFIED, **OPEN).run(ActionTakeRequest())
    assert turn.slots["request"] == "balance"
    turn.form = None  # identity_form is over at once
    turn.run(ActionAskMore())
    assert turn.response("utter_back_to")["what"] == "预约上门" and turn.form == "appointment_form"
    assert turn.slots["request"] == "book_appointment" and turn.slots["later"] == []


def test_another_deed_in_the_same_form_replaces_the_first(crm: FakeCrm) -> None:
    slots = {"form": "order_form", "request": "return_goods", "requested_slot": "confirmed"}
    turn = Turn("还是换一个吧", "exchange_goods", **VERIFIED, **slots).run(ActionTakeRequest())
    assert turn.slots["request"] == "exchange_goods" and not turn.slots.get("later")


def several(text: str, *pieces: tuple[str, str]) -> Turn:
    turn = Turn(text, pieces[0][0], **VERIFIED)
    places = [(intent, text.index(words), words) for intent, words in pieces]
    turn.message["requests"] = [
        {"intent": intent, "text": words, "start": start, "end": start + len(words)}
        for intent, start, words in places
    ]
    return turn


@pytest.mark.requirement(31)
def test_the_second_request_of_a_sentence_follows_the_first(crm: FakeCrm) -> None:
    text = "查一下余额再约明天上午10点上门"
    turn = several(text, ("query_balance", "查一下余额"), ("book_appointment", "再约明天上午10点上门"))
    turn.message["entities"] = [
        {"entity": "date", "value": "2026-11-21", "start": 7},
        {"entity": "time", "value": "10:00", "start": 9},
    ]
    turn.run(ActionTakeRequest()).run(ActionAskMore())
    assert turn.response("utter_then")["what"] == "预约上门" and turn.form == "appointment_form"
    turn.events.append({"event": "action", "name": "action_ask_more"})
    assert turn.fill(ValidateAppointmentForm()).said == ["utter_confirm_book_appointment"]


def test_a_question_beside_a_request(crm: FakeCrm, no_articles: Path) -> None:
    ours = Path(__file__).resolve().parents[3] / "knowledge" / "points.md"
    shutil.copy(ours, no_articles / "points.md")
    turn = several("查余额，积分怎么用", ("query_balance", "查余额"), ("points", "积分怎么用"))
    turn.run(ActionTakeRequest()).run(ActionAskMore())
    assert turn.said == ["utter_article", "utter_anything_else"] and turn.slots["later"] == []
    turn = several("积分怎么用，查余额", ("points", "积分怎么用"), ("query_balance", "查余额"))
    turn.run(ActionAnswerQuestion())
    assert turn.said == ["utter_article"] and turn.run(ActionAskMore()).form == "identity_form"


def test_no_more_than_three_are_put_off(crm: FakeCrm) -> None:
    later = [{"form": "order_form", "request": str(n), "slots": {}} for n in range(3)]
    turn = Turn("查余额", "query_balance", later=later, **OPEN).run(ActionTakeRequest())
    assert [item["request"] for item in turn.slots["later"]] == ["1", "2", "book_appointment"]


def test_going_on_after_a_hang_up_says_nothing(crm: FakeCrm) -> None:
    turn = Turn(awaiting="refund")
    turn.events = [{"event": "user"}, {"event": "bot", "data": {"custom": {"type": "hang_up"}}}]
    assert turn.run(going_on.ActionGoOn()).said == []


DAY = date(2026, 1, 1)
ARTICLE = Article(
    "knowledge/x.md", "运费", "", ("运费谁出",), "我们出。", "手册", DAY, DAY, "运营", (), "published", "0"
)


class Base:
    """Articles that are sure of one question."""

    def find(self, text: str, today: object) -> Found:
        return Found(Answer(ARTICLE, 0.9)) if "运费" in text else Found()

    def about(self, intent: str, today: object) -> None:
        return None

    def asks(self, text: str) -> float:
        return 1.0

    def likeliest(self, text: str) -> None:
        return None


def test_a_question_that_sounds_like_a_request_is_answered(
    crm: FakeCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge, "base", Base)
    turn = Turn("退货运费谁出", "return_goods", **VERIFIED).run(ActionTakeRequest())
    assert turn.said == ["utter_article"]
    turn.events.append({"event": "action", "name": "action_take_request"})
    turn.fill(ValidateOrderForm())
    assert turn.said == [] and turn.form is None and turn.run(ActionFinishOrder()).said == []
    assert Turn("帮我退货看看运费多少", "return_goods", **VERIFIED).run(ActionTakeRequest()).said == []


def test_in_the_middle_of_the_request_the_request_goes_on(
    crm: FakeCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge, "base", Base)
    slots = {"form": "order_form", "request": "return_goods", "requested_slot": "confirmed"}
    turn = Turn("退货运费谁出", "return_goods", **VERIFIED, **slots).run(ActionTakeRequest())
    assert turn.said == ["utter_article"] and turn.slots["later"][0]["request"] == "return_goods"
    turn = Turn("那要多久呢退货", "return_goods", **VERIFIED, **slots).run(ActionTakeRequest())
    assert turn.slots.get("confirmed") is None  # a question is no yes
