"""The figure `conversations`: what it compares; and that the conversations show every rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import conversations
from bench.conversations import Story
from tests.integration.rasa.customer import BotTurn
from yingda.messages import dialogue

ROOT = Path(__file__).resolve().parents[3]
FILE = """version: "3.1"

# Two turns.
stories:
  - story: Balance
    metadata: {number: '13900139000'}
    steps:
      - intent: EXTERNAL_call_started
      - action: utter_disclosure
      - user: |-
          查余额
        intent: query_balance
      - action: action_take_request
      - action: identity_form
      - active_loop: identity_form
      - intent: EXTERNAL_keypad
        entities:
          - digits: "6721"
      - action: identity_form
      - active_loop: null
"""


def story(folder: Path) -> Story:
    path = folder / "test_x.yml"
    path.write_text(FILE, encoding="utf-8")
    return next(conversations.stories_of(path))


def event(kind: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    return {"event": kind, "name": name, **more}


def said(intent: str) -> dict[str, Any]:
    return event("user", text="x", parse_data={"intent": {"name": intent}})


EVENTS = [
    event("action", "action_session_start"),
    said("EXTERNAL_call_started"),
    event("action", "utter_disclosure"),
    event("action", "action_listen"),
    said("query_balance"),
    event("action", "action_take_request"),
    event("action", "identity_form"),
    event("active_loop", "identity_form"),
    event("action", "action_listen"),
    said("EXTERNAL_keypad"),
    event("action", "identity_form"),
    event("active_loop"),
    event("active_loop"),
    event("action", "action_listen"),
]
SPOKEN = BotTurn([dialogue.Say(generation=1, text="您好。")])


def test_what_went_as_written_has_no_differences(tmp_path: Path) -> None:
    planned = story(tmp_path)
    assert planned.metadata == {"number": "13900139000"} and planned.turns[2].text == "6721"
    came = conversations.happened(EVENTS, [SPOKEN] * 3, planned)
    assert conversations.differences(planned, came) == []


@pytest.mark.parametrize(
    ("events", "heard", "what"),
    [
        ([*EVENTS[:4], said("greet"), *EVENTS[5:]], [SPOKEN] * 3, "understood greet, expected query_balance"),
        (EVENTS[:10] + EVENTS[11:], [SPOKEN] * 3, "did [none]"),
        (EVENTS, [SPOKEN, BotTurn(), SPOKEN], "said nothing"),
        (EVENTS[:9], [SPOKEN] * 3, "2 turns, expected 3"),
    ],
)
def test_differences_are_told(
    events: list[dict[str, Any]], heard: list[BotTurn], what: str, tmp_path: Path
) -> None:
    planned = story(tmp_path)
    found = conversations.differences(planned, conversations.happened(events, heard, planned))
    assert any(what in line for line in found), found


def test_written_as_it_was_read(tmp_path: Path) -> None:
    planned = story(tmp_path)
    came = conversations.happened(EVENTS, [SPOKEN] * 3, planned)
    assert conversations.written([(planned, came)], FILE.split("stories:")[0]) == FILE


@pytest.mark.requirement(32)
def test_every_rule_has_a_conversation() -> None:
    turns = [
        (turn.intent, [name for kind, name in turn.steps if kind == "action"])
        for path in conversations.FOLDER.rglob("test_*.yml")
        for planned in conversations.stories_of(path)
        for turn in planned.turns
    ]
    shown, rules = [], []
    for path in sorted((ROOT / "data" / "rules").glob("*.yml")):
        rules += yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]
    for rule in rules:
        intent = next((step["intent"] for step in rule["steps"] if "intent" in step), None)
        actions = [step["action"] for step in rule["steps"] if "action" in step]
        actions = [name for name in actions if name != "action_listen"]
        shown.append(any(is_shown(intent, actions, turn) for turn in turns))
    assert [rule["rule"] for rule, yes in zip(rules, shown, strict=True) if not yes] == []


def is_shown(intent: str | None, actions: list[str], turn: tuple[str, list[str]]) -> bool:
    """Whether a turn follows a rule; one without an intent stands anywhere in a turn."""
    if intent is not None:
        return turn[0] == intent and turn[1][: len(actions)] == actions
    places = range(len(turn[1]) - len(actions) + 1)
    return any(turn[1][at : at + len(actions)] == actions for at in places)
