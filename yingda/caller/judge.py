"""Judges a played scene: what was expected against what passed on the wire and what the bot recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from yingda.caller.evidence import CallRecord, TurnEvidence
from yingda.caller.play import CallTrace, TurnTrace
from yingda.caller.scene import Expect, Scene
from yingda.caller.wire import percentile

CALL = "call"  # the name under which failures of the whole call go
CARRIED_ON_S = 1.5  # a bot that speaks on for so long after a noise was not disturbed by it


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold. ``understanding``: it concerns intent or values."""

    turn: str
    why: str
    understanding: bool = False


@dataclass
class Verdict:
    """The outcome of a scene. Latencies are in seconds, of the turns that the caller spoke or keyed in."""

    failures: list[Failure] = field(default_factory=list)
    turns: int = 0
    understood: int = 0
    latencies_s: list[float] = field(default_factory=list)
    fillers: int = 0

    @property
    def passed(self) -> bool:
        """Does every expectation hold?"""
        return not self.failures

    @property
    def p50_s(self) -> float | None:
        """Median response latency."""
        return percentile(self.latencies_s, 0.5)

    @property
    def p95_s(self) -> float | None:
        """95th percentile of the response latency (nearest rank)."""
        return percentile(self.latencies_s, 0.95)


def judge(
    scene: Scene,
    trace: CallTrace,
    turns: list[TurnEvidence],
    record: CallRecord | None,
    asked: bool = True,
) -> Verdict:
    """All failures, in the order of the turns. Not ``asked``: what needs a record is not judged."""
    verdict = Verdict()
    for evidence in turns:
        failures = _judge_turn(evidence, scene, asked)
        verdict.failures += failures
        turn = evidence.trace.turn
        if (turn.say is None and turn.press is None) or turn.expect.no_customer_turn:
            continue
        verdict.turns += 1
        verdict.understood += not any(f.understanding for f in failures)
        if evidence.trace.latency_s is not None:
            verdict.latencies_s.append(evidence.trace.latency_s)
        verdict.fillers += evidence.trace.filler_s is not None
    verdict.turns += len(trace.not_reached)
    verdict.failures += [Failure(name, "was not reached") for name in trace.not_reached]
    verdict.failures += _judge_call(scene, trace, record, asked)
    return verdict


def _judge_turn(evidence: TurnEvidence, scene: Scene, asked: bool) -> list[Failure]:
    trace, expect, name = evidence.trace, evidence.trace.turn.expect, evidence.trace.turn.name
    why = _timing(trace, expect, scene)
    if not asked:
        return [Failure(name, w) for w in why]
    failures = [Failure(name, w, True) for w in _understanding(evidence, expect)]
    why = [*_answer_text(evidence, expect), *why, *_interrupted(evidence, expect)]
    return failures + [Failure(name, w) for w in why]


def _interrupted(evidence: TurnEvidence, expect: Expect) -> list[str]:
    if expect.interrupted is None:
        return []
    spoken_into = evidence.was_speaking
    if spoken_into is None:
        return ["no bot turn is on record that was being said when the caller spoke"]
    if spoken_into.interrupted != expect.interrupted:
        return [f"the bot turn spoken into is recorded as interrupted: {spoken_into.interrupted}"]
    return []


def _understanding(evidence: TurnEvidence, expect: Expect) -> list[str]:
    if expect.no_customer_turn:
        texts = "; ".join(c.text for c in evidence.customer)
        return [f"a customer turn was taken where there was none: '{texts}'"] if evidence.customer else []
    if expect.intent is None and not expect.entities:
        return []
    understood = evidence.understood
    if understood is None:
        return ["nothing is on record of what was understood"]
    why = []
    wanted = [expect.intent] if isinstance(expect.intent, str) else expect.intent
    if wanted is not None and understood.intent not in wanted:
        why.append(f"understood '{understood.text}' as {understood.intent}, expected {' or '.join(wanted)}")
    for key, value in expect.entities.items():
        if not _same(understood.entities.get(key), value):
            found = understood.entities.get(key, "nothing")
            why.append(f"value {key} came out as {found}, expected {value} (recognised: '{understood.text}')")
    return why


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, (list, tuple)):
        return any(_same(item, wanted) for item in found)
    return found is not None and str(found) == str(wanted)


def _answer_text(evidence: TurnEvidence, expect: Expect) -> list[str]:
    why, text = [], evidence.bot_text
    for wanted in expect.bot_says:
        choices = [wanted] if isinstance(wanted, str) else wanted
        if not any(choice in text for choice in choices):
            why.append(f"the bot did not say '{' or '.join(choices)}'; it said '{text}'")
    why += [f"the bot said '{bad}': '{text}'" for bad in expect.bot_never_says if bad in text]
    return why


def _timing(trace: TurnTrace, expect: Expect, scene: Scene) -> list[str]:
    why, turn = [], trace.turn
    speaks = turn.say is not None or turn.press is not None
    limit = expect.max_latency_ms
    may_be_silent = expect.no_customer_turn or (expect.bot_ends_call and not expect.bot_says)
    if limit is None and speaks and not may_be_silent:
        limit = scene.max_latency_ms
    if limit is not None:
        if trace.latency_s is None:
            why.append(f"the bot did not answer; expected within {limit} ms")
        elif trace.latency_s * 1000 > limit:
            why.append(f"the bot answered after {trace.latency_s * 1000:.0f} ms, expected within {limit} ms")
    if expect.filler is not None and (trace.filler_s is not None) != expect.filler:
        why.append("no filler was heard" if expect.filler else "a filler was heard")
    if trace.talked_over and expect.bot_resumes_ms is None:
        why.append(f"the bot began to answer {-(trace.latency_s or 0):.2f} s before the caller had finished")
    return [*why, *_barge_in(trace, expect)]


def _barge_in(trace: TurnTrace, expect: Expect) -> list[str]:
    why = []
    if expect.line_silent_ms is not None:
        if trace.silenced_s is None:
            why.append("the bot was not speaking when the caller broke in")
        elif trace.silenced_s * 1000 > expect.line_silent_ms:
            measured = f"{trace.silenced_s * 1000:.0f} ms after the caller broke in"
            why.append(f"the line fell silent {measured}, expected {expect.line_silent_ms} ms")
    if expect.bot_resumes_ms is not None and trace.silenced_s is not None:
        carried_on = trace.silenced_s > CARRIED_ON_S
        in_time = trace.resumed_s is not None and trace.resumed_s * 1000 <= expect.bot_resumes_ms
        if not carried_on and not in_time:
            heard = "never" if trace.resumed_s is None else f"after {trace.resumed_s * 1000:.0f} ms"
            why.append(f"the bot went on {heard}, expected within {expect.bot_resumes_ms} ms")
    return why


def _judge_call(scene: Scene, trace: CallTrace, record: CallRecord | None, asked: bool) -> list[Failure]:
    why, expect = [], scene.expect
    if trace.problem is not None:
        why.append(trace.problem)
    if scene.ended_by is not None and trace.ended_by != scene.ended_by:
        why.append(f"the call was ended by the {trace.ended_by}, expected the {scene.ended_by}")
    if asked and expect.record and record is None:
        why.append("there is no record of the call in MongoDB")
    if record is not None:
        if expect.record:
            why += [f"the record is incomplete: {problem}" for problem in record.problems]
        if expect.handoff is not None and record.handoff != expect.handoff:
            why.append(f"handoff on record: {record.handoff}, expected {expect.handoff}")
        if expect.outcome is not None and record.outcome != expect.outcome:
            why.append(f"outcome on record: {record.outcome}, expected {expect.outcome}")
    return [Failure(CALL, w) for w in why]
