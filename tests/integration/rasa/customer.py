"""A gateway of the test: speaks the dialogue contract as text, one turn at a time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import websockets

from yingda.messages import dialogue

TURN_SECONDS = 20


@dataclass
class BotTurn:
    """What the bot did in one turn."""

    messages: list[dialogue.Message] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def said(self) -> str:
        return "".join(m.text for m in self.messages if isinstance(m, dialogue.Say))

    def of(self, kind: type) -> list[Any]:
        return [m for m in self.messages if isinstance(m, kind)]

    @property
    def listen(self) -> dialogue.Listen:
        return self.of(dialogue.Listen)[-1]


class Customer:
    """One call."""

    def __init__(
        self,
        url: str,
        call_id: str,
        number: str = "13800138000",
        resumed: bool = False,
        started_at: str = "2026-11-22T01:00:00Z",
    ) -> None:
        self.url, self.call_id, self.number, self.resumed = url, call_id, number, resumed
        self.started_at = started_at
        self.generation = 100 if resumed else 0
        self.greeting = BotTurn()

    async def __aenter__(self) -> Customer:
        self.socket = await websockets.connect(self.url)
        self.greeting = await self._turn(
            dialogue.CallStarted(
                call_id=self.call_id,
                direction="inbound",
                customer_number=self.number,
                our_number="95000",
                started_at=self.started_at,
                generation=self._next(),
                resumed=self.resumed,
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()

    async def comes_back(self) -> BotTurn:
        """The line to Rasa was lost, and is back."""
        await self.socket.close()
        self.resumed = True
        self.generation += 100
        await self.__aenter__()
        return self.greeting

    async def says(self, text: str, heard: dialogue.Heard | None = None) -> BotTurn:
        generation = self._next()
        return await self._turn(
            dialogue.CustomerTurn(
                turn=generation,
                generation=generation,
                text=text,
                confidence=0.9,
                started_ms=0,
                ended_ms=1,
                heard=heard,
            )
        )

    async def is_silent(self, count: int) -> BotTurn:
        return await self._turn(dialogue.Silence(generation=self._next(), count=count))

    async def keys(self, digits: str) -> BotTurn:
        return await self._turn(dialogue.Keypad(generation=self._next(), digits=digits))

    async def hangs_up(self, in_the_middle_of: str | None = None) -> None:
        """End the call as the gateway tells it; with words before, the bot's turn is still running then."""
        if in_the_middle_of is not None:
            number = self._next()
            words = dialogue.CustomerTurn(number, number, in_the_middle_of, 0.9, 0, 1)
            await self.socket.send(dialogue.to_json(words))
        await self.socket.send(dialogue.to_json(dialogue.CallEnded("customer_hung_up")))
        await asyncio.wait_for(self.socket.wait_closed(), TURN_SECONDS)

    def _next(self) -> int:
        self.generation += 1
        return self.generation

    async def _turn(self, up: Any) -> BotTurn:
        turn, started = BotTurn(), time.monotonic()
        await self.socket.send(dialogue.to_json(up))
        while True:
            frame = await asyncio.wait_for(self.socket.recv(), TURN_SECONDS)
            message = dialogue.parse(frame)
            assert message.generation == self.generation, message
            turn.messages.append(message)
            if isinstance(message, dialogue.TurnDone):
                turn.seconds = time.monotonic() - started
                return turn
