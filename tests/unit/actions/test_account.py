"""Balance, bill and disputed fees."""

from __future__ import annotations

import pytest

from actions import account
from actions.answers import ActionAffirm, ActionAnswerRequest, ActionDeny
from actions.taking import ActionTakeRequest
from tests.fakes.crm import FakeCrm, Turn

KNOWN = {"customer_id": "c1", "customer_title": "王女士"}
VERIFIED = {**KNOWN, "identity_verified": True}


def answered(text: str, intent: str, **slots: object) -> Turn:
    return Turn(text, intent, **{**VERIFIED, **slots}).run(ActionTakeRequest()).run(ActionAnswerRequest())


def test_nothing_personal_before_the_identity_is_known(crm: FakeCrm) -> None:
    for intent in ("query_balance", "query_bill", "fee_dispute"):
        turn = Turn("一百块", intent, **KNOWN).run(ActionTakeRequest())
        assert turn.said == [] and turn.run(ActionAnswerRequest()).said == []


def test_balance_in_yuan(crm: FakeCrm) -> None:
    assert answered("查余额", "query_balance").response("utter_balance")["amount"] == "86.42元"


@pytest.mark.requirement(28)
def test_a_disputed_fee_is_explained_by_the_true_line(crm: FakeCrm) -> None:
    turn = answered("我账单上怎么多了一百块", "fee_dispute")
    line = turn.response("utter_charge_explained")
    assert (line["amount"], line["line"], line["day"], line["month"]) == (
        "100元",
        "国际漫游包",
        "11月3日",
        "11月",
    )
    assert turn.said == ["utter_charge_explained", "utter_offer_refund"]
    assert turn.slots["dispute_cents"] == 10000 and turn.slots["awaiting"] == "refund"


def test_a_fee_that_is_not_on_the_bill_is_not_confirmed(crm: FakeCrm) -> None:
    assert answered("多了五十块", "fee_dispute").response("utter_other_charge")["named"] == "50元"


def test_no_extra_charge_leads_to_a_human(crm: FakeCrm) -> None:
    turn = answered("九月怎么多扣了二十块", "fee_dispute")
    assert turn.said == ["utter_no_such_charge"] and turn.slots["awaiting"] == "human"


def test_the_refund_is_for_the_line_that_was_explained(crm: FakeCrm) -> None:
    turn = answered("我账单上怎么多了一百块", "fee_dispute").then("好", "affirm").run(ActionAffirm())
    assert crm.tickets == [("roaming_pack", 10000)] and turn.said == ["utter_refund_requested"]
    assert turn.slots["awaiting"] == "nothing"


def test_no_refund_wanted(crm: FakeCrm) -> None:
    turn = answered("我账单上怎么多了一百块", "fee_dispute").then("不用", "deny").run(ActionDeny())
    assert turn.said == ["utter_no_refund"] and crm.tickets == []


@pytest.mark.requirement(31)
def test_that_charge_is_given_back_many_turns_later(crm: FakeCrm) -> None:
    turn = answered("我账单上怎么多了一百块", "fee_dispute").then("查余额", "query_balance")
    turn = turn.run(ActionTakeRequest()).run(ActionAnswerRequest())
    turn = (
        turn.then("那一笔还是给我退了吧", "fee_dispute").run(ActionTakeRequest()).run(ActionAnswerRequest())
    )
    assert turn.said == ["utter_refund_requested"] and crm.tickets == [("roaming_pack", 10000)]


def test_another_amount_and_another_month_correct_the_answer(crm: FakeCrm) -> None:
    turn = answered("我账单上怎么多了一百块", "fee_dispute")
    other = turn.then("不对是五十块", "deny").run(ActionDeny())
    assert other.response("utter_other_charge")["named"] == "50元"
    month = turn.then("不是，我说的是上个月", "deny").run(ActionDeny())
    assert month.response("utter_bill")["month"] == "10月" and month.slots["awaiting"] == "nothing"


def test_bill_of_last_month(crm: FakeCrm) -> None:
    bill = answered("上个月的账单", "query_bill").response("utter_bill")
    assert (bill["month"], bill["total"], bill["lines"]) == ("10月", "59元", "套餐月费59元")


def test_a_month_without_a_bill(crm: FakeCrm) -> None:
    assert answered("三月份的账单", "query_bill").response("utter_no_bill")["month"] == "3月"


def test_crm_away_is_said_and_a_human_offered(crm: FakeCrm) -> None:
    crm.away = True
    turn = answered("查余额", "query_balance")
    assert turn.said == ["utter_system_busy"] and turn.slots["awaiting"] == "human"


@pytest.mark.parametrize(
    ("said", "period"),
    [
        ("2026-10", "2026-10"),
        ("2026-11-03", "2026-11"),
        ("2026-12-03", "2026-11"),
        ("春节", None),
        (None, None),
    ],
)
def test_named_months(said: str | None, period: str | None) -> None:
    assert account.named_period(said, "2026-11") == period


def test_the_month_before_january_is_december() -> None:
    assert account.month_before("2026-01") == "2025-12"
