"""A scripted dialogue: it understands nothing and gives the next answer of its script."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from yingda.messages import dialogue as d

GREETING = [("您好，我是智能客服。", False), ("请问有什么可以帮您？", True)]


class ScriptedDialogue:
    """``answers``: what is said to the first, second, ... message of a call; after the last it hangs up.

    ``async with ScriptedDialogue([...]) as server: server.url``; ``server.received``: what came up, by call.
    """

    def __init__(self, answers: list[str], port: int = 0) -> None:
        self._answers = answers
        self.greeting = GREETING
        self.evidence: dict[str, Any] = {}  # of every answer
        self._port = port
        self.received: dict[str, list[Any]] = {}

    async def __aenter__(self) -> ScriptedDialogue:
        self._server = await serve(self._call, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/webhooks/voice/ws"

    async def stop(self) -> None:
        """Close all sockets."""
        self._server.close()
        await asyncio.wait_for(self._server.wait_closed(), 5)

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _call(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        log = self.received.setdefault(socket.request.path.rsplit("/", 1)[1], [])
        async for frame in socket:
            message = d.parse_up(frame)
            log.append(message)
            for answer in self._answer_to(message, len(log)):
                with contextlib.suppress(ConnectionClosed):  # the call may be over already
                    await socket.send(d.to_json(answer))

    def _answer_to(self, message: d.Up, number: int) -> list[d.Down]:
        if isinstance(message, d.CallEnded):
            return []
        generation = message.generation
        if isinstance(message, d.CallStarted):
            says: list[d.Down] = [d.Say(generation, text, may_stop) for text, may_stop in self.greeting]
            return [] if message.resumed else [*says, d.Listen(generation), d.TurnDone(generation)]
        turn = number - 2
        if turn < len(self._answers):
            say = d.Say(generation, self._answers[turn], evidence=self.evidence)
            return [say, d.Listen(generation, "free"), d.TurnDone(generation)]
        return [d.Say(generation, "好的，再见。"), d.HangUp(generation), d.TurnDone(generation)]
