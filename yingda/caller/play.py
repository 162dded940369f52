"""Plays a scene over a phone: waits for the bot by ear, speaks, presses keys, and notes what passed when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from yingda.caller.line import Utterance
from yingda.caller.phone import Phone
from yingda.caller.scene import Fault, Scene, Turn
from yingda.caller.trouble import mixed, quieter
from yingda.caller.wire import Ear, Stretch, response, silenced_after

DEFAULT_QUIET_MS = 1200
BOT_DEADLINE_S = 30.0  # the bot must be heard within it wherever the scene waits for it
_TICK_S = 0.02
FILLER_SLACK_S = 0.3
_TALKING_S = 0.06  # barge in only where the bot's last voiced packet is this fresh


@dataclass
class TurnTrace:
    """What passed in one turn; times in seconds since the call was answered, None where it did not happen."""

    turn: Turn
    began_s: float
    said_from_s: float | None = None
    said_until_s: float | None = None
    response: Stretch | None = None
    latency_s: float | None = None
    silenced_s: float | None = None
    resumed_s: float | None = None
    filler_s: float | None = None  # latency of a filler, where one came before the answer

    @property
    def talked_over(self) -> bool:
        """The bot began its answer before the caller had finished."""
        return self.latency_s is not None and self.latency_s < 0


@dataclass
class CallTrace:
    """The whole call as the caller lived it."""

    turns: list[TurnTrace] = field(default_factory=list)
    not_reached: list[str] = field(default_factory=list)
    problem: str | None = None
    ended_by: str | None = None
    lasted_s: float = 0.0


class Stuck(Exception):
    """The scene cannot go on: the bot is silent, or too much time has passed."""


class Player:
    """One run of a scene. ``tell`` gets a line for people now and then: (seconds since answer, text).
    ``fail`` brings about what a turn's ``fault`` says."""

    def __init__(
        self,
        scene: Scene,
        phone: Phone,
        clips: Mapping[str, bytes],
        tell: Callable[[float, str], None] = lambda _at, _text: None,
        fail: Callable[[Fault], None] | None = None,
    ) -> None:
        self.scene, self.phone, self.clips, self.tell, self.fail = scene, phone, clips, tell, fail
        self.trace = CallTrace()
        self._zero = 0.0
        self._mark = 0.0  # the bot's answer is looked for after it
        self._quiet_mark = 0.0  # the bot must have been heard after it before it counts as finished

    async def play(self) -> CallTrace:
        """Play the answered call to its end and hang up where the bot does not."""
        self._zero = self._mark = self._quiet_mark = self.phone.answered_at or time.monotonic()
        reached = 0
        try:
            for turn in self.scene.turns:
                await self._until_due(turn)
                if self._over():
                    break
                await self._act(turn)
                reached += 1
            await self._finish()
        except Stuck as error:
            self.trace.problem = str(error)
        self.trace.not_reached = [t.name for t in self.scene.turns[reached:]]
        await self.phone.hang_up()
        self.trace.ended_by = self.phone.ended_by
        self.trace.lasted_s = (self.phone.ended_at or time.monotonic()) - self._zero
        self._measure()
        return self.trace

    def _over(self) -> bool:
        return self.phone.ended_at is not None

    @property
    def _heard(self) -> Ear:
        return self.phone.line.heard

    async def _until_due(self, turn: Turn) -> None:
        when, now = turn.when, time.monotonic
        if turn.listen:
            return
        if when.wait_ms is not None:
            due = self._mark + when.wait_ms / 1000
            await self._until(lambda: now() >= due, turn, when.wait_ms / 1000 + 1)
        elif when.bot_speech_ms is not None:
            length_s = when.bot_speech_ms / 1000
            await self._until(lambda: self._bot_has_spoken(length_s), turn, BOT_DEADLINE_S)
        else:
            quiet_s = (when.bot_quiet_ms or DEFAULT_QUIET_MS) / 1000
            await self._until(lambda: self._bot_is_quiet(quiet_s), turn, BOT_DEADLINE_S + quiet_s)

    async def _until(self, done: Callable[[], bool], turn: Turn | None, deadline_s: float) -> None:
        started = time.monotonic()
        while not self._over():
            self._note_response()
            if done():
                return
            now = time.monotonic()
            if now - self._zero > self.scene.max_seconds:
                raise Stuck(f"the call lasted longer than max_seconds = {self.scene.max_seconds}")
            if now - started > deadline_s:
                what = f"before turn '{turn.name}'" if turn is not None else "after the last turn"
                raise Stuck(f"waited {deadline_s:.0f} s {what} for the bot to speak and finish")
            await asyncio.sleep(_TICK_S)

    def _bot_is_quiet(self, quiet_s: float) -> bool:
        ended = self._heard.quiet_since(self._quiet_mark)
        return ended is not None and time.monotonic() - ended >= quiet_s

    def _bot_has_spoken(self, length_s: float) -> bool:
        now = time.monotonic()
        fresh = bool(self._heard.voiced_at) and now - self._heard.voiced_at[-1] < _TALKING_S
        return fresh and self._heard.voiced_s(self._quiet_mark, now) >= length_s

    async def _act(self, turn: Turn) -> None:
        now = time.monotonic()
        trace = TurnTrace(turn, now - self._zero)
        self.trace.turns.append(trace)
        if turn.fault is not None and self.fail is not None:
            self.tell(now - self._zero, f"fault: {turn.fault.kill or turn.fault.stall}")
            await asyncio.to_thread(self.fail, turn.fault)
        if turn.say is not None:
            await self._send(trace, self.phone.line.say(self._sound(turn, turn.say)))
        elif turn.press is not None:
            await self._send(trace, self.phone.line.press(turn.press))
        elif turn.stay_silent_ms is not None:
            self._mark = self._quiet_mark = now
            due = now + turn.stay_silent_ms / 1000
            await self._until(lambda: time.monotonic() >= due, turn, turn.stay_silent_ms / 1000 + 1)
        elif turn.hang_up:
            self.tell(now - self._zero, "caller hangs up")
            await self.phone.hang_up()

    def _sound(self, turn: Turn, clip: str) -> bytes:
        if turn.beside is not None:
            return mixed(self.clips[clip], quieter(self.clips[turn.beside], turn.quieter_db))
        return quieter(self.clips[clip], turn.quieter_db) if turn.quieter_db else self.clips[clip]

    async def _send(self, trace: TurnTrace, utterance: Utterance) -> None:
        turn = trace.turn
        self.tell(time.monotonic() - self._zero, f"caller: {turn.say or turn.press}")
        await self._until(lambda: utterance.done, turn, 120.0)
        now = time.monotonic()
        first = utterance.first_at if utterance.first_at is not None else now
        last = utterance.last_at if utterance.last_at is not None else now
        trace.said_from_s, trace.said_until_s = first - self._zero, last - self._zero
        self._mark, self._quiet_mark = first, last

    async def _finish(self) -> None:
        """After the last turn: hear the bot out, then hang up, or wait until it does."""
        if self._over():
            return
        if self.scene.ended_by == "bot":
            await self._until(self._over, None, BOT_DEADLINE_S)
            return
        await self._until(lambda: self._bot_is_quiet(DEFAULT_QUIET_MS / 1000), None, BOT_DEADLINE_S)
        self.tell(time.monotonic() - self._zero, "caller hangs up")

    def _note_response(self) -> None:
        if not self.trace.turns:
            return
        trace = self.trace.turns[-1]
        if trace.response is not None or trace.said_until_s is None:
            return
        found = response(self._heard, self._mark, self._quiet_mark)
        if found is not None:
            trace.response = found
            trace.latency_s = found.start - self._quiet_mark
            self.tell(found.start - self._zero, f"bot answers after {trace.latency_s:.2f} s")

    def _measure(self) -> None:
        """Everything again with the whole call at hand."""
        traces = self.trace.turns
        for i, trace in enumerate(traces):
            before = float("inf")
            if i + 1 < len(traces):
                before = self._zero + traces[i + 1].began_s
            measure(trace, self._heard, self._zero, before)


def set_filler_apart(trace: TurnTrace, heard: Ear, answer_after_filler_s: float) -> None:
    """The first thing heard was a filler: take the latency of the answer behind it.

    ``answer_after_filler_s``: from the filler's first packet to the answer's, as the bot recorded it. On the
    wire it is the speech that begins next to that time; where the two run together, the time itself.
    """
    if trace.response is None or trace.latency_s is None or answer_after_filler_s <= 0:
        return
    about = trace.response.start + answer_after_filler_s
    starts = [stretch.start for stretch in Ear(0.1, heard.voiced_at).stretches(about - 1)]
    near = [start for start in starts if abs(start - about) < FILLER_SLACK_S]
    trace.filler_s = trace.latency_s
    start = min(near, key=lambda at: abs(at - about), default=about)
    trace.latency_s += start - trace.response.start


def measure(trace: TurnTrace, heard: Ear, zero: float, before: float = float("inf")) -> None:
    """Fill in the latencies of one turn from what was heard; ``before``: the next turn began then."""
    begun = zero + (trace.began_s if trace.said_from_s is None else trace.said_from_s)
    if trace.turn.listen and trace.began_s < 1.0:
        begun = zero - 1.0  # the greeting may be on the wire before the answer is dealt with
    until = begun if trace.said_until_s is None else zero + trace.said_until_s
    found = response(heard, begun, until, before)
    trace.response = found
    trace.latency_s = None
    if found is not None:
        trace.latency_s = found.start - (zero if trace.turn.listen else until)
    if trace.said_from_s is not None:
        trace.silenced_s = silenced_after(heard, begun, until)
    if trace.silenced_s is not None and found is not None:
        trace.resumed_s = found.start - (begun + trace.silenced_s)
