"""Balance, bill and disputed fees."""

from __future__ import annotations

import pytest

from actions import account
from actions.account import ActionFeeDispute, ActionOpenRefundTicket, ActionQueryBalance, ActionQueryBill
from tests.fakes.crm import FakeCrm, Turn

KNOWN = {"customer_id": "c1", "customer_title": "王女士"}
VERIFIED = {**KNOWN, "identity_verified": True}


def test_nothing_personal_before_the_identity_is_known(crm: FakeCrm) -> None:
    for action in (ActionQueryBalance(), ActionQueryBill(), ActionFeeDispute()):
        turn = Turn("一百块", **KNOWN).run(action)
        assert turn.said == ["utter_ask_id_last4"]
        assert turn.slots["awaiting"] == "id_last4"


def test_balance_in_yuan(crm: FakeCrm) -> None:
    turn = Turn("查余额", **VERIFIED).run(ActionQueryBalance())
    assert turn.response("utter_balance")["amount"] == "86.42元"
    assert turn.slots["awaiting"] == "more"


@pytest.mark.requirement(28)
def test_a_disputed_fee_is_explained_by_the_true_line(crm: FakeCrm) -> None:
    turn = Turn("我账单上怎么多了一百块", "fee_dispute", **VERIFIED).run(ActionFeeDispute())
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
    turn = Turn("不对，是多了五十块", "fee_dispute", **VERIFIED).run(ActionFeeDispute())
    assert turn.response("utter_other_charge")["named"] == "50元"


def test_no_extra_charge_leads_to_a_human(crm: FakeCrm) -> None:
    turn = Turn("上个月怎么多扣了二十块", "fee_dispute", **VERIFIED).run(ActionFeeDispute())
    assert turn.said == ["utter_other_charge", "utter_offer_refund"] or turn.said == ["utter_no_such_charge"]


def test_the_refund_is_for_the_line_that_was_explained(crm: FakeCrm) -> None:
    turn = Turn("我账单上怎么多了一百块", "fee_dispute", **VERIFIED).run(ActionFeeDispute())
    turn.run(ActionOpenRefundTicket())
    assert crm.tickets == [("roaming_pack", 10000)]
    assert turn.slots["awaiting"] == "more"


def test_asking_for_the_money_back_accepts_the_offered_refund(crm: FakeCrm) -> None:
    turn = Turn("我账单上怎么多了一百块", "fee_dispute", **VERIFIED).run(ActionFeeDispute())
    again = Turn("我要退费", "fee_dispute", **turn.slots).run(ActionFeeDispute())
    assert again.said[0] == "utter_refund_requested"
    assert crm.tickets == [("roaming_pack", 10000)]


def test_bill_of_last_month(crm: FakeCrm) -> None:
    turn = Turn("不对，我说的是上个月的账单", "query_bill", **VERIFIED).run(ActionQueryBill())
    bill = turn.response("utter_bill")
    assert (bill["month"], bill["total"], bill["lines"]) == ("10月", "59元", "套餐月费59元")


def test_a_month_without_a_bill(crm: FakeCrm) -> None:
    turn = Turn("三月份的账单", "query_bill", **VERIFIED).run(ActionQueryBill())
    assert turn.response("utter_no_bill")["month"] == "3月"


def test_crm_away_is_said_and_a_human_offered(crm: FakeCrm) -> None:
    crm.away = True
    turn = Turn("查余额", **VERIFIED).run(ActionQueryBalance())
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
