"""Identity by the last four digits of the ID."""

from __future__ import annotations

from actions.call_control import ActionInform, ActionKeypad, ActionNotUnderstood
from actions.identity import ActionVerifyIdentity
from tests.fakes.crm import FakeCrm, Turn

ASKED = {"customer_id": "c1", "customer_title": "王女士", "awaiting": "id_last4", "request": "balance"}


def test_right_digits_answer_what_was_asked_before(crm: FakeCrm) -> None:
    for turn in (
        Turn("六七二一", "inform", **ASKED).run(ActionInform()),
        Turn("不对，应该是六七二一", "verify_identity", **ASKED).run(ActionVerifyIdentity()),
        Turn("不是六七一二是六七二一", "verify_identity", **ASKED).run(ActionVerifyIdentity()),
        Turn(keyed={"digits": "6721"}, **ASKED).run(ActionKeypad()),
        Turn("乱说六七二一", "nlu_fallback", **ASKED).run(ActionNotUnderstood()),
    ):
        assert turn.slots["identity_verified"] is True
        assert turn.response("utter_balance")["amount"] == "86.42元"


def test_wrong_digits_three_times_lead_to_a_human(crm: FakeCrm) -> None:
    turn = Turn("六七一二", "inform", **ASKED)
    assert turn.run(ActionInform()).said == ["utter_id_wrong"]
    assert turn.run(ActionInform()).said == ["utter_id_wrong"]
    assert turn.run(ActionInform()).said == ["utter_identity_failed"]
    assert turn.control[0]["type"] == "transfer"
    assert crm.handoffs[0][0] == "identity_failed" and "身份未核实" in crm.handoffs[0][1]


def test_incomplete_digits_are_asked_for_again(crm: FakeCrm) -> None:
    assert Turn("六七二", "inform", **ASKED).run(ActionInform()).said == ["utter_id_incomplete"]
    assert Turn("核实身份", "verify_identity", **ASKED).run(ActionVerifyIdentity()).said == [
        "utter_ask_id_last4"
    ]


def test_an_unknown_caller_is_asked_for_the_number(crm: FakeCrm) -> None:
    turn = Turn("六七二一", "inform", awaiting="phone", request="balance").run(ActionInform())
    assert turn.said == ["utter_ask_phone"]
    turn = Turn("幺三八零零一三八零零零", "inform", **turn.slots).run(ActionInform())
    assert turn.said == ["utter_ask_id_last4"] and turn.slots["customer_id"] == "c1"
    wrong = Turn("幺三八零零一三八零零九", "inform", awaiting="phone").run(ActionInform())
    assert wrong.said == ["utter_phone_unknown"]


def test_crm_away(crm: FakeCrm) -> None:
    crm.away = True
    assert Turn("六七二一", "inform", **ASKED).run(ActionInform()).said == ["utter_system_busy"]
