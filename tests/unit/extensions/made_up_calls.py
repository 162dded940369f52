"""A small domain, and events as calls bring them, for tests of the patches."""

from __future__ import annotations

import random

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    DefinePrevUserUtteredFeaturization,
    Event,
    Restarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [ask, affirm, deny]
slots:
  awaiting: {type: categorical, values: [refund, more], mappings: [{type: custom}]}
  order: {type: bool, mappings: [{type: custom}]}
actions: [action_a, action_b]
forms:
  some_form: {required_slots: []}
"""
)


def conversation(chance: random.Random, turns: int) -> list[Event]:
    """Events as a call brings them: turns that are undone, loops, slots, hidden turns, a restart now and
    then."""
    events: list[Event] = [ActionExecuted("action_listen")]
    for _ in range(turns):
        events.append(
            UserUttered("好", {"name": chance.choice(["ask", "affirm", "deny"]), "confidence": 1.0})
        )
        if chance.random() < 0.5:
            events.append(SlotSet("awaiting", chance.choice(["refund", "more", None])))
        events.append(DefinePrevUserUtteredFeaturization(chance.random() < 0.2))
        for _ in range(chance.randint(1, 3)):
            hidden = chance.random() < 0.3
            events.append(
                ActionExecuted(chance.choice(["action_a", "action_b", "some_form"]), hide_rule_turn=hidden)
            )
            if chance.random() < 0.3:
                events.append(SlotSet("order", chance.choice([True, False])))
            if chance.random() < 0.2:
                events.append(ActiveLoop(chance.choice(["some_form", None])))
        events.append(ActionExecuted("action_listen"))
        undone = chance.random()
        if undone < 0.1:
            events.append(UserUtteranceReverted())
        elif undone < 0.15:
            events.append(ActionReverted())
        elif undone < 0.18:
            events += [Restarted(), ActionExecuted("action_listen")]
    return events
