"""The gateway's link to several workers of the dialogue, over real WebSockets."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.fakes.dialogue_server import ScriptedDialogue
from yingda.gateway.dialogue_link import DialogueLink
from yingda.gateway.settings import DialogueSettings
from yingda.messages import dialogue as d
from yingda.plumbing.processes import free_port

pytestmark = pytest.mark.integration


class Line:
    """What a call hears of its link."""

    def __init__(self, settings: DialogueSettings, call_id: str) -> None:
        self.down: asyncio.Queue[d.Down | str] = asyncio.Queue()
        self.link = DialogueLink(
            settings,
            call_id,
            self.down.put_nowait,
            lambda: self.down.put_nowait("lost"),
            lambda: self.down.put_nowait("restored"),
        )

    def start(self, resumed: bool = False) -> None:
        self.link.send(d.CallStarted("c", "inbound", "1", "2", "2026-11-22T01:00:00Z", 1, resumed))

    async def until(self, wanted: type | str) -> None:
        async with asyncio.timeout(30):
            while True:
                got = await self.down.get()
                if got == wanted or (isinstance(wanted, type) and isinstance(got, wanted)):
                    return


def settings(*urls: str) -> DialogueSettings:
    return DialogueSettings(urls=urls, connect_timeout_s=5.0, retry_s=0.1)


@pytest.mark.requirement(34)
async def test_a_call_goes_on_with_the_other_worker_when_its_own_dies() -> None:
    async with ScriptedDialogue(["好的"]) as one, ScriptedDialogue(["好的"]) as two:
        line = Line(settings(one.url, two.url), "call-1")
        line.start()
        await line.until(d.TurnDone)
        own, other = (one, two) if one.received else (two, one)
        assert not other.received
        await own.stop()
        await line.until("lost")
        await line.until("restored")
        line.start(resumed=True)
        line.link.send(d.Silence(2, 1))
        await line.until(d.TurnDone)
        assert [message.type for message in other.received["call-1"]] == ["call_started", "silence"]
        await line.link.close()


async def test_a_worker_that_is_not_there_is_passed_over_and_nobody_hears_of_it() -> None:
    async with ScriptedDialogue([]) as there:
        urls = [f"ws://127.0.0.1:{free_port()}/webhooks/voice/ws", there.url]
        for number in range(6):
            line = Line(settings(*urls), f"call-{number}")
            line.start()
            async with asyncio.timeout(5):
                assert isinstance(await line.down.get(), d.Say)
            await line.link.close()
        assert len(there.received) == 6


async def test_without_any_worker_the_call_is_told_once_and_goes_on_when_one_is_back() -> None:
    ports = free_port(), free_port()
    line = Line(settings(*(f"ws://127.0.0.1:{port}/webhooks/voice/ws" for port in ports)), "call-1")
    await line.until("lost")
    await asyncio.sleep(0.5)
    assert line.down.empty()
    async with ScriptedDialogue([], port=ports[1]):
        await line.until("restored")
        line.start()
        await line.until(d.TurnDone)
        await line.link.close()


async def test_calls_are_spread_over_the_workers() -> None:
    async with ScriptedDialogue([]) as one, ScriptedDialogue([]) as two, ScriptedDialogue([]) as three:
        lines = [Line(settings(one.url, two.url, three.url), f"call-{number}") for number in range(30)]
        for line in lines:
            line.start()
        for line in lines:
            await line.until(d.TurnDone)
        for line in lines:
            await line.link.close()
        shares = Counter(
            {name: len(x.received) for name, x in (("one", one), ("two", two), ("three", three))}
        )
        assert sum(shares.values()) == 30 and min(shares.values()) >= 3
