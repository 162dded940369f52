"""What is recorded of what customers say; services and abuse."""

from __future__ import annotations

from datetime import date

import pytest

from actions.answers import ActionAnswerRequest
from actions.clients.tickets import Ticket
from actions.outbound import (
    ActionAbuse,
    ActionFinishPromise,
    ActionFinishRating,
    ActionRecordOutcome,
    ValidatePromiseForm,
    ValidateRatingForm,
)
from actions.services import ActionFinishService, ValidateServiceForm
from actions.session import ActionSlower
from actions.taking import ActionTakeRequest
from actions.tickets import ASKED_ABOUT, ActionComplain
from tests.fakes.crm import FakeCrm, Turn

VERIFIED = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}


def test_an_outcome_with_the_day_that_was_named(crm: FakeCrm) -> None:
    Turn("下周三再打给我", "call_later").run(ActionRecordOutcome())
    Turn("别再打了", "opt_out").run(ActionRecordOutcome())
    assert crm.outcomes == {"call_later": {"date": "2026-11-25"}, "opt_out": True}


def test_an_outcome_while_the_crm_is_away_does_not_break_the_call(crm: FakeCrm) -> None:
    crm.away = True
    assert Turn("别再打了", "opt_out").run(ActionRecordOutcome()).said == []


def test_a_promise_is_a_day(crm: FakeCrm) -> None:
    turn = Turn("我会还的", "promise_to_pay").run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    turn.fill(ValidatePromiseForm())
    assert turn.slots["requested_slot"] == "promise_day"
    turn = turn.then("上周").fill(ValidatePromiseForm(), promise_day="2026-11-13")
    assert turn.said == ["utter_promise_impossible"] and turn.slots["requested_slot"] == "promise_day"
    turn = turn.then("二十五号").fill(ValidatePromiseForm(), promise_day="2026-11-25")
    assert turn.form is None
    turn.run(ActionFinishPromise())
    assert turn.response("utter_promise_recorded")["day"] == "11月25日"
    assert crm.outcomes["promise_to_pay"] == {"date": "2026-11-25"}


def test_a_promise_of_an_amount_this_month(crm: FakeCrm) -> None:
    turn = Turn("这个月先还五百块", "promise_to_pay").run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    turn.fill(ValidatePromiseForm(), promise_day="2026-11").run(ActionFinishPromise())
    assert crm.outcomes["promise_to_pay"] == {"date": "2026-11", "cents": 50000}


def test_a_score(crm: FakeCrm) -> None:
    turn = Turn("还不错", "rate_service").run(ActionRecordOutcome()).run(ActionTakeRequest())
    assert crm.outcomes == {"rating_in_words": "还不错"}
    turn.events.append({"event": "action", "name": "action_take_request"})
    turn.fill(ValidateRatingForm())
    assert turn.slots["requested_slot"] == "score"
    turn = turn.then("一百分").fill(ValidateRatingForm(), score=100)
    assert turn.slots["score"] is None and turn.slots["failures"] == 1
    turn = turn.then("9", "EXTERNAL_keypad").fill(ValidateRatingForm(), score="9")
    assert turn.run(ActionFinishRating()).said == ["utter_thank_for_score"]
    assert crm.outcomes["score"] == 9


@pytest.mark.requirement(51)
def test_a_complaint_is_a_ticket_and_what_became_of_it(crm: FakeCrm) -> None:
    turn = Turn("我要投诉师傅", "complain", **VERIFIED).run(ActionComplain())
    assert crm.opened == [("complaint", "我要投诉师傅")] and turn.slots["awaiting"] == "human"
    asked = turn.then("我的投诉呢", "query_ticket").run(ActionTakeRequest()).run(ActionAnswerRequest())
    assert asked.said == ["utter_no_ticket"]
    crm.ticket = Ticket("t2", "complaint", "我要投诉师傅", "working", date(2026, 11, 18))
    told = turn.then("我的投诉呢", "query_ticket").run(ActionTakeRequest()).run(ActionAnswerRequest())
    assert told.response("utter_ticket_working")["day"] == "11月18日"
    assert crm.notes == [("t2", ASKED_ABOUT)]
    told.then("师傅还是没来，我要投诉", "complain").run(ActionComplain())
    assert crm.notes[1:] == [("t2", "师傅还是没来，我要投诉")] and len(crm.opened) == 1  # no second ticket
    crm.ticket = Ticket("t2", "complaint", "我要投诉师傅", "done", date(2026, 11, 18))
    told.then("我又要投诉", "complain").run(ActionComplain())
    assert crm.opened[1:] == [("complaint", "我又要投诉")] and len(crm.notes) == 2


def test_plan_and_services(crm: FakeCrm) -> None:
    plan = Turn("套餐", "query_plan", **VERIFIED).run(ActionTakeRequest()).run(ActionAnswerRequest())
    assert plan.response("utter_plan")["plan"] == "畅享套餐"
    turn = Turn("取消业务", "cancel_service", **VERIFIED).run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    assert turn.fill(ValidateServiceForm()).slots["requested_slot"] == "service"
    turn = turn.then("彩铃").fill(ValidateServiceForm(), service="彩铃")
    assert turn.said == ["utter_confirm_cancel_service"]
    turn = turn.then("对", "affirm").fill(ValidateServiceForm(), confirmed=True)
    assert turn.run(ActionFinishService()).said == ["utter_cancel_service_done"]
    assert crm.opened == [("cancel_service", "彩铃")]


def test_what_is_open_is_not_opened_again(crm: FakeCrm) -> None:
    turn = Turn("开通畅享套餐", "open_service", {"service": "畅享"}, **VERIFIED).run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    turn.fill(ValidateServiceForm())
    assert turn.said == ["utter_service_is_open"] and turn.form is None


@pytest.mark.requirement(33)
def test_abuse_is_warned_about_once(crm: FakeCrm) -> None:
    turn = Turn("滚", "abuse").run(ActionAbuse())
    assert turn.said == ["utter_abuse_warning"]
    turn.events.append({"event": "action", "name": "action_abuse"})
    turn.run(ActionAbuse())
    assert turn.said == ["utter_abuse_goodbye"] and turn.control[0]["type"] == "hang_up"


def test_slower_says_the_last_turn_again_slower() -> None:
    turn = Turn("慢点说", "slower")
    turn.events += [
        {"event": "bot", "text": "您的余额是86元。", "metadata": {"utter_action": "utter_balance"}},
        {"event": "user"},
        {"event": "bot", "text": "好的，我慢一点说。", "metadata": {"utter_action": "utter_slower"}},
    ]
    said = turn.run(ActionSlower()).responses
    assert [(x["text"], x["metadata"]["rate"]) for x in said] == [("您的余额是86元。", 0.8)]
