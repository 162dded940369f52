"""Orders: told, and changed after a yes only."""

from __future__ import annotations

import pytest

from actions.answers import ActionConfirm, ActionDecline
from actions.call_control import ActionInform, ActionNotUnderstood
from actions.identity import ActionVerifyIdentity
from actions.orders import ActionChangeOrder, ActionQueryLogistics, ActionQueryOrder
from tests.fakes.crm import FakeCrm, Turn

KNOWN = {"customer_id": "c1", "customer_title": "王女士"}
VERIFIED = {**KNOWN, "identity_verified": True}


def next_turn(before: Turn, text: str, intent: str = "inform", keyed: dict[str, str] | None = None) -> Turn:
    return Turn(text, intent, keyed, **before.slots)


def test_nothing_of_an_order_before_the_identity_is_known(crm: FakeCrm) -> None:
    turn = Turn("我的订单到哪了", "query_order", **KNOWN).run(ActionQueryOrder())
    assert turn.said == ["utter_ask_id_last4"]
    turn = next_turn(turn, "六七二一", "verify_identity").run(ActionVerifyIdentity())
    assert turn.said == ["utter_identity_verified", "utter_order_paid", "utter_anything_else"]


def test_the_newest_order_the_named_item_and_the_number(crm: FakeCrm) -> None:
    newest = Turn("查下订单", "query_order", **VERIFIED).run(ActionQueryOrder())
    assert newest.response("utter_order_paid")["item"] == "蓝牙耳机"
    named = Turn("我那个电饭煲呢", "query_order", **VERIFIED).run(ActionQueryOrder())
    assert named.response("utter_order_shipped")["item"] == "电饭煲"
    number = {"order_number": "75001907"}
    numbered = Turn("查一下订单", "query_order", number, **VERIFIED).run(ActionQueryOrder())
    assert numbered.response("utter_order_delivered")["day"] == "11月5日"


def test_an_unknown_number_is_asked_for_again(crm: FakeCrm) -> None:
    turn = Turn("查一下", "query_order", {"order_number": "999"}, **VERIFIED).run(ActionQueryOrder())
    assert turn.said == ["utter_order_unknown"] and turn.slots["awaiting"] == "order"
    turn = next_turn(turn, "那单号", keyed={"order_number": "75001907"}).run(ActionInform())
    assert turn.said[0] == "utter_order_delivered"


def test_where_the_parcel_is(crm: FakeCrm) -> None:
    turn = Turn("快递到哪了", "query_logistics", **VERIFIED).run(ActionQueryLogistics())
    told = turn.response("utter_logistics")
    assert (told["item"], told["courier"], told["place"], told["due"]) == (
        "电饭煲",
        "顺丰",
        "北京顺义中转站",
        "11月21日",
    )


def test_goods_that_are_named_win_over_those_talked_about(crm: FakeCrm) -> None:
    turn = Turn("电饭煲到哪了", "query_logistics", **VERIFIED).run(ActionQueryLogistics())
    turn = next_turn(turn, "那蓝牙耳机不要了", "cancel_order").run(ActionChangeOrder())
    assert turn.response("utter_confirm_cancel_order")["item"] == "蓝牙耳机"


@pytest.mark.requirement(31)
def test_that_order_is_the_one_talked_about(crm: FakeCrm) -> None:
    turn = Turn("电饭煲到哪了", "query_logistics", **VERIFIED).run(ActionQueryLogistics())
    turn = next_turn(turn, "那刚才那个订单取消吧", "cancel_order").run(ActionChangeOrder())
    assert turn.response("utter_cancel_order_not_now")["item"] == "电饭煲"
    assert turn.slots["awaiting"] == "human"


def test_an_order_is_cancelled_after_a_yes(crm: FakeCrm) -> None:
    turn = Turn("订单不要了取消", "cancel_order", **VERIFIED).run(ActionChangeOrder())
    assert turn.response("utter_confirm_cancel_order")["item"] == "蓝牙耳机"
    assert crm.orders["75002466"].state == "paid" and turn.slots["awaiting"] == "confirm"
    turn = next_turn(turn, "对", "affirm").run(ActionConfirm())
    assert turn.said == ["utter_cancel_order_done", "utter_anything_else"]
    assert crm.orders["75002466"].state == "cancelled" and turn.slots["pending"] is None


def test_no_leaves_the_order(crm: FakeCrm) -> None:
    turn = Turn("订单不要了取消", "cancel_order", **VERIFIED).run(ActionChangeOrder())
    turn = next_turn(turn, "不是", "deny").run(ActionDecline())
    assert turn.said[0] == "utter_left_as_it_is" and crm.orders["75002466"].state == "paid"


def test_an_address_is_asked_for_corrected_and_written(crm: FakeCrm) -> None:
    turn = Turn("换个收货地址", "change_address", **VERIFIED).run(ActionChangeOrder())
    assert turn.said == ["utter_ask_address"] and turn.slots["awaiting"] == "address"
    turn = next_turn(turn, "海淀区中关村大街一号", "nlu_fallback").run(ActionNotUnderstood())
    assert turn.response("utter_confirm_change_address")["address"] == "海淀区中关村大街1号"
    turn = next_turn(turn, "不对是二号", "deny", {"address": "中关村大街2号"}).run(ActionDecline())
    assert turn.response("utter_confirm_change_address")["address"] == "中关村大街2号"
    next_turn(turn, "对", "affirm").run(ActionConfirm())
    assert crm.orders["75002466"].address == "中关村大街2号"


def test_only_what_was_delivered_goes_back(crm: FakeCrm) -> None:
    turn = Turn("我要退货", "return_goods", **VERIFIED).run(ActionChangeOrder())
    assert turn.response("utter_confirm_return_goods")["item"] == "保温杯"
    next_turn(turn, "是", "affirm").run(ActionConfirm())
    assert crm.orders["75001907"].state == "returning"
    assert Turn("电饭煲换一个", "exchange_goods", **VERIFIED).run(ActionChangeOrder()).said == [
        "utter_exchange_goods_not_now"
    ]


def test_crm_away_between_proposal_and_yes(crm: FakeCrm) -> None:
    turn = Turn("订单不要了取消", "cancel_order", **VERIFIED).run(ActionChangeOrder())
    crm.away = True
    turn = next_turn(turn, "对", "affirm").run(ActionConfirm())
    assert turn.said == ["utter_system_busy"] and turn.slots["pending"] is not None
