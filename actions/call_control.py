"""Turns that are about the conversation itself: silence, keypad, not understood, plain values, hanging up."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, UserUtteranceReverted
from rasa_sdk.executor import CollectingDispatcher

from actions import account, answers, conversation, handoff, identity, requests

FAILURES_BEFORE_CHOICES = 1
FAILURES_BEFORE_HUMAN = 2
LEAST_FOR_A_READING = 0.1  # of confidence: below it nobody meant that
TAKEN_AS_SAID = (
    "address",
    "service",
    "day",
    "time",
    "order",
)  # whatever is said after these questions may be it


class ActionSilence(Action):
    """Nobody spoke: ask twice, then say goodbye."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_silence"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The gateway counts; what is awaited stays awaited."""
        count = int(conversation.entity(tracker, "count") or 1)
        if count >= 3:
            dispatcher.utter_message(response="utter_silence_goodbye")
            requests.hang_up(dispatcher, "silence")
        else:
            dispatcher.utter_message(response="utter_silence_first" if count <= 1 else "utter_silence_second")
        return []


class ActionKeypad(Action):
    """Digits were keyed in: 0 is a human, others answer the question."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_keypad"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Events of whatever the digits mean."""
        if str(conversation.entity(tracker, "digits")) == "0":
            dispatcher.utter_message(response="utter_handoff")
            return await handoff.hand_over(dispatcher, tracker, "requested")
        if conversation.awaiting(tracker) in ("id_last4", "phone"):
            return await identity.verify(dispatcher, tracker)
        dispatcher.utter_message(response="utter_choices")
        return []


class ActionInform(Action):
    """A bare value: what it means depends on what was asked or talked about."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Events of the request that the value corrects or completes."""
        if conversation.awaiting(tracker) in ("id_last4", "phone"):
            return await identity.verify(dispatcher, tracker)
        taken = await answers.take_value(dispatcher, tracker)
        if taken is not None:
            return taken
        disputes = tracker.get_slot("request") == "dispute"
        if disputes and conversation.amount_cents(tracker) is not None:
            return await account.ActionFeeDispute().run(dispatcher, tracker, domain)
        if conversation.entity(tracker, "date") and tracker.get_slot("request") in ("bill", "dispute"):
            return await account.ActionQueryBill().run(dispatcher, tracker, domain)
        dispatcher.utter_message(response="utter_rephrase")
        return []


class ActionNotUnderstood(Action):
    """Not understood, or nothing that we do: rephrase, then offer choices, then a human."""

    def name(self) -> str:
        """Rasa's name."""
        return conversation.NOT_UNDERSTOOD

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Digits that were asked for count even when the words around them were not understood."""
        waits_for_digits = conversation.awaiting(tracker) in ("id_last4", "phone")
        if waits_for_digits and conversation.has_digits(tracker):
            return await identity.verify(dispatcher, tracker)
        if conversation.awaiting(tracker) in TAKEN_AS_SAID:
            taken = await answers.take_value(dispatcher, tracker)
            if taken is not None:
                return taken
        failures = conversation.failures_in_a_row(tracker.events)
        if failures >= FAILURES_BEFORE_HUMAN:
            dispatcher.utter_message(response="utter_handoff_not_understood")
            return await handoff.hand_over(dispatcher, tracker, "not_understood")
        if conversation.intent(tracker) == "out_of_scope":
            dispatcher.utter_message(response="utter_out_of_scope")
        elif failures >= FAILURES_BEFORE_CHOICES:
            dispatcher.utter_message(response="utter_choices")
        elif not waits_for_digits and (readings := _two_readings(tracker, domain)):
            dispatcher.utter_message(response="utter_clarify", first=readings[0], second=readings[1])
        else:
            dispatcher.utter_message(response="utter_id_incomplete" if waits_for_digits else "utter_rephrase")
        return []


def _two_readings(tracker: Tracker, domain: dict[str, Any]) -> tuple[str, str] | None:
    """What the two likeliest intents are called (utter_name_...), when both have a name and a chance."""
    ranking = tracker.latest_message.get("intent_ranking") or []
    likely = [x for x in ranking if x.get("name") != "nlu_fallback"][:2]
    names = []
    for intent in likely:
        known = (domain.get("responses") or {}).get(f"utter_name_{intent['name']}")
        if known and float(intent.get("confidence") or 0) >= LEAST_FOR_A_READING:
            names.append(str(known[0]["text"]))
    return (names[0], names[1]) if len(names) == 2 else None


class ActionHangUp(Action):
    """End the call once everything has been said."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_hang_up"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """No events."""
        requests.hang_up(dispatcher, "goodbye")
        return []


class ActionDefaultFallback(Action):
    """No rule fits, which a missing rule alone can cause: say something and forget the turn."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_default_fallback"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The turn is taken back, so that the dialogue stands where it stood."""
        dispatcher.utter_message(response="utter_rephrase")
        return [UserUtteranceReverted()]
