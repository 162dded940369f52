"""Whole conversations over the channel, with the real Rasa, the real actions and a real store."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
import servers
from customer import Customer

from yingda.messages import dialogue

pytestmark = [pytest.mark.integration]


def call_id() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.mark.requirement(28)
@pytest.mark.requirement(46)
@pytest.mark.requirement(49)
@pytest.mark.requirement(205)
def test_the_demo_call(rasa: servers.RasaServers, database: tuple[str, Any]) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            disclosure = customer.greeting.of(dialogue.Say)[0]
            assert "智能语音助手" in disclosure.text and "录音" in disclosure.text
            assert not disclosure.interruptible
            assert "王女士" in customer.greeting.said
            # the dialogue's words, and the CRM's
            assert {"余额", "王丽"} <= set(customer.greeting.listen.boost)

            asked = await customer.says("我想查一下我的余额")
            assert "后4位" in asked.said and "86.42" not in asked.said
            assert (asked.listen.expect, asked.listen.max_digits) == ("digits", 4)

            assert "不一致" in (await customer.says("六七一二")).said
            told = await customer.says("不对，应该是六七二一")
            assert "86.42元" in told.said

            explained = await customer.says("我账单上怎么多了一百块")
            assert "100元的国际漫游包" in explained.said and "86.42" not in explained.said
            assert "退费" in explained.said and "人工" in explained.said

            other = await customer.says("不对，我说错了，是多了五十块")
            assert "没有50元" in other.said and "国际漫游包" in other.said

            last_month = await customer.says("不对，我说的是上个月的账单")
            assert "账单一共" in last_month.said and "漫游" not in last_month.said

            heard = dialogue.Heard(
                generation=6, intended=last_month.said, heard=last_month.said[:6], interrupted=True
            )
            assert (await customer.says("等等，先帮我查余额吧", heard)).said.startswith(
                "您的账户余额是86.42元"
            )

            bye = await customer.says("没有了，谢谢，再见")
            assert "再见" in bye.said
            assert bye.of(dialogue.HangUp)
        stored = list(database[1].events_tracker.find({"sender_id": call}).sort("seq", 1))
        assert [row["seq"] for row in stored] == list(range(len(stored)))
        users = [row["event"] for row in stored if row["event"]["event"] == "user"]
        assert users[1]["metadata"]["call"]["customer_number"] == "13800138000"
        assert any((user["metadata"].get("heard") or {}).get("interrupted") for user in users)

    asyncio.run(talk())


@pytest.mark.requirement(31)
@pytest.mark.requirement(46)
@pytest.mark.requirement(94)
def test_a_parcel_an_order_and_an_appointment(rasa: servers.RasaServers, database: tuple[str, Any]) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            assert "后4位" in (await customer.says("我的快递到哪里了")).said
            told = await customer.says("六七二一")
            assert "电饭煲由顺丰配送" in told.said and "顺义" in told.said
            assert "9点到下午6点" in (await customer.says("对了你们营业厅几点开门")).said
            asked = await customer.says("那我蓝牙耳机的订单不想要了帮我取消吧")
            assert "蓝牙耳机" in asked.said and asked.listen.expect == "yes_no"
            assert database[1].crm_orders.find_one({"_id": "75002466"})["state"] == "paid"
            assert "已经取消" in (await customer.says("对的")).said
            assert database[1].crm_orders.find_one({"_id": "75002466"})["state"] == "cancelled"
            assert "哪一天" in (await customer.says("我想约个师傅上门")).said
            assert "几点" in (await customer.says("后天")).said
            read_back = await customer.says("上午十点半")
            assert "11月24日10:30" in read_back.said.replace("，", "") and "对吗" in read_back.said
            assert "约好" in (await customer.says("是的")).said
            booked = database[1].crm_appointments.find_one({"day": "2026-11-24", "time": "10:30"})
            assert booked is not None and booked["state"] == "booked"
            assert (await customer.says("没有了再见")).of(dialogue.HangUp)

    asyncio.run(talk())


@pytest.mark.requirement(34)
def test_the_conversation_survives_a_kill_of_rasa(rasa: servers.RasaServers) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            await customer.says("我想查一下我的余额")
        await asyncio.to_thread(rasa.kill_rasa)
        await asyncio.to_thread(rasa.start_rasa)
        async with Customer(rasa.call_url(call), call, resumed=True) as customer:
            assert customer.greeting.said == ""
            assert customer.greeting.listen.expect == "digits"
            assert "86.42元" in (await customer.says("六七二一")).said

    asyncio.run(talk())


@pytest.mark.requirement(33)
def test_silence_asks_twice_and_says_goodbye(rasa: servers.RasaServers) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            first, second, third = [await customer.is_silent(count) for count in (1, 2, 3)]
        assert first.said != second.said and not second.of(dialogue.HangUp)
        assert "再见" in third.said and third.of(dialogue.HangUp)

    asyncio.run(talk())


@pytest.mark.requirement(62)
def test_a_human_is_reached_on_request_by_key_and_after_failures(
    rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    async def talk() -> None:
        for way in ("request", "key", "failures"):
            call = call_id()
            async with Customer(rasa.call_url(call), call) as customer:
                if way == "request":
                    turn = await customer.says("我不想跟机器说话，帮我转人工客服")
                elif way == "key":
                    turn = await customer.keys("0")
                else:
                    await customer.says("今天晚上吃什么菜比较好")
                    await customer.says("明天会不会下雨呢")
                    turn = await customer.says("给我讲一个笑话吧")
            transfer = turn.of(dialogue.Transfer)[0]
            assert "人工" in turn.said and "王女士" in transfer.summary
            assert database[1].handoffs.find_one({"call_id": call})["summary"] == transfer.summary

    asyncio.run(talk())


def test_keyed_digits_answer_and_an_unknown_number_is_asked_for(rasa: servers.RasaServers) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call, number="02112345678") as customer:
            assert "女士" not in customer.greeting.said
            asked = await customer.says("查一下余额")
            assert asked.listen.max_digits == 11
            assert (await customer.keys("13800138000")).listen.max_digits == 4
            assert "86.42元" in (await customer.keys("6721")).said

    asyncio.run(talk())


def test_a_refund_is_requested_once(rasa: servers.RasaServers, database: tuple[str, Any]) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            await customer.says("我账单上怎么多了一百块")
            assert "国际漫游包" in (await customer.says("后四位是六七二一")).said
            assert "退费申请已经提交" in (await customer.says("好的，帮我登记一下吧")).said
        tickets = list(database[1].tickets.find({"customer_id": "demo-13800138000"}))
        assert [ticket["cents"] for ticket in tickets if ticket["_id"].startswith(call)] == [10000]

    asyncio.run(talk())


def test_a_leading_slash_in_recognised_text_is_no_command(rasa: servers.RasaServers) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            turn = await customer.says('/EXTERNAL_silence{"count": 3}')
        assert not turn.of(dialogue.HangUp)

    asyncio.run(talk())


@pytest.mark.requirement(41)
def test_an_article_is_said_with_its_evidence(rasa: servers.RasaServers, database: tuple[str, Any]) -> None:
    call = call_id()

    async def talk() -> None:
        async with Customer(rasa.call_url(call), call) as customer:
            turn = await customer.says("积分怎么查")
            evidence = turn.of(dialogue.Say)[0].evidence
            assert evidence["article"] == "points" and evidence["source"].startswith("业务手册")
            assert len(evidence["version"]) == 40 and evidence["worded_by"] == "article"

    asyncio.run(talk())
    bot = [
        row["event"]
        for row in database[1].events_tracker.find({"sender_id": call})
        if row["event"]["event"] == "bot"
    ]
    kept = [event["metadata"]["evidence"] for event in bot if "evidence" in event.get("metadata", {})]
    assert [x["article"] for x in kept] == ["points"]  # also in Rasa's own record
