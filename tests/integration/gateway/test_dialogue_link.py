"""The end of a call reaches a busy dialogue, and one that never closes does not hold the gateway up."""

from __future__ import annotations

import asyncio
import time

import pytest
from websockets.asyncio.server import ServerConnection, serve

from yingda.gateway.dialogue_link import DialogueLink
from yingda.gateway.settings import DialogueSettings
from yingda.messages import dialogue

pytestmark = [pytest.mark.integration, pytest.mark.requirement(34)]


@pytest.mark.parametrize(("closes_after_s", "least_s", "most_s"), [(0.5, 0.4, 1.9), (None, 1.5, 4.0)])
async def test_the_socket_stays_open_until_the_dialogue_has_the_end(
    closes_after_s: float | None, least_s: float, most_s: float
) -> None:
    heard: list[dialogue.Message] = []
    connected = asyncio.Event()

    async def busy(socket: ServerConnection) -> None:
        connected.set()
        async for frame in socket:
            heard.append(dialogue.parse_up(frame))
            if closes_after_s is not None and isinstance(heard[-1], dialogue.CallEnded):
                await asyncio.sleep(closes_after_s)
                return

    def ignore(*_: object) -> None:
        return None

    async with serve(busy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = DialogueSettings(urls=(f"ws://127.0.0.1:{port}",))
        link = DialogueLink(settings, "c1", ignore, ignore, ignore)
        await asyncio.wait_for(connected.wait(), 5)
        link.send(dialogue.Silence(generation=1, count=1))
        link.send(dialogue.CallEnded("customer_hung_up"))
        begun = time.monotonic()
        await link.close()
        took = time.monotonic() - begun
    assert [type(message) for message in heard] == [dialogue.Silence, dialogue.CallEnded]
    assert least_s < took < most_s
