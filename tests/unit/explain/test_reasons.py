"""The rule behind a decision is the one that RulePolicy took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from yingda.explain import reasons, written
from yingda.explain.turns import Conversation

ROOT = Path(__file__).resolve().parents[3]
DATA = """
rules:
  - rule: Yes
    steps: [{intent: affirm}, {action: utter_go_on}]
  - rule: Yes to more
    condition: [{slot_was_set: [{awaiting: more}]}]
    steps: [{intent: affirm}, {action: utter_what}]
  - rule: Yes to a human
    condition: [{slot_was_set: [{awaiting: human}]}]
    steps:
      [{intent: affirm}, {action: action_handoff}, {slot_was_set: [{awaiting: nothing}]}, {action: utter_bye}]
  - rule: Either
    steps: [{or: [{intent: thank}, {intent: praise}]}, {action: utter_welcome}, {action: action_ask_more}]
  - rule: Open the form
    steps: [{intent: book}, {action: day_form}, {active_loop: day_form}]
  - rule: Submit the form
    condition: [{active_loop: day_form}]
    steps:
      - action: day_form
      - active_loop: null
      - slot_was_set: [{requested_slot: null}]
      - action: action_book
  - rule: Silence has an answer, the end has none
    steps: [{intent: ended}, {action: action_listen}]
  - rule: A fee with an amount
    steps: [{intent: fee, entities: [amount]}, {action: action_amount}]
stories:
  - story: A known path
    steps: [{intent: greet}, {action: utter_greet}, {intent: fee}, {action: action_fee}]
"""


def rule_of(make: Any, *events: Any, decision: int = -1) -> str:
    conversation = make.conversation(*events)
    found = reasons.why(conversation.turns[-1].decisions[decision], conversation, make.files(DATA))
    return found.source.name if found.source else found.words


def test_a_condition_that_holds_wins_over_the_general_rule(make: Any) -> None:
    assert rule_of(make, make.user("好", "affirm"), make.action("utter_go_on")) == "Yes"
    said = (make.slot("awaiting", "more"), make.user("好", "affirm"), make.action("utter_what"))
    assert rule_of(make, *said) == "Yes to more"


def test_a_slot_set_on_the_way_is_part_of_the_rule(make: Any) -> None:
    begun = (make.slot("awaiting", "human"), make.user("好", "affirm"), make.action("action_handoff"))
    set_, bye = make.slot("awaiting", "nothing"), make.action("utter_bye")
    assert rule_of(make, *begun, set_, bye) == "Yes to a human"
    assert "no rule was found" in rule_of(make, *begun, bye)


def test_one_of_several_intents_and_the_second_action(make: Any) -> None:
    events = (make.user("很好", "praise"), make.action("utter_welcome"), make.action("action_ask_more"))
    assert rule_of(make, *events) == "Either"


def test_the_place_is_file_and_line(make: Any) -> None:
    conversation = make.conversation(make.user("谢谢", "thank"), make.action("utter_welcome"))
    found = reasons.why(conversation.turns[-1].decisions[0], conversation, make.files(DATA))
    assert found.source is not None and found.source.place == "data/all.yml:12"


def test_forms(make: Any) -> None:
    opened = (make.user("预约", "book"), make.action("day_form"), make.loop("day_form"))
    assert rule_of(make, *opened) == "Open the form"
    asked = (*opened, make.slot("requested_slot", "day"), make.action("action_listen"))
    filled = (*asked, make.user("明天", "inform"), make.action("day_form"))
    assert "the form day_form is open" in rule_of(make, *filled)
    closed = (*filled, make.slot("day", "1"), make.loop(None), make.slot("requested_slot", None))
    assert rule_of(make, *closed, make.action("action_book")) == "Submit the form"


def test_nothing_is_done(make: Any) -> None:
    events = (make.user("/ended", "ended"), make.action("action_listen"))
    assert rule_of(make, *events) == "Silence has an answer, the end has none"


def test_an_entity_that_the_rule_wants(make: Any) -> None:
    amount = {"entity": "amount", "value": 1}
    assert (
        rule_of(make, make.user("x", "fee", amount), make.action("action_amount")) == "A fee with an amount"
    )
    assert "no rule was found" in rule_of(make, make.user("x", "fee"), make.action("action_amount"))


def test_a_story_and_what_was_learned_from_stories(make: Any) -> None:
    start = (make.user("好", "greet"), make.action("utter_greet"), make.user("费", "fee"))
    assert rule_of(make, *start, make.action("action_fee", "policy_0_MemoizationPolicy")) == "A known path"
    learned = make.action("action_other", "TEDPolicy", 0.8)
    assert rule_of(make, *start, learned) == "learned from the stories"


def test_no_rule_fits(make: Any) -> None:
    events = (make.user("好", "nothing_like_it"), make.action("action_default_fallback", confidence=0.3))
    assert rule_of(make, *events).startswith("no rule fits this intent here")


def steps_of(path: Path) -> list[Any]:
    return [
        (story["story"], story["steps"])
        for story in yaml.safe_load(path.read_text(encoding="utf-8"))["stories"]
    ]


def events_of(make: Any, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for step in steps:
        if "intent" in step:
            events += [make.action("action_listen"), make.user(step.get("user", "x"), step["intent"])]
        if "action" in step:
            events.append(make.action(step["action"]))
        if "active_loop" in step:
            events.append(make.loop(step["active_loop"]))
        for slot in step.get("slot_was_set", []):
            events += [make.slot(name, value) for name, value in dict(slot).items()]
    return events


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/conversations").glob("test_*.yml")), ids=lambda p: p.stem
)
def test_every_decision_of_our_own_conversations_is_explained(make: Any, path: Path) -> None:
    """`rasa test` shows that the policies decide so; each decision must then have its rule or story."""
    files = written.read(ROOT)
    for name, steps in steps_of(path):
        conversation = Conversation()
        conversation.add(events_of(make, steps))
        for turn in conversation.turns:
            for decision in turn.decisions:
                found = reasons.why(decision, conversation, files)
                story = reasons._longest(
                    files.stories, conversation.history[: decision.at], reasons.State(turn.slots, ""),
                    decision.action, whole=False,
                )  # fmt: skip
                explained = found.source or story or "the form" in found.words
                assert explained, f"{name}: {turn.intent} -> {decision.action}: {found.words}"
