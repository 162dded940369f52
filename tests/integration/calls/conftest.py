"""A scripted bot: it understands nothing, but answers the telephone and speaks tones by the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest_asyncio

from yingda.caller.alaw import encode
from yingda.caller.phone import Phone


def tone(seconds: float) -> bytes:
    """A 440 Hz tone in A-law."""
    samples = 3000 * np.sin(np.arange(int(8000 * seconds)) * 2 * np.pi * 440 / 8000)
    return encode(samples.astype(np.int16))


class ScriptedBot:
    """Greets with a tone, answers every utterance ``answer_after_s`` after it, is silenced by speech.

    Not a bot: it only stands in for one where the test caller itself is under test.
    """

    def __init__(self, answer_after_s: float = 0.6, answer_s: float = 1.5, turns: int = 3) -> None:
        self.phone = Phone("bot")
        self.answer_after_s, self.answer_s, self.turns = answer_after_s, answer_s, turns
        self.port = 0
        self.answers = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.port = await self.phone.open()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self.phone.close()

    async def _run(self) -> None:
        await self.phone.wait_for_call(10.0)
        line, answered_until = self.phone.line, time.monotonic()
        line.say(tone(1.0))
        while self.phone.ended_at is None and self.answers < self.turns:
            await asyncio.sleep(0.01)
            ended = line.heard.quiet_since(answered_until)
            talking = line.heard.talking_since(time.monotonic())
            if talking is not None and time.monotonic() - talking > 0.15:
                line.drop()
            if ended is not None and time.monotonic() - ended + 0.02 >= self.answer_after_s:
                answered_until = time.monotonic()
                line.say(tone(self.answer_s))
                self.answers += 1
        await asyncio.sleep(self.answer_s + 0.2)
        await self.phone.hang_up()


@pytest_asyncio.fixture
async def scripted_bot() -> AsyncIterator[ScriptedBot]:
    bot = ScriptedBot()
    await bot.start()
    yield bot
    await bot.stop()
