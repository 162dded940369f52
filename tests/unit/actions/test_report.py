"""What is written back of a call: outcome, promise, lead, mood, what is open, in one breath."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from actions import call_end, profile, report
from actions.answers import ActionAnswerRequest
from actions.call_end import ActionCallEnded
from actions.clients.calls import MOODS, OUTCOMES, Lead, Promise
from actions.clients.crm import Profile
from actions.clients.delivery import Outbox
from actions.outbound import ActionRecordOutcome
from actions.session import ActionSessionStart
from scripts.layout import ROOT
from tests.fakes.crm import ORDERS, WANG, FakeCrm, Turn

pytestmark = [pytest.mark.requirement(50)]

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
CALL = {"customer_number": "+8613800138000", "direction": "outbound"}
WHO = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}


def heard(intent: str, **entities: Any) -> dict[str, Any]:
    found = [{"entity": name, "value": value} for name, value in entities.items()]
    return {"event": "user", "parse_data": {"intent": {"name": intent}, "entities": found}}


def told(response: str) -> dict[str, Any]:
    return {"event": "bot", "text": "…", "metadata": {"utter_action": response}}


def slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


TRANSFER = {"event": "bot", "text": None, "data": {"custom": {"type": "transfer"}}}


def of(*events: dict[str, Any], **slots: Any) -> report.CallReport:
    return report.of_call("call-1", CALL, {**WHO, **slots}, events, call_end.names(DOMAIN))


def test_every_response_and_intent_of_the_tables_is_in_the_domain() -> None:
    assert not {*report.DEEDS, *report.TOLD, report.BUSY} - set(DOMAIN["responses"])
    intents = {name if isinstance(name, str) else next(iter(name)) for name in DOMAIN["intents"]}
    assert not {*report.SAID, *report.ANGRY, *report.UNHAPPY, *report.PLEASED} - intents
    assert set(report.SAID.values()) <= set(OUTCOMES)
    deeds = {name for name in DOMAIN["responses"] if name.endswith("_done")} - set(report.TOLD)
    assert deeds <= set(report.DEEDS)


def test_a_call_in_one_breath() -> None:
    found = of(
        heard("EXTERNAL_call_started"),
        heard("query_balance"),
        told("utter_ask_id_last4"),
        heard("inform"),
        told("utter_balance"),
        heard("fee_dispute"),
        told("utter_charge_explained"),
        heard("angry"),
        told("utter_refund_requested"),
        heard("EXTERNAL_call_ended"),
    )
    assert (found.outcome, found.mood, found.direction) == ("done", "angry", "outbound")
    assert found.summary == (
        "王女士，身份已核实；诉求：查余额、核对一笔费用；已办：已告知余额、已解释费用、已登记退费申请；情绪：情绪激动。"
    )
    assert found.open == () and found.lead is None and found.promises == ()
    assert found.mood in MOODS and found.outcome in OUTCOMES


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], "nothing"),
        ([heard("greet")], "nothing"),
        ([heard("query_plan"), told("utter_plan")], "answered"),
        ([heard("opt_out"), told("utter_opt_out"), heard("thank")], "opted_out"),
        ([heard("interested"), heard("not_interested")], "not_interested"),
        ([heard("not_interested"), heard("interested")], "interested"),
        ([heard("already_paid")], "paid"),
        ([heard("request_human"), TRANSFER], "handed_over"),
        ([heard("not_at_home")], "call_later"),
        (
            [heard("promise_to_pay"), slot("promise_day", "2026-11-25"), told("utter_promise_recorded")],
            "promised",
        ),
        ([heard("promise_to_pay"), told("utter_ask_promise_day")], "nothing"),  # no day, no promise
    ],
)
def test_outcomes(events: list[dict[str, Any]], outcome: str) -> None:
    assert of(*events).outcome == outcome


@pytest.mark.parametrize(
    ("day", "cents", "promised"),
    [
        ("2026-11-25", 5000, Promise(date(2026, 11, 25), 5000)),
        ("2026-11-25", None, Promise(date(2026, 11, 25))),
        ("2026-11", None, Promise(date(2026, 11, 30))),
        ("2026-02-31", None, None),
        ("soon", None, None),
    ],
)
def test_a_promise_is_a_day_and_cents(day: str, cents: int | None, promised: Promise | None) -> None:
    read_back = told("utter_promise_recorded")
    found = of(heard("promise_to_pay"), slot("promise_day", day), slot("promise_cents", cents), read_back)
    assert found.promises == ((promised,) if promised else ())


def test_the_last_promise_counts() -> None:
    read_back = told("utter_promise_recorded")
    found = of(slot("promise_day", "2026-11-25"), read_back, slot("promise_day", "2026-11-28"), read_back)
    assert found.promises == (Promise(date(2026, 11, 28)),)


@pytest.mark.parametrize(
    ("intents", "lead"),
    [
        (["query_balance"], None),
        (["interested", "ask_price"], Lead("A", ("感兴趣", "询问价格"))),
        (["interested"], Lead("B", ("感兴趣",))),
        (["call_later"], Lead("C", ("约定再联系",))),
        (["ask_price"], Lead("C", ("询问价格",))),
        (["interested", "not_interested"], Lead("D", ("不感兴趣",))),
        (["not_interested", "interested", "opt_out", "thank"], Lead("D", ("要求不再来电",))),
        (["wrong_person"], Lead("D", ("不是本人",))),
    ],
)
def test_lead_grades_and_why(intents: list[str], lead: Lead | None) -> None:
    assert of(*map(heard, intents)).lead == lead
    if lead and lead.grade == "B":
        assert of(*map(heard, intents), TRANSFER).lead == Lead("A", ("感兴趣", "已转人工洽谈"))


def test_what_is_left_open() -> None:
    assert of(requested_slot="id_last4", request="balance").open == ("未核实身份，查询余额未答复",)
    assert of(requested_slot="confirmed", request="cancel_order").open == ("取消订单等待客户确认",)
    later = [{"request": "book_appointment"}, {"request": "book_appointment"}]
    waits = of(requested_slot="promise_day", request="promise", later=later)
    assert waits.open == ("付款承诺未办完", "预约上门未办完")
    assert of(told("utter_system_busy")).open == ("系统繁忙，未能办理",)
    assert of(told("utter_system_busy"), told("utter_balance")).open == ()
    assert of(TRANSFER).open == ("人工接听",)


@pytest.mark.parametrize(
    ("events", "mood"),
    [
        ([heard("abuse"), heard("thank")], "angry"),
        ([heard("complain")], "unhappy"),
        ([heard("rate_service", score=2)], "unhappy"),
        ([heard("rate_service", score=9)], "pleased"),
        ([heard("praise")], "pleased"),
        ([heard("query_bill")], "calm"),
    ],
)
def test_moods(events: list[dict[str, Any]], mood: str) -> None:
    assert of(*events).mood == mood


def test_the_end_of_a_call_is_written_back(crm: FakeCrm) -> None:
    turn = Turn(intent="EXTERNAL_call_ended", **WHO)
    turn.message["metadata"] = {"call": CALL}
    turn.events = [heard("query_balance"), told("utter_balance")]
    turn.run(ActionCallEnded(), DOMAIN)
    (written,) = crm.reports
    assert (written.call_id, written.customer_id, written.outcome) == ("call-1", "c1", "answered")
    assert written.asked == ("查余额",) and turn.responses == []


def test_an_opt_out_is_written_when_it_is_said_and_again_at_the_end(crm: FakeCrm, outbox: Outbox) -> None:
    turn = Turn("别再打了", "opt_out", **WHO)
    turn.message["metadata"] = {"call": CALL}
    turn.run(ActionRecordOutcome())
    (word,) = crm.opted_out
    assert (word.number, word.scope, word.call_id) == ("+8613800138000", "all", "call-1")
    assert word.customer_id == "c1" and word.at.tzinfo is not None
    crm.opted_out.clear()
    turn.events = [heard("opt_out"), told("utter_opt_out")]
    turn.run(ActionCallEnded(), DOMAIN)
    assert len(crm.opted_out) == 1
    crm.away = True
    turn.run(ActionCallEnded(), DOMAIN)  # nothing breaks
    assert len(crm.reports) == 1 and outbox.summary().kinds == (("opt_out", 1), ("report", 1))
    crm.away, outbox.later = False, 10.0
    outbox.deliver_due()
    assert len(crm.reports) == 2 and crm.reports[1] == crm.reports[0]
    assert len(crm.opted_out) == 2 and crm.opted_out[1].number == word.number
    assert outbox.summary().waiting == 0


def test_a_withheld_number_opts_nobody_out(crm: FakeCrm) -> None:
    turn = Turn("别再打了", "opt_out")
    turn.message["metadata"] = {"call": {"customer_number": "anonymous"}}
    turn.run(ActionRecordOutcome())
    turn.events = [heard("opt_out"), told("utter_opt_out")]
    turn.run(ActionCallEnded(), DOMAIN)
    assert crm.opted_out == [] and crm.reports[0].outcome == "opted_out"


@pytest.mark.requirement(46)
@pytest.mark.requirement(49)
def test_the_profile_is_known_before_the_first_prompt(crm: FakeCrm) -> None:
    metadata = {"call": {"customer_number": "13800138000"}}
    slots = Turn(session_started_metadata=metadata).run(ActionSessionStart()).slots
    known = slots["customer_profile"]
    assert [(order["item"], order["due"]) for order in known["orders"]] == [
        ("蓝牙耳机", None),
        ("电饭煲", "2026-11-21"),
    ]
    assert known["last_call"]["outcome"] == "answered" and known["tickets"] == []


@pytest.mark.requirement(46)
def test_the_parcel_that_comes_today_is_told_once_after_an_answer(crm: FakeCrm) -> None:
    value = profile.slot(Profile(WANG, ORDERS))
    assert profile.news(value, date(2026, 11, 20)) is None and profile.news(None, date(2026, 11, 20)) is None
    value["orders"][1]["due"] = "2026-11-20"
    slots = {"customer_id": "c1", "customer_profile": value, "request": "balance"}
    turn = Turn("查余额", "query_balance", **slots).run(ActionAnswerRequest())
    assert turn.said == []  # nobody knows yet who that is
    turn = Turn("查余额", "query_balance", identity_verified=True, **slots).run(ActionAnswerRequest())
    assert turn.said == ["utter_balance", "utter_news_parcel"]
    news = turn.response("utter_news_parcel")
    assert (news["item"], news["courier"]) == ("电饭煲", "顺丰")
    assert turn.run(ActionAnswerRequest()).said == ["utter_balance"]


def test_a_form_that_is_open_when_the_caller_hangs_up_asks_no_more(crm: FakeCrm) -> None:
    turn = Turn("", "EXTERNAL_call_ended", form="identity_form", requested_slot="id_last4")
    turn.run(ActionCallEnded(), DOMAIN)
    assert turn.form is None and turn.slots["requested_slot"] is None
