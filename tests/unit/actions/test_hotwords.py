"""Which words of the call the actions send to recognition, and when."""

from __future__ import annotations

import pytest

from actions.answers import ActionAnswerRequest
from actions.forms import ValidateIdentityForm
from actions.session import ActionCallResumed, ActionSessionStart
from actions.taking import ActionTakeRequest
from tests.fakes.crm import FakeCrm, Turn

VERIFIED = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}
OF_CUSTOMER = {"type": "hotwords", "words": ["王丽", "畅享套餐"]}


@pytest.mark.requirement(13)
def test_a_known_callers_name_and_products_are_sent_before_the_first_word(crm: FakeCrm) -> None:
    metadata = {"call": {"call_id": "call-1", "customer_number": "13800138000"}}
    assert Turn(session_started_metadata=metadata).run(ActionSessionStart()).control == [OF_CUSTOMER]


def test_an_unknown_callers_when_the_number_is_told(crm: FakeCrm) -> None:
    metadata = {"call": {"call_id": "call-1", "customer_number": "110"}}
    assert Turn(session_started_metadata=metadata).run(ActionSessionStart()).control == []
    turn = Turn("幺三八零零一三八零零零", "inform", requested_slot="phone").fill(ValidateIdentityForm())
    assert turn.control == [OF_CUSTOMER]


def test_a_resumed_call_gets_them_again(crm: FakeCrm) -> None:
    turn = Turn(customer_id="c1").run(ActionCallResumed())
    assert turn.control[0] == OF_CUSTOMER
    crm.away = True
    assert Turn(customer_id="c1").run(ActionCallResumed()).control == []


def test_what_the_bot_names_of_a_bill(crm: FakeCrm) -> None:
    bill = Turn("查账单", "query_bill", **VERIFIED).run(ActionTakeRequest()).run(ActionAnswerRequest())
    assert bill.control == [{"type": "hotwords", "words": ["套餐月费", "国际漫游包"]}]
    dispute = bill.then("怎么多了一百块", "fee_dispute").run(ActionTakeRequest()).run(ActionAnswerRequest())
    assert dispute.control == [{"type": "hotwords", "words": ["国际漫游包"]}]
