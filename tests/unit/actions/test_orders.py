"""Orders: told, and changed after a yes only."""

from __future__ import annotations

from typing import Any

import pytest

from actions.call_control import ActionNotUnderstood
from actions.orders import ActionFinishOrder, ValidateOrderForm
from actions.taking import ActionTakeRequest
from tests.fakes.crm import FakeCrm, Turn

VERIFIED = {"customer_id": "c1", "customer_title": "王女士", "identity_verified": True}


def begun(text: str, intent: str, keyed: dict[str, str] | None = None, **slots: Any) -> Turn:
    turn = Turn(text, intent, keyed, **{**VERIFIED, **slots}).run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    return turn.fill(ValidateOrderForm())


def told(text: str, intent: str, keyed: dict[str, str] | None = None, **slots: Any) -> Turn:
    turn = begun(text, intent, keyed, **slots)
    assert turn.form is None
    return turn.run(ActionFinishOrder())


def test_nothing_of_an_order_before_the_identity_is_known(crm: FakeCrm) -> None:
    turn = begun("我的订单到哪了", "query_order", identity_verified=False)
    assert turn.said == [] and turn.slots["requested_slot"] == "id_last4"
    turn = turn.then("六七二一").fill(ValidateOrderForm())
    assert turn.said == ["utter_identity_verified"]
    assert turn.run(ActionFinishOrder()).said == ["utter_order_paid"]


def test_the_newest_order_the_named_item_and_the_number(crm: FakeCrm) -> None:
    assert told("查下订单", "query_order").response("utter_order_paid")["item"] == "蓝牙耳机"
    assert told("我那个电饭煲呢", "query_order").response("utter_order_shipped")["item"] == "电饭煲"
    numbered = told("查一下订单", "query_order", {"order_number": "75001907"})
    assert numbered.response("utter_order_delivered")["day"] == "11月5日"


def test_an_unknown_number_is_asked_for_again(crm: FakeCrm) -> None:
    turn = begun("查一下", "query_order", {"order_number": "999"})
    assert turn.said == ["utter_order_unknown"] and turn.slots["requested_slot"] == "order_number"
    turn = turn.then("75001907").fill(ValidateOrderForm(), order_number="75001907")
    assert turn.run(ActionFinishOrder()).said == ["utter_order_delivered"]


def test_where_the_parcel_is(crm: FakeCrm) -> None:
    parcel = told("快递到哪了", "query_logistics").response("utter_logistics")
    assert (parcel["item"], parcel["courier"], parcel["place"], parcel["due"]) == (
        "电饭煲",
        "顺丰",
        "北京顺义中转站",
        "11月21日",
    )


def test_goods_that_are_named_win_over_those_talked_about(crm: FakeCrm) -> None:
    before = told("电饭煲到哪了", "query_logistics").slots
    assert before["order_number"] == "75002381"
    turn = Turn("那蓝牙耳机不要了", "cancel_order", **before).run(ActionTakeRequest())
    turn.events.append({"event": "action", "name": "action_take_request"})
    turn.fill(ValidateOrderForm(), order_number=before["order_number"])  # Rasa shows what is known already
    assert turn.response("utter_confirm_cancel_order")["item"] == "蓝牙耳机"


@pytest.mark.requirement(31)
def test_that_order_is_the_one_talked_about(crm: FakeCrm) -> None:
    before = told("电饭煲到哪了", "query_logistics").slots
    turn = begun("那刚才那个订单取消吧", "cancel_order", **before)
    assert turn.response("utter_cancel_order_not_now")["item"] == "电饭煲"
    assert turn.slots["awaiting"] == "human" and turn.form is None
    assert turn.run(ActionFinishOrder()).said == []


def test_an_order_is_cancelled_after_a_yes(crm: FakeCrm) -> None:
    turn = begun("订单不要了取消", "cancel_order")
    assert turn.response("utter_confirm_cancel_order")["item"] == "蓝牙耳机"
    assert crm.orders["75002466"].state == "paid" and turn.slots["requested_slot"] == "confirmed"
    turn = turn.then("对", "affirm").fill(ValidateOrderForm(), confirmed=True)
    assert turn.form is None and turn.run(ActionFinishOrder()).said == ["utter_cancel_order_done"]
    assert crm.orders["75002466"].state == "cancelled"


def test_no_leaves_the_order(crm: FakeCrm) -> None:
    turn = begun("订单不要了取消", "cancel_order")
    turn = turn.then("不是", "deny").fill(ValidateOrderForm(), confirmed=False)
    assert turn.run(ActionFinishOrder()).said == ["utter_left_as_it_is"]
    assert crm.orders["75002466"].state == "paid"


def test_words_that_mean_yes_only_after_the_question(crm: FakeCrm) -> None:
    turn = begun("订单不要了取消", "cancel_order")
    assert turn.then("取消它", "nlu_fallback").run(ActionNotUnderstood()).slots["confirmed"] is True
    assert turn.then("先别动", "nlu_fallback").run(ActionNotUnderstood()).slots["confirmed"] is False
    assert turn.then("取消订单吧", "cancel_order").run(ActionTakeRequest()).slots["confirmed"] is True


def test_an_address_is_asked_for_corrected_and_written(crm: FakeCrm) -> None:
    turn = begun("换个收货地址", "change_address")
    assert turn.said == [] and turn.slots["requested_slot"] == "new_address"
    short = turn.then("那边").fill(ValidateOrderForm(), new_address="那边")
    assert short.slots["requested_slot"] == "new_address" and short.slots["failures"] == 1
    turn = turn.then("海淀区中关村大街1号").fill(ValidateOrderForm(), new_address="海淀区中关村大街1号")
    assert turn.response("utter_confirm_change_address")["address"] == "海淀区中关村大街1号"
    turn = turn.then("不对是二号", "deny", {"address": "中关村大街2号"})
    turn.fill(ValidateOrderForm(), new_address="中关村大街2号", confirmed=False)
    assert turn.response("utter_confirm_change_address")["address"] == "中关村大街2号"
    turn = turn.then("对", "affirm").fill(ValidateOrderForm(), confirmed=True)
    turn.run(ActionFinishOrder())
    assert crm.orders["75002466"].address == "中关村大街2号"


def test_only_what_was_delivered_goes_back(crm: FakeCrm) -> None:
    turn = begun("我要退货", "return_goods")
    assert turn.response("utter_confirm_return_goods")["item"] == "保温杯"
    turn.then("是", "affirm").fill(ValidateOrderForm(), confirmed=True).run(ActionFinishOrder())
    assert crm.orders["75001907"].state == "returning"
    assert begun("电饭煲换一个", "exchange_goods").said == ["utter_exchange_goods_not_now"]


def test_crm_away_between_the_question_and_the_yes(crm: FakeCrm) -> None:
    turn = begun("订单不要了取消", "cancel_order")
    crm.away = True
    turn = turn.then("对", "affirm").fill(ValidateOrderForm(), confirmed=True)
    assert turn.said == ["utter_system_busy"] and turn.form is None
    assert turn.run(ActionFinishOrder()).said == [] and turn.slots["awaiting"] == "human"
