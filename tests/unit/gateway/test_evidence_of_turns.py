"""What a bot turn rests on stands in its turn record, once the turn has been said."""

from __future__ import annotations

from typing import Any

import pytest

from yingda.gateway.call_record import CallRecord
from yingda.sansio.turns.commands import HeardTurn

EVIDENCE = {"article": "points", "version": "ab12", "source": "手册", "valid_until": "2027-12-31"}


class FakeRecorder:
    def __init__(self) -> None:
        self.turns: dict[str, dict[str, Any]] = {}

    def save(self, collection: str, key: str, document: dict[str, Any]) -> None:
        if collection == "turns":
            self.turns[key] = dict(document)

    def live(self, call_id: str, values: dict[str, str]) -> None: ...

    def publish(self, event: str, call_id: str, data: dict[str, Any]) -> None: ...


@pytest.mark.requirement(41)
def test_the_evidence_of_a_turn_is_written_with_it() -> None:
    recorder = FakeRecorder()
    record = CallRecord(recorder, "c1", "inbound", "1", "2")  # type: ignore[arg-type]
    record.bot_rests_on(1, EVIDENCE)
    record.bot_rests_on(2, EVIDENCE)  # never said: another turn took its place
    record.bot_spoke(1, 100, 50, None)
    record.bot_heard(HeardTurn(1, "积分3年有效", "积分3年有效", False), 900)
    record.bot_spoke(3, 1000, None, None)
    record.bot_heard(HeardTurn(3, "再见", "再见", False), 1200)
    assert recorder.turns["c1:0001"]["evidence"] == [EVIDENCE]
    assert "evidence" not in recorder.turns["c1:0002"] and len(recorder.turns) == 2
