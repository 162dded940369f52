"""Each expectation of a scene: when it holds, and what is said when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from yingda.caller.evidence import CallRecord, TurnRecord, assign
from yingda.caller.judge import Verdict, judge
from yingda.caller.scene import Scene


def run(make: Any, records: list[TurnRecord], latency: float | None = 0.8, **expect: Any) -> Verdict:
    """One spoken turn at 5-6 s, judged."""
    trace_rest = {k: expect.pop(k) for k in ("silenced_s", "resumed_s") if k in expect}
    turn = make.turn(barge_in="line_silent_ms" in expect, expect=expect)
    scene = make.scene(turn)
    trace = make.trace(make.spoken(turn, 5.0, 6.0, latency, **trace_rest))
    record = CallRecord("id", records)
    return judge(scene, trace, assign(trace, record), record)


def reasons(verdict: Verdict) -> list[str]:
    return [failure.why for failure in verdict.failures]


@pytest.fixture
def records(make: Any) -> list[TurnRecord]:
    """A greeting that still lasts when the caller begins, then the turn under judgement and its answer."""
    return [make.bot(1, 3.5), make.customer(2, 5.1, "greet", amount=100), make.bot(3, 6.8, "余额是5元")]


@pytest.mark.parametrize(
    "expect",
    [
        {"intent": "greet"},
        {"intent": ["bye", "greet"]},
        {"entities": {"amount": "100"}},
        {"bot_says": ["余额", ["五", "5"]]},
        {"bot_never_says": ["您好"]},
        {"max_latency_ms": 800},
        {"line_silent_ms": 300, "silenced_s": 0.3},
        {"interrupted": False},
        {"bot_resumes_ms": 2000, "silenced_s": 0.3, "resumed_s": 1.9},
        {"bot_resumes_ms": 2000, "silenced_s": 2.0},
    ],
    ids=lambda e: next(iter(e)),
)
def test_what_holds_passes(make: Any, records: list[TurnRecord], expect: dict[str, Any]) -> None:
    verdict = run(make, records, **expect)
    assert reasons(verdict) == []
    assert (verdict.passed, verdict.turns, verdict.understood) == (True, 1, 1)


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ({"intent": "bye"}, "understood '说的话' as greet, expected bye"),
        ({"entities": {"amount": 50}}, "value amount came out as 100, expected 50"),
        ({"entities": {"date": "今天"}}, "value date came out as nothing, expected 今天"),
        ({"bot_says": ["账单"]}, "the bot did not say '账单'; it said '余额是5元'"),
        ({"bot_says": [["账单", "话费"]]}, "the bot did not say '账单 or 话费'"),
        ({"bot_never_says": ["余额"]}, "the bot said '余额'"),
        ({"max_latency_ms": 700}, "the bot answered after 800 ms, expected within 700 ms"),
        ({"line_silent_ms": 300, "silenced_s": 0.32}, "the line fell silent 320 ms after"),
        ({"line_silent_ms": 300}, "the bot was not speaking when the caller broke in"),
        ({"interrupted": True}, "the bot turn spoken into is recorded as interrupted: False"),
        ({"no_customer_turn": True}, "a customer turn was taken where there was none"),
        ({"bot_resumes_ms": 500, "silenced_s": 0.3, "resumed_s": 0.6}, "the bot went on after 600 ms"),
        ({"bot_resumes_ms": 500, "silenced_s": 0.3}, "the bot went on never"),
        ({"bot_ends_call": True}, "the call was ended by the caller, expected the bot"),
    ],
)
def test_what_does_not_hold_fails_with_a_reason(
    make: Any, records: list[TurnRecord], expect: dict[str, Any], reason: str
) -> None:
    verdict = run(make, records, **expect)
    assert len(verdict.failures) == 1
    assert reason in verdict.failures[0].why


def test_no_answer_is_a_failure_even_where_nothing_is_expected(make: Any, records: list[TurnRecord]) -> None:
    assert reasons(run(make, records, latency=None)) == ["the bot did not answer; expected within 5000 ms"]


def test_an_answer_into_the_callers_speech_is_a_failure(make: Any, records: list[TurnRecord]) -> None:
    expected = "the bot began to answer 0.40 s before the caller had finished"
    assert reasons(run(make, records, latency=-0.4)) == [expected]


def test_only_misunderstood_turns_lower_the_count_of_understood_ones(make: Any) -> None:
    records = [make.customer(1, 5.1, "greet"), make.bot(2, 6.8)]
    assert run(make, records, intent="bye").understood == 0
    assert run(make, records, bot_says=["账单"]).understood == 1
    assert run(make, [], intent="greet").understood == 0


def judge_call(scene: Scene, make: Any, record: CallRecord | None, **trace: Any) -> list[str]:
    turn = scene.turns[0]
    done = make.trace(make.spoken(turn, 5.0, 6.0), **trace)
    verdict = judge(scene, done, assign(done, record or CallRecord("none")), record)
    return [f"{failure.turn}: {failure.why}" for failure in verdict.failures]


def test_failures_of_the_whole_call(make: Any) -> None:
    scene = make.scene(
        make.turn(), make.turn("two"), expect=make.call_expect(ended_by="bot", handoff=True, outcome="done")
    )
    record = CallRecord("id", [], outcome="failed", problems=["calls.recording is missing"])
    assert judge_call(scene, make, record, not_reached=["two"], problem="waited 30 s") == [
        "two: was not reached",
        "call: waited 30 s",
        "call: the call was ended by the caller, expected the bot",
        "call: the record is incomplete: calls.recording is missing",
        "call: handoff on record: False, expected True",
        "call: outcome on record: failed, expected done",
    ]


def test_a_call_without_a_record_fails_unless_none_is_asked_for(make: Any) -> None:
    missing = ["call: there is no record of the call in MongoDB"]
    assert judge_call(make.scene(make.turn()), make, None) == missing
    without = make.scene(make.turn(), expect=make.call_expect(record=False))
    assert judge_call(without, make, None) == []


def test_latencies_are_those_of_turns_that_the_caller_spoke(make: Any) -> None:
    greeting, said = make.turn("greeting", say=None, listen=True), make.turn("said")
    noise = make.turn("noise", expect={"no_customer_turn": True})
    first = make.spoken(greeting, 0.0, 0.0, 0.2)
    trace = make.trace(first, make.spoken(said, 5.0, 6.0, 0.9), make.spoken(noise, 9.0, 9.5, 3.0))
    record = CallRecord("id")
    verdict = judge(make.scene(greeting, said, noise), trace, assign(trace, record), record)
    assert (verdict.latencies_s, verdict.p50_s, verdict.p95_s) == ([0.9], 0.9, 0.9)
    assert verdict.turns == 1
