"""Appointments: day and time asked for, checked, read back; moved and cancelled. It is Friday 2026-11-20."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from actions.answers import ActionAffirm, ActionAnswerRequest, ActionDeny
from actions.appointments import ActionFinishAppointment, ValidateAppointmentForm
from actions.clients.appointments import Appointment
from actions.going_on import ActionAskMore
from actions.taking import ActionTakeRequest
from tests.fakes.crm import FakeCrm, Turn

VERIFIED = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}
REPAIR = Appointment("a1", "维修", date(2026, 11, 22), "10:00")
FORM = ValidateAppointmentForm()


def begun(text: str, intent: str, **slots: Any) -> Turn:
    turn = Turn(text, intent, **{**VERIFIED, **slots}).run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    return turn.fill(FORM)


def confirmed(turn: Turn) -> Turn:
    turn = turn.then("对", "affirm").fill(FORM, confirmed=True)
    assert turn.form is None
    return turn.run(ActionFinishAppointment())


def test_all_in_one_sentence(crm: FakeCrm) -> None:
    turn = begun("约下周三上午十点半上门", "book_appointment")
    asked = turn.response("utter_confirm_book_appointment")
    assert (asked["day"], asked["time"]) == ("11月25日", "10:30")
    assert confirmed(turn).said == ["utter_book_appointment_done"]
    assert crm.booked == Appointment("a1", "上门服务", date(2026, 11, 25), "10:30")


@pytest.mark.requirement(202)
def test_day_and_time_one_by_one_and_what_cannot_be(crm: FakeCrm) -> None:
    crm.full = {"15:00"}
    turn = begun("我要预约", "book_appointment")
    assert turn.said == [] and turn.slots["requested_slot"] == "appointment_day"
    for said, why, asked in (
        ({"appointment_day": "2026"}, ["utter_day_unclear"], "appointment_day"),
        ({"appointment_day": "2025-10-01"}, ["utter_day_impossible"], "appointment_day"),
        ({"appointment_day": "2026-11-21"}, [], "appointment_time"),
        ({"appointment_time": "22:00"}, ["utter_time_impossible"], "appointment_time"),
        ({"appointment_time": "15:00"}, ["utter_time_taken"], "appointment_time"),
        ({"appointment_time": "16:00"}, ["utter_confirm_book_appointment"], "confirmed"),
    ):
        turn = turn.then("说了").fill(FORM, **said)
        assert (turn.said, turn.slots["requested_slot"]) == (why, asked), said
    assert crm.booked is None


def test_after_three_answers_of_no_use_a_human_is_offered_and_the_form_put_off(crm: FakeCrm) -> None:
    turn = begun("我要预约", "book_appointment")
    for _ in range(3):
        turn = turn.then("昨天").fill(FORM, appointment_day="2026-11-19")
        turn.events.append({"event": "slot", "name": "failures"})
    assert turn.said == ["utter_day_impossible", "utter_no_progress"] and turn.form is None
    assert turn.slots["awaiting"] == "human" and turn.slots["later"][0]["form"] == "appointment_form"
    assert turn.run(ActionFinishAppointment()).said == []


def test_a_correction_is_read_back_again(crm: FakeCrm) -> None:
    turn = begun("约明天上午十点", "book_appointment")
    turn = turn.then("不对是后天", "deny").fill(FORM, appointment_day="2026-11-22", confirmed=False)
    asked = turn.response("utter_confirm_book_appointment")
    assert (asked["day"], asked["time"]) == ("11月22日", "10:00") and turn.slots["confirmed"] is None


def test_of_two_days_in_a_sentence_the_last_is_meant(crm: FakeCrm) -> None:
    turn = begun("我要预约", "book_appointment")
    turn = turn.then("周六不对周日").fill(FORM, appointment_day=["2026-11-21", "2026-11-22"])
    assert turn.slots["appointment_day"] == "2026-11-22"


def test_left_while_the_day_is_asked_for(crm: FakeCrm) -> None:
    turn = begun("我要预约", "book_appointment").then("算了", "deny").run(ActionDeny())
    assert turn.said == ["utter_left_as_it_is"] and turn.form is None


def test_moved_to_another_hour_of_the_same_day(crm: FakeCrm) -> None:
    crm.booked = REPAIR
    turn = begun("改成下午两点", "change_appointment")
    asked = turn.response("utter_confirm_change_appointment")
    assert (asked["what"], asked["day"], asked["time"]) == ("维修", "11月22日", "14:00")
    confirmed(turn)
    assert crm.booked == Appointment("a1", "维修", date(2026, 11, 22), "14:00")


def test_asked_where_to_move_it(crm: FakeCrm) -> None:
    crm.booked = REPAIR
    turn = begun("我想改下预约", "change_appointment")
    assert turn.response("utter_your_appointment")["day"] == "11月22日"
    assert turn.slots["requested_slot"] == "appointment_day"
    turn = turn.then("周一上午九点").fill(FORM, appointment_day="2026-11-23", appointment_time="09:00")
    assert turn.said == ["utter_confirm_change_appointment"]


def test_cancelled_after_a_yes(crm: FakeCrm) -> None:
    crm.booked = REPAIR
    turn = begun("预约取消吧", "cancel_appointment")
    assert turn.said == ["utter_confirm_cancel_appointment"] and crm.booked == REPAIR
    confirmed(turn)
    assert crm.booked is None


def test_nothing_to_move_or_cancel(crm: FakeCrm) -> None:
    for kind in ("change_appointment", "cancel_appointment"):
        turn = begun("预约", kind)
        assert turn.said == ["utter_no_appointment"] and turn.form is None


@pytest.mark.requirement(51)
def test_a_fault_is_a_ticket_and_leads_to_an_appointment(crm: FakeCrm) -> None:
    turn = Turn("宽带断网了", "report_fault", **VERIFIED).run(ActionTakeRequest()).run(ActionAnswerRequest())
    assert crm.opened == [("fault", "宽带断网了")]
    assert turn.said == ["utter_fault_recorded", "utter_offer_visit"]
    turn = turn.then("好", "affirm").run(ActionAffirm())
    assert turn.form == "appointment_form" and turn.slots["matter"] == "维修"
    turn.events.append({"event": "action", "name": "action_affirm"})
    turn = turn.fill(FORM).then("明天上午九点")
    turn.fill(FORM, appointment_day="2026-11-21", appointment_time="09:00")
    assert turn.response("utter_confirm_book_appointment")["what"] == "维修"


@pytest.mark.requirement(202)
@pytest.mark.parametrize("kind", ["book_appointment", "change_appointment"])
def test_who_was_too_late_for_an_hour_is_offered_the_nearest(crm: FakeCrm, kind: str) -> None:
    crm.booked = REPAIR if kind == "change_appointment" else None
    turn = begun("后天下午两点", kind, appointment_day=None)
    assert turn.said == [f"utter_confirm_{kind}"]
    crm.full = {"14:00", "15:00"}  # another call was quicker
    turn = confirmed(turn)
    assert turn.said == ["utter_time_taken"] and crm.booked == (REPAIR if "change" in kind else None)
    assert turn.run(ActionAskMore()).form == "appointment_form" and turn.said == []
    turn.events.append({"event": "action", "name": "action_ask_more"})
    asked = turn.fill(FORM).response(f"utter_confirm_{kind}")
    assert (asked["day"], asked["time"]) == ("11月22日", "13:00")
    assert confirmed(turn).said == [f"utter_{kind}_done"]
    assert crm.booked is not None and crm.booked.time == "13:00"


def test_when_the_day_is_full_the_day_is_asked_for(crm: FakeCrm) -> None:
    turn = begun("明天下午两点", "book_appointment")
    crm.full = {f"{hour:02}:00" for hour in range(24)}
    turn = confirmed(turn).run(ActionAskMore())
    turn.events.append({"event": "action", "name": "action_ask_more"})
    assert turn.form == "appointment_form" and turn.fill(FORM).slots["requested_slot"] == "appointment_day"
    assert crm.booked is None
