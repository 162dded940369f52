"""Appointments: day and time asked for, checked, read back; moved and cancelled. It is Friday 2026-11-20."""

from __future__ import annotations

from datetime import date

import pytest

from actions.answers import ActionConfirm, ActionDecline
from actions.appointments import ActionAppointment
from actions.call_control import ActionInform
from actions.clients.appointments import Appointment
from actions.tickets import ActionReportFault
from tests.fakes.crm import FakeCrm, Turn

VERIFIED = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}
REPAIR = Appointment("a1", "维修", date(2026, 11, 22), "10:00")


def next_turn(before: Turn, text: str, intent: str = "inform") -> Turn:
    return Turn(text, intent, **before.slots)


def test_all_in_one_sentence(crm: FakeCrm) -> None:
    turn = Turn("约下周三上午十点半上门", "book_appointment", **VERIFIED).run(ActionAppointment())
    asked = turn.response("utter_confirm_book_appointment")
    assert (asked["day"], asked["time"]) == ("11月25日", "10:30")
    turn = next_turn(turn, "对", "affirm").run(ActionConfirm())
    assert turn.said == ["utter_book_appointment_done", "utter_anything_else"]
    assert crm.booked == Appointment("a1", "上门服务", date(2026, 11, 25), "10:30")


@pytest.mark.requirement(202)
def test_day_and_time_one_by_one_and_what_cannot_be(crm: FakeCrm) -> None:
    crm.full = {"15:00"}
    turn = Turn("我要预约", "book_appointment", **VERIFIED).run(ActionAppointment())
    for said, answer, awaited in (
        ("随便", "utter_ask_day", "day"),
        ("去年十月一号", "utter_day_impossible", "day"),
        ("明天", "utter_ask_time", "time"),
        ("晚上十点", "utter_time_impossible", "time"),
        ("下午三点", "utter_time_taken", "time"),
        ("下午四点", "utter_confirm_book_appointment", "confirm"),
    ):
        turn = next_turn(turn, said).run(ActionInform())
        assert (turn.said, turn.slots["awaiting"]) == ([answer], awaited), said
    assert crm.booked is None


def test_a_correction_is_read_back_again(crm: FakeCrm) -> None:
    turn = Turn("约明天上午十点", "book_appointment", **VERIFIED).run(ActionAppointment())
    turn = next_turn(turn, "不对是后天", "deny").run(ActionDecline())
    asked = turn.response("utter_confirm_book_appointment")
    assert (asked["day"], asked["time"]) == ("11月22日", "10:00")


def test_moved_to_another_hour_of_the_same_day(crm: FakeCrm) -> None:
    crm.booked = REPAIR
    turn = Turn("改成下午两点", "change_appointment", **VERIFIED).run(ActionAppointment())
    asked = turn.response("utter_confirm_change_appointment")
    assert (asked["what"], asked["day"], asked["time"]) == ("维修", "11月22日", "14:00")
    next_turn(turn, "对", "affirm").run(ActionConfirm())
    assert crm.booked == Appointment("a1", "维修", date(2026, 11, 22), "14:00")


def test_asked_where_to_move_it(crm: FakeCrm) -> None:
    crm.booked = REPAIR
    turn = Turn("我想改下预约", "change_appointment", **VERIFIED).run(ActionAppointment())
    assert turn.response("utter_ask_new_day")["day"] == "11月22日"
    turn = next_turn(turn, "周一上午九点").run(ActionInform())
    assert turn.said == ["utter_confirm_change_appointment"]


def test_cancelled_after_a_yes(crm: FakeCrm) -> None:
    crm.booked = REPAIR
    turn = Turn("预约取消吧", "cancel_appointment", **VERIFIED).run(ActionAppointment())
    assert turn.said == ["utter_confirm_cancel_appointment"] and crm.booked == REPAIR
    next_turn(turn, "对", "affirm").run(ActionConfirm())
    assert crm.booked is None


def test_nothing_to_move_or_cancel(crm: FakeCrm) -> None:
    for kind in ("change_appointment", "cancel_appointment"):
        assert Turn("预约", kind, **VERIFIED).run(ActionAppointment()).said[0] == "utter_no_appointment"


@pytest.mark.requirement(51)
def test_a_fault_is_a_ticket_and_leads_to_an_appointment(crm: FakeCrm) -> None:
    turn = Turn("宽带断网了", "report_fault", **VERIFIED).run(ActionReportFault())
    assert crm.opened == [("fault", "宽带断网了")] and turn.said == ["utter_fault_recorded"]
    turn = next_turn(turn, "好", "affirm").run(ActionConfirm())
    assert turn.said == ["utter_ask_day"]
    turn = next_turn(turn, "明天上午九点").run(ActionInform())
    assert turn.response("utter_confirm_book_appointment")["what"] == "维修"
