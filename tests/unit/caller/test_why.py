"""The test caller tells why the bot answered so, from the call's record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yingda.caller import records, report
from yingda.caller.evidence import TurnRecord
from yingda.explain import written

DATA = "rules:\n  - rule: A greeting\n    steps: [{intent: greet}, {action: utter_greet}]\n"


def user(text: str, intent: str) -> dict[str, Any]:
    return {"event": "user", "text": text, "parse_data": {"intent": {"name": intent, "confidence": 0.9}}}


def test_a_customer_turn_is_followed_by_the_reason(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rules.yml").write_text(DATA, encoding="utf-8")
    events = [
        user("/EXTERNAL_call_started", "EXTERNAL_call_started"),
        user("你好", "greet"),
        {"event": "action", "name": "utter_greet", "policy": "RulePolicy", "confidence": 1.0},
    ]
    (understood,) = records.from_events(events, written.read(tmp_path))
    printed: list[str] = []
    report.Live({}, printed.append).records([TurnRecord(1, "customer", "你好", 0.0, understood=understood)])
    assert printed[0] == "00:00.0  customer  你好  [greet 0.90]"
    assert printed[-1].split() == [
        "why",
        "utter_greet",
        "RulePolicy",
        "1.00",
        "rule",
        '"A',
        'greeting"',
        "data/rules.yml:2",
    ]
    assert records.from_events(events)[0].why == ()
