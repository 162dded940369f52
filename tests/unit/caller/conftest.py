"""Short ways to make scenes, traces and records for the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from yingda.caller.alaw import encode
from yingda.caller.evidence import TurnRecord, Understood
from yingda.caller.play import CallTrace, TurnTrace
from yingda.caller.scene import CallExpect, Expect, Scene, Turn, When
from yingda.caller.wire import Ear

TONE = encode((3000 * np.sin(np.arange(160) * 2 * np.pi * 440 / 8000)).astype(np.int16))
HISS = encode(np.random.default_rng(1).normal(0, 60, 160).astype(np.int16))


class Make:
    """Factories; times in seconds since answer."""

    def scene(self, *turns: Turn, **rest: Any) -> Scene:
        return Scene(turns=list(turns), scene="made", about="for a test", **rest)

    def turn(self, name: str = "one", say: str | None = "nod", barge_in: bool = False, **rest: Any) -> Turn:
        expect = Expect(**rest.pop("expect", {}))
        return Turn(name, When(bot_speech_ms=1000 if barge_in else None), say=say, expect=expect, **rest)

    def call_expect(self, **rest: Any) -> CallExpect:
        return CallExpect(**rest)

    def trace(self, *turns: TurnTrace, ended_by: str = "caller", **rest: Any) -> CallTrace:
        return CallTrace(list(turns), ended_by=ended_by, **rest)

    def spoken(
        self, turn: Turn, begin: float, end: float, latency: float | None = 0.8, **rest: Any
    ) -> TurnTrace:
        return TurnTrace(turn, begin, begin, end, latency_s=latency, **rest)

    def customer(self, seq: int, at: float, intent: str | None = None, **entities: Any) -> TurnRecord:
        understood = None if intent is None else Understood("说的话", intent, 0.9, entities)
        return TurnRecord(seq, "customer", "说的话", at, at + 1, understood=understood)

    def ear(self, *spans: tuple[float, float], until: float = 20.0) -> Ear:
        """An ear that hears a packet every 20 ms: tone within the spans, hiss elsewhere."""
        made = Ear()
        for i in range(round(until / 0.02)):
            at = i * 0.02
            made.feed(at, TONE if any(a - 1e-9 <= at < b - 1e-9 for a, b in spans) else HISS)
        return made

    def bot(self, seq: int, at: float, text: str = "您好", **rest: Any) -> TurnRecord:
        return TurnRecord(seq, "bot", text, at, at + 2, **rest)


@pytest.fixture
def make() -> Make:
    return Make()
