"""Which recorded turns belong to which turn of the scene, and how rows of MongoDB become records."""

from __future__ import annotations

from typing import Any

import pytest

from yingda.caller.evidence import CallRecord, Understood, assign
from yingda.caller.play import TurnTrace, measure, set_filler_apart
from yingda.caller.records import pair, problems, understanding
from yingda.caller.scene import Turn


def test_turns_are_assigned_by_time(make: Any) -> None:
    greeting = TurnTrace(make.turn("greeting", say=None, listen=True), 0.0)
    first, second = make.spoken(make.turn("a"), 5.0, 6.0), make.spoken(make.turn("b"), 10.0, 11.0)
    record = CallRecord(
        "id",
        [
            make.bot(1, -0.1),
            make.customer(2, 5.2, "greet"),
            make.bot(3, 6.8, "第一"),
            make.bot(4, 8.0, "第二"),
            make.customer(5, 9.8, "bye"),
            make.bot(6, 11.5, "第三"),
        ],
    )
    heard = assign(make.trace(greeting, first, second), record)
    assert [[r.seq for r in e.bot] for e in heard] == [[1], [3, 4], [6]]
    assert [[r.seq for r in e.customer] for e in heard] == [[], [2], [5]]
    assert heard[1].bot_text == "第一第二"


def test_a_turn_that_was_never_on_the_line_is_nobodys_answer(make: Any) -> None:
    lost = make.bot(2, 6.0)
    record = CallRecord("id", [type(lost)(2, "bot", "没说出口", None)])
    assert assign(make.trace(make.spoken(make.turn(), 5.0, 6.0)), record)[0].bot == []


def test_the_bot_turn_that_was_spoken_into_is_known(make: Any) -> None:
    record = CallRecord("id", [make.bot(1, 1.0), make.bot(2, 4.0, interrupted=True), make.bot(3, 7.0)])
    spoken_into = assign(make.trace(make.spoken(make.turn(), 5.0, 6.0)), record)[0].was_speaking
    assert spoken_into is not None
    assert spoken_into.seq == 2


def test_a_filler_is_set_apart_from_the_answer(make: Any) -> None:
    trace = make.spoken(make.turn(), 4.0, 5.0)
    heard = make.ear((6.5, 7.1), (7.3, 9.0))
    measure(trace, heard, zero=0.0)
    assert trace.latency_s == pytest.approx(1.5, abs=0.03)
    set_filler_apart(trace, heard, answer_after_filler_s=0.75)
    assert trace.filler_s == pytest.approx(1.5, abs=0.03)
    assert trace.latency_s == pytest.approx(2.3, abs=0.03)


def test_without_a_filler_the_latency_stays(make: Any) -> None:
    trace = make.spoken(make.turn(), 4.0, 5.0)
    heard = make.ear((6.0, 7.0))
    measure(trace, heard, zero=0.0)
    set_filler_apart(trace, heard, 0.0)
    assert (trace.filler_s, trace.latency_s) == (None, pytest.approx(1.0, abs=0.03))


def test_barge_in_is_measured_to_the_end_of_the_old_speech_and_the_answer_behind_it(make: Any) -> None:
    trace = make.spoken(make.turn(barge_in=True), 4.0, 6.0)
    measure(trace, make.ear((1.0, 4.24), (6.8, 8.0)), zero=0.0)
    assert trace.silenced_s == pytest.approx(0.24, abs=0.03)
    assert trace.latency_s == pytest.approx(0.8, abs=0.03)


def test_the_greeting_counts_from_the_answer(make: Any) -> None:
    trace = TurnTrace(Turn("greeting", listen=True), 0.0)
    measure(trace, make.ear((10.4, 12.0)), zero=10.0)
    assert trace.latency_s == pytest.approx(0.4, abs=0.03)


def row(seq: int, side: str, **rest: Any) -> dict[str, Any]:
    return {"seq": seq, "side": side, "started_ms": seq * 1000, "ended_ms": seq * 1000 + 500, **rest}


def test_rows_become_records_and_silence_takes_no_understanding() -> None:
    said = [Understood("查余额", "query_balance", 0.9, {}), Understood("6721", "EXTERNAL_keypad", 1.0, {})]
    rows = [
        row(1, "bot", text="您好", interrupted=True, heard="您", latency_ms=900, filler_latency_ms=400),
        row(2, "customer", text="查余额"),
        row(3, "customer", text="", silence=1),
        row(4, "customer", text="", digits="6721"),
    ]
    records = pair(rows, said)
    assert [r.side for r in records] == ["bot", "customer", "silence", "customer"]
    assert [r.understood for r in records] == [None, said[0], None, said[1]]
    assert (records[0].latency_s, records[0].filler_latency_s, records[0].heard) == (0.9, 0.4, "您")
    assert records[3].text == "6721"


def test_several_values_of_one_kind_are_all_kept() -> None:
    entities = [{"entity": "amount", "value": v} for v in (100, 50)] + [{"entity": "date", "value": "上个月"}]
    parsed = {"text": "改写", "intent": {"name": "inform"}, "entities": entities}
    event = {"text": "原话", "parse_data": parsed}
    assert understanding(event) == Understood("改写", "inform", 0.0, {"amount": [100, 50], "date": "上个月"})


def test_what_is_missing_in_a_record_is_named(tmp_path: Any) -> None:
    recording = tmp_path / "call.wav"
    recording.write_bytes(b"")
    call = {"started_at": 1, "ended_at": 2, "outcome": "done"}
    whole = pair([row(1, "bot"), row(2, "customer")], [])
    assert problems(call, whole, str(recording)) == []
    assert problems({}, [], None) == [
        "calls.started_at is missing",
        "calls.ended_at is missing",
        "calls.outcome is missing",
        "no bot turn is on record",
        "calls.recording is missing",
    ]
    gap = pair([row(1, "bot"), row(3, "bot")], [])
    assert problems(call, gap, "/nowhere.wav") == [
        "the numbers of the turns have gaps or doubles: [1, 3]",
        "the recording /nowhere.wav does not exist",
    ]
