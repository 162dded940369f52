"""What the gateway makes of several finals, and of a turn that replaces another."""

from __future__ import annotations

from typing import Any

import pytest

from yingda.gateway.call_record import CallRecord
from yingda.gateway.speech_link import join_finals


@pytest.mark.parametrize(
    ("finals", "joined"),
    [
        ([("你好", 0.9), ("我想问点事情", 0.8)], ("你好我想问点事情", 0.8)),
        ([("你好", 0.9), ("", 0.0)], ("你好", 0.9)),
        ([("", 0.0)], ("", 0.0)),
        ([], ("", 0.0)),
    ],
)
def test_finals_of_a_stream_are_one_transcript(finals, joined):
    assert join_finals(finals) == joined


class Saved:
    """Stands where the Recorder does."""

    def __init__(self) -> None:
        self.turns: dict[str, dict[str, Any]] = {}

    def save(self, collection: str, key: str, document: dict[str, Any]) -> None:
        if collection == "turns":
            self.turns[key] = dict(document)

    def live(self, *_: object) -> None: ...
    def publish(self, *_: object) -> None: ...


def test_joined_turn_takes_the_place_of_the_earlier_one():
    saved = Saved()
    record = CallRecord(saved, "c", "inbound", "1", "2")  # type: ignore[arg-type]
    record.customer_turn(1, "你好", 0.9, 3000, 3400, None)
    record.customer_turn(2, "你好我想问", 0.8, 3000, 5000, 1)
    record.customer_turn(3, "你好我想问点事情", 0.8, 3000, 6000, 2)
    record.customer_turn(4, "谢谢", 0.9, 9000, 9500, None)
    assert [(t["seq"], t["text"]) for t in saved.turns.values()] == [(1, "你好我想问点事情"), (2, "谢谢")]
    assert record.counters["customer_turns"] == 2
