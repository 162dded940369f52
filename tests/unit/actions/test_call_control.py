# ruff: noqa: E501 - tables of Chinese sentences read better in one line
"""Silence, failures, repetition, handoff, and the start of a call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actions import backends, conversation
from actions.call_control import ActionHangUp, ActionInform, ActionKeypad, ActionNotUnderstood, ActionSilence
from actions.clients.store import CrmUnavailable
from actions.handoff import ActionHandoff
from actions.session import ActionCallResumed, ActionRepeat, ActionSessionStart
from tests.fakes.crm import FakeCrm, Turn


def acted(name: str) -> dict[str, Any]:
    return {"event": "action", "name": name}


def said(text: str, response: str = "utter_balance", **metadata: Any) -> dict[str, Any]:
    return {"event": "bot", "text": text, "metadata": {"utter_action": response, "metadata": metadata}}


@pytest.mark.requirement(33)
def test_the_silence_ladder() -> None:
    spoken = [Turn(keyed={"count": count}).run(ActionSilence()) for count in (1, 2, 3)]
    assert [turn.said for turn in spoken] == [
        ["utter_silence_first"], ["utter_silence_second"], ["utter_silence_goodbye"],
    ]  # fmt: skip
    assert [turn.control for turn in spoken] == [[], [], [{"type": "hang_up", "reason": "silence"}]]


@pytest.mark.requirement(62)
def test_failures_in_a_row_lead_to_a_human(crm: FakeCrm) -> None:
    turn = Turn("叽里咕噜", "nlu_fallback", customer_id="c1", customer_title="王女士")
    for response in ("utter_rephrase", "utter_choices", "utter_handoff_not_understood"):
        turn.events.append({"event": "user"})
        turn.run(ActionNotUnderstood())
        assert turn.said == [response]
        turn.events.append({"event": "slot", "name": "failures"})
    assert crm.handoffs[0][0] == "not_understood"


@pytest.mark.requirement(62)
def test_what_a_form_cannot_use_is_asked_again_then_a_human(crm: FakeCrm) -> None:
    turn = Turn("随便", "inform", form="appointment_form", requested_slot="appointment_day")
    for response in ("utter_not_clear", "utter_not_clear", "utter_handoff_not_understood"):
        turn.events.append({"event": "user"})
        turn.run(ActionInform())
        assert turn.said == [response]
        turn.events.append({"event": "slot", "name": "failures"})


def test_a_turn_that_was_understood_starts_the_count_again() -> None:
    user, failed = {"event": "user"}, {"event": "slot", "name": "failures"}
    assert conversation.failures_in_a_row([user, failed, user, failed, user]) == 2
    assert conversation.failures_in_a_row([user, failed, user, acted("action_x"), user]) == 0
    assert conversation.failures_in_a_row([user, failed, user, acted("action_x"), user, failed, user]) == 1


def test_out_of_scope_says_what_we_can_do(crm: FakeCrm) -> None:
    assert Turn("今天天气", "out_of_scope").run(ActionNotUnderstood()).said == ["utter_out_of_scope"]


@pytest.mark.requirement(62)
def test_handoff_is_said_recorded_and_sent(crm: FakeCrm) -> None:
    line = {"code": "roaming_pack", "name": "国际漫游包", "cents": 10000, "day": "2026-11-03"}
    slots = {
        "customer_title": "王女士",
        "identity_verified": True,
        "request": "dispute",
        "disputed_line": line,
    }
    turn = Turn("转人工", "request_human", **slots).run(ActionHandoff())
    summary = "王女士，身份已核实；诉求：费用争议；争议项目：国际漫游包100元；转接原因：客户要求转人工。"
    assert turn.said == ["utter_handoff"]
    assert turn.control == [{"type": "transfer", "target": "service", "mode": "cold", "summary": summary}]
    assert crm.handoffs == [("requested", summary)]


def test_handoff_without_the_crm_still_transfers(crm: FakeCrm) -> None:
    crm.away = True
    assert Turn("转人工").run(ActionHandoff()).control[0]["type"] == "transfer"


def test_zero_on_the_keypad_is_a_human(crm: FakeCrm) -> None:
    assert Turn(keyed={"digits": "0"}, form="identity_form").run(ActionKeypad()).said == ["utter_handoff"]
    assert Turn(keyed={"digits": "5"}).run(ActionKeypad()).said == ["utter_choices"]


def test_a_bare_amount_corrects_the_disputed_one(crm: FakeCrm) -> None:
    slots = {"customer_id": "c1", "identity_verified": True, "request": "dispute", "awaiting": "refund"}
    assert Turn("不是一百块是五十块", "inform", **slots).run(ActionInform()).slots["dispute_cents"] == 5000
    assert Turn("上个月", "inform", **slots).run(ActionInform()).said[0] == "utter_bill"
    assert Turn("五十块", "inform").run(ActionInform()).said == ["utter_rephrase"]


def test_repeat_says_the_last_turn_again_with_its_hints() -> None:
    listen = {"expect": "digits", "max_digits": 4}
    events = [
        {"event": "user"}, said("旧的"), {"event": "user"}, said("余额是10元。"), said("还有吗？", listen=listen),
        {"event": "user"}, said("没听明白", "utter_rephrase"), {"event": "user"},
    ]  # fmt: skip
    turn = Turn()
    turn.events = events
    turn.run(ActionRepeat())
    assert [message["text"] for message in turn.responses] == ["余额是10元。", "还有吗？"]
    assert turn.responses[1]["metadata"] == {"listen": listen}
    assert Turn().run(ActionRepeat()).said == ["utter_how_can_help"]


@pytest.mark.requirement(34)
def test_a_resumed_call_is_not_greeted_again() -> None:
    turn = Turn()
    turn.events = [{"event": "user"}, said("后4位？", listen={"expect": "digits"}), {"event": "user"}]
    turn.run(ActionCallResumed())
    assert turn.said == [] and turn.control == [{"type": "listen", "expect": "digits"}]
    assert Turn().run(ActionCallResumed()).said == ["utter_disclosure", "utter_how_can_help"]


def test_hang_up() -> None:
    assert Turn().run(ActionHangUp()).control == [{"type": "hang_up", "reason": "goodbye"}]


@pytest.mark.requirement(49)
def test_the_customer_is_found_by_number_before_the_first_prompt(crm: FakeCrm) -> None:
    metadata = {"call": {"call_id": "call-1", "customer_number": "13800138000"}}
    slots = Turn(session_started_metadata=metadata).run(ActionSessionStart()).slots
    assert (slots["customer_known"], slots["customer_title"], slots["customer_id"]) == (True, "王女士", "c1")


def test_the_call_goes_on_without_the_crm(crm: FakeCrm) -> None:
    crm.away = True
    metadata = {"call": {"customer_number": "13800138000"}}
    assert Turn(session_started_metadata=metadata).run(ActionSessionStart()).slots["customer_known"] is False
    assert Turn().run(ActionSessionStart()).slots["customer_known"] is False


def test_a_back_end_that_takes_too_long_is_unavailable() -> None:
    import threading

    release = threading.Event()

    async def ask() -> None:
        with pytest.raises(CrmUnavailable):
            try:
                await backends.ask(release.wait, 0.01)
            finally:
                release.set()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("cents", "spoken"),
    [(8642, "86.42元"), (10000, "100元"), (1250, "12.5元"), (5, "0.05元"), (0, "0元"), (-250, "-2.5元")],
)
def test_spoken_amounts(cents: int, spoken: str) -> None:
    assert conversation.spoken_amount(cents) == spoken


def test_of_two_likely_readings_the_bot_asks_which(crm: FakeCrm) -> None:
    names = {"utter_name_query_balance": [{"text": "查余额"}], "utter_name_query_bill": [{"text": "查账单"}]}
    turn = Turn("查一下", "nlu_fallback")
    ranking = [("nlu_fallback", 0.7), ("query_balance", 0.4), ("query_bill", 0.3), ("goodbye", 0.1)]
    turn.message["intent_ranking"] = [{"name": name, "confidence": sure} for name, sure in ranking]
    turn.run(ActionNotUnderstood(), {"responses": names})
    asked = turn.response("utter_clarify")
    assert (asked["first"], asked["second"]) == ("查余额", "查账单")
    assert turn.run(ActionNotUnderstood(), {}).said == ["utter_rephrase"]  # one of them has no name


def test_a_word_that_is_an_answer_only_to_that_question(crm: FakeCrm) -> None:
    line = {"code": "r", "name": "漫游", "cents": 100, "day": "2026-11-03", "period": "2026-11"}
    slots = {"awaiting": "refund", "disputed_line": line, "customer_id": "c1"}
    assert Turn("那你给退掉", "nlu_fallback", **slots).run(ActionNotUnderstood()).said == [
        "utter_refund_requested"
    ]
    assert Turn("那别退", "nlu_fallback", **slots).run(ActionNotUnderstood()).said == ["utter_no_refund"]
    assert Turn("什么", "nlu_fallback", **slots).run(ActionNotUnderstood()).said == ["utter_rephrase"]


@pytest.mark.parametrize(
    ("said", "leaves"),
    [
        ("算了不约了", True),
        ("那就不约了", True),
        ("先别弄了", True),
        ("不是明天", False),
        ("我不知道了解一下", False),
    ],
)
def test_no_to_all_of_it(said: str, leaves: bool) -> None:
    assert conversation.leaves_it(said) is leaves


def test_what_leaves_a_form_closes_it(crm: FakeCrm) -> None:
    turn = Turn("算了不约了", "nlu_fallback", form="appointment_form", requested_slot="appointment_day")
    turn.run(ActionNotUnderstood())
    assert turn.said == ["utter_left_as_it_is"] and turn.form is None
