"""Several Rasa workers over the same stores: a call goes on with another one when its own dies or leaves."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
import websockets
from customer import BotTurn, Customer

from yingda.messages import dialogue

pytestmark = [pytest.mark.integration]


@pytest.fixture
def workers(
    tmp_path: Path, database: tuple[str, Any], model: Path
) -> Iterator[tuple[servers.RasaServers, servers.RasaServers]]:
    with servers.redis(tmp_path) as redis_url:
        env = {"REDIS_URL": redis_url, "YINGDA_RASA__WORKERS": "2"}
        first = servers.RasaServers(tmp_path, database[0], model, **env)
        second = first.another(tmp_path / "second")
        second.folder.mkdir()
        try:
            first.start()
            second.start_rasa()
            yield first, second
        finally:
            second.stop()
            first.stop()


def call_id() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


async def begins(customer: Customer, text: str) -> None:
    """Say it and do not wait for the answer."""
    generation = customer._next()
    up = dialogue.CustomerTurn(
        turn=generation, generation=generation, text=text, confidence=0.9, started_ms=0, ended_ms=1
    )
    await customer.socket.send(dialogue.to_json(up))


async def taken_up(url: str, call: str, text: str) -> tuple[BotTurn, BotTurn]:
    """What the other worker does as the call comes back, and what it answers."""
    async with Customer(url, call, resumed=True) as customer:
        return customer.greeting, await customer.says(text)


@pytest.mark.requirement(34)
def test_a_call_survives_the_death_of_its_worker_in_the_middle_of_the_identity_check(
    workers: tuple[servers.RasaServers, servers.RasaServers], database: tuple[str, Any]
) -> None:
    first, second = workers

    async def talk() -> None:
        call = call_id()
        async with Customer(first.call_url(call), call) as customer:
            assert "后4位" in (await customer.says("我想查一下我的余额")).said
            assert "不一致" in (await customer.says("六七一二")).said
            await begins(customer, "六七二一")  # and the worker dies over it, holding the call's lock
            first.kill_rasa()
            with pytest.raises((websockets.ConnectionClosed, AssertionError)):
                while True:
                    message = dialogue.parse(await asyncio.wait_for(customer.socket.recv(), 5))
                    assert not isinstance(message, dialogue.TurnDone)
        back, answer = await taken_up(second.call_url(call), call, "六七二一")
        assert back.said == "" and back.listen.expect == "digits"
        assert "86.42元" in answer.said
        async with Customer(second.call_url(call), call, resumed=True) as customer:
            # what was said on the other worker is known: a bill needs no second check
            assert "后4位" not in (await customer.says("我账单上怎么多了一百块")).said
        stored = list(database[1].events_tracker.find({"sender_id": call}).sort("seq", 1))
        assert [row["seq"] for row in stored] == list(range(len(stored)))
        said = [row["event"]["text"] for row in stored if row["event"]["event"] == "user"]
        assert "我想查一下我的余额" in said and said[-1] == "我账单上怎么多了一百块"

    asyncio.run(talk())


@pytest.mark.requirement(34)
def test_a_worker_that_is_asked_to_stop_ends_its_turn_and_the_call_goes_on_elsewhere(
    workers: tuple[servers.RasaServers, servers.RasaServers],
) -> None:
    first, second = workers

    async def talk() -> None:
        call = call_id()
        customer = Customer(first.call_url(call), call)
        await customer.__aenter__()
        await begins(customer, "我想查一下我的余额")
        await asyncio.sleep(0.005)
        assert first.rasa is not None
        first.rasa.send_signal(signal.SIGTERM)
        said = ""
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                message = dialogue.parse(await asyncio.wait_for(customer.socket.recv(), 10))
                said += message.text if isinstance(message, dialogue.Say) else ""
        assert "后4位" in said
        back, answer = await taken_up(second.call_url(call), call, "六七二一")
        assert back.listen.expect == "digits" and "86.42元" in answer.said

    asyncio.run(talk())


def test_turns_of_one_call_on_two_workers_wait_for_one_another(
    workers: tuple[servers.RasaServers, servers.RasaServers], database: tuple[str, Any]
) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(workers[0].call_url(call), call) as one:
            async with Customer(workers[1].call_url(call), call, resumed=True) as two:
                await asyncio.gather(one.says("我想查一下我的余额"), two.says("你们营业厅几点开门"))
        stored = list(database[1].events_tracker.find({"sender_id": call}).sort("seq", 1))
        assert [row["seq"] for row in stored] == list(range(len(stored)))
        users = [row for row in stored if row["event"]["event"] == "user"]
        assert {row["event"]["text"] for row in users} >= {"我想查一下我的余额", "你们营业厅几点开门"}
        assert len({row["writer"] for row in users}) == 2

    asyncio.run(talk())
