"""What the records of the bot say about a call, and which part of it belongs to which turn of the scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from yingda.caller.play import CallTrace, TurnTrace

# The bot's clock and ours start within a packet or two of each other; its speech detection may cut a little.
SLACK_S = 0.5
LATE_S = 4.0  # a customer turn is on record as begun no later than this after the caller's speech


@dataclass(frozen=True)
class Understood:
    """What the dialogue made of one customer turn; ``why``: lines about what it decided, if they were asked
    for."""

    text: str
    intent: str | None
    confidence: float
    entities: dict[str, Any]
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class TurnRecord:
    """One turn of the bot's own record; times in seconds since the call was connected.

    ``side``: "customer", "bot", or "silence" (nobody spoke). ``started_s`` of a bot turn: its first word on
    the line, None where nothing of it was. ``filler_latency_s``: a filler came before the answer.
    """

    seq: int
    side: str  # "customer" or "bot"
    text: str
    started_s: float | None
    ended_s: float | None = None
    heard: str | None = None
    interrupted: bool = False
    latency_s: float | None = None
    filler_latency_s: float | None = None
    understood: Understood | None = None


@dataclass(frozen=True)
class CallRecord:
    """The bot's record of a call; ``problems`` says what is missing in it, empty when it is complete."""

    call_id: str
    turns: list[TurnRecord] = field(default_factory=list)
    outcome: str | None = None
    handoff: bool = False
    recording: str | None = None
    problems: list[str] = field(default_factory=list)


@dataclass
class TurnEvidence:
    """One turn of the scene with what the bot recorded of it."""

    trace: TurnTrace
    customer: list[TurnRecord] = field(default_factory=list)
    bot: list[TurnRecord] = field(default_factory=list)
    was_speaking: TurnRecord | None = None  # the bot turn that the caller spoke into

    @property
    def understood(self) -> Understood | None:
        """What was understood of the turn's (first) speech."""
        return next((c.understood for c in self.customer if c.understood is not None), None)

    @property
    def answer_after_filler_s(self) -> float:
        """From the filler to the answer as recorded; 0 where there was no filler."""
        for turn in self.bot[:1]:
            if turn.filler_latency_s is not None and turn.latency_s is not None:
                return turn.latency_s - turn.filler_latency_s
        return 0.0

    @property
    def bot_text(self) -> str:
        """All that the bot said, or meant to say, in answer."""
        return "".join(record.text for record in self.bot)


def assign(trace: CallTrace, record: CallRecord) -> list[TurnEvidence]:
    """Give each turn of the scene the customer and bot turns that fall into its time."""
    found = [TurnEvidence(turn) for turn in trace.turns]
    for i, evidence in enumerate(found):
        start = _answerable_from(evidence.trace, i == 0)
        end = _answerable_from(found[i + 1].trace, False) if i + 1 < len(found) else float("inf")
        for turn in record.turns:
            if turn.side == "bot" and turn.started_s is not None and start <= turn.started_s < end:
                evidence.bot.append(turn)
            elif turn.side == "customer" and _begins_in(turn, found, i):
                evidence.customer.append(turn)
        said_from = evidence.trace.said_from_s
        if said_from is not None:
            evidence.was_speaking = _speaking_at(record, said_from)
    return found


def _answerable_from(trace: TurnTrace, first: bool) -> float:
    """From when on a bot turn counts as an answer to this turn of the scene."""
    if trace.turn.listen and first:
        return float("-inf")
    return (trace.began_s if trace.said_from_s is None else trace.said_from_s) - 0.1


def _begins_in(record: TurnRecord, turns: list[TurnEvidence], index: int) -> bool:
    """Did the caller's speech of this scene turn begin the customer turn? The latest such turn takes it."""
    fitting = [i for i, evidence in enumerate(turns) if _could_begin(record, evidence.trace)]
    return bool(fitting) and fitting[-1] == index


def _could_begin(record: TurnRecord, trace: TurnTrace) -> bool:
    if trace.said_from_s is None or record.started_s is None:
        return False
    latest = (trace.said_until_s or trace.said_from_s) + LATE_S
    return trace.said_from_s - SLACK_S <= record.started_s <= latest


def _speaking_at(record: CallRecord, at: float) -> TurnRecord | None:
    bots = [t for t in record.turns if t.side == "bot" and t.started_s is not None and t.started_s < at]
    return bots[-1] if bots and (bots[-1].ended_s is None or bots[-1].ended_s > at - SLACK_S) else None
