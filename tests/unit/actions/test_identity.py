"""Identity by the last four digits of the ID, asked for by a form."""

from __future__ import annotations

import pytest

from actions.answers import ActionAnswerRequest
from actions.call_control import ActionInform, ActionNotUnderstood
from actions.forms import ValidateIdentityForm
from actions.identity import ActionVerifyIdentity
from tests.fakes.crm import FakeCrm, Turn

ASKED = {
    "customer_id": "c1",
    "customer_title": "王女士",
    "requested_slot": "id_last4",
    "request": "balance",
    "form": "identity_form",
}


def asked(text: str, intent: str = "inform", keyed: dict[str, str] | None = None, **slots: object) -> Turn:
    return Turn(text, intent, keyed, **{**ASKED, **slots})


@pytest.mark.requirement(202)
def test_right_digits_answer_what_was_asked_before(crm: FakeCrm) -> None:
    for turn in (
        asked("六七二一"),
        asked("不对，应该是六七二一", "verify_identity"),
        asked("不是六七一二是六七二一", "deny"),
        asked("", "EXTERNAL_keypad", {"digits": "6721"}),
        asked("乱说六七二一", "nlu_fallback"),
    ):
        turn.fill(ValidateIdentityForm())
        assert turn.slots["identity_verified"] is True and turn.form is None
        assert turn.run(ActionAnswerRequest()).response("utter_balance")["amount"] == "86.42元"


def test_the_digits_are_not_kept(crm: FakeCrm) -> None:
    turn = asked("六七二一").fill(ValidateIdentityForm())
    assert "6721" not in str(turn.slots)


def test_wrong_digits_three_times_lead_to_a_human(crm: FakeCrm) -> None:
    turn = asked("六七一二").fill(ValidateIdentityForm())
    assert turn.said == ["utter_id_wrong"] and turn.slots["requested_slot"] == "id_last4"
    turn = turn.then("六七一三").fill(ValidateIdentityForm())
    turn = turn.then("六七一四").fill(ValidateIdentityForm())
    assert turn.said == ["utter_identity_failed"] and turn.form is None
    assert turn.control[0]["type"] == "transfer"
    assert crm.handoffs[0][0] == "identity_failed" and "身份未核实" in crm.handoffs[0][1]
    assert turn.run(ActionAnswerRequest()).said == []


def test_a_turn_without_digits_is_left_to_the_rules(crm: FakeCrm) -> None:
    turn = asked("你们几点开门", "opening_hours").fill(ValidateIdentityForm())
    assert turn.said == [] and turn.form == "identity_form" and turn.slots["requested_slot"] == "id_last4"


def test_incomplete_digits_are_said_to_be(crm: FakeCrm) -> None:
    assert asked("六七二").run(ActionInform()).said == ["utter_id_incomplete"]
    assert asked("六七二", "nlu_fallback").run(ActionNotUnderstood()).said == ["utter_id_incomplete"]
    assert asked("核实身份", "verify_identity").run(ActionVerifyIdentity()).said == []
    assert Turn("核实身份", "verify_identity").run(ActionVerifyIdentity()).said == ["utter_what_for"]


def test_an_unknown_caller_is_asked_for_the_number(crm: FakeCrm) -> None:
    stranger = {"customer_id": None, "requested_slot": "phone"}
    turn = asked("幺三八零零一三八零零零", **stranger).fill(ValidateIdentityForm())
    assert turn.slots["requested_slot"] == "id_last4" and turn.slots["customer_id"] == "c1"
    wrong = asked("幺三八零零一三八零零九", **stranger).fill(ValidateIdentityForm())
    assert wrong.said == ["utter_phone_unknown"] and wrong.slots["requested_slot"] == "phone"


def test_a_caller_whom_the_crm_found_too_late_is_not_asked_for_the_number(crm: FakeCrm) -> None:
    turn = asked("查余额", "query_balance", customer_id=None, requested_slot=None)
    turn.message["metadata"] = {"call": {"customer_number": "13800138000"}}
    turn.fill(ValidateIdentityForm())
    assert turn.slots["requested_slot"] == "id_last4" and turn.slots["customer_title"] == "王女士"


def test_crm_away(crm: FakeCrm) -> None:
    crm.away = True
    turn = asked("六七二一").fill(ValidateIdentityForm())
    assert turn.said == ["utter_system_busy"] and turn.form is None and turn.slots["awaiting"] == "human"
