"""Turns that are about the conversation itself: silence, keypad, not understood, plain values, hanging up."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet, UserUtteranceReverted
from rasa_sdk.executor import CollectingDispatcher

from actions import account, answers, conversation, going_on, handoff, identity, knowledge, requests

FAILURES_BEFORE_CHOICES = 1
FAILURES_BEFORE_HUMAN = 2
LEAST_FOR_A_READING = 0.1  # of confidence: below it nobody meant that


class ActionSilence(Action):
    """Nobody spoke: ask twice, then say goodbye."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_silence"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The gateway counts; what is awaited stays awaited. The second time a form asks again."""
        count = int(conversation.entity(tracker, "count") or 1)
        if count >= 3:
            dispatcher.utter_message(response="utter_silence_goodbye")
            return requests.hang_up(dispatcher, tracker, "silence")
        if count <= 1:
            dispatcher.utter_message(response="utter_silence_first")
            return going_on.keep_quiet(tracker)
        opened = conversation.open_form(tracker)
        dispatcher.utter_message(response="utter_not_heard" if opened else "utter_silence_second")
        return []


class ActionKeypad(Action):
    """Digits were keyed in that no form asked for: 0 is a human."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_keypad"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with what is open."""
        if str(conversation.entity(tracker, "digits")) == "0":
            dispatcher.utter_message(response="utter_handoff")
            return await handoff.hand_over(dispatcher, tracker, "requested")
        identity.incomplete(dispatcher, tracker)
        if not conversation.open_form(tracker):
            dispatcher.utter_message(response="utter_choices")
        return []


class ActionInform(Action):
    """A bare value that no form took: a correction of what was told, or of no use."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Events of the request that the value corrects."""
        if conversation.open_form(tracker):
            return await _nothing_for_form(dispatcher, tracker)
        taken = await answers.take_value(dispatcher, tracker)
        if taken is not None:
            return taken
        dispatcher.utter_message(response="utter_rephrase")
        return [conversation.failed(tracker)]


async def _nothing_for_form(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The form asks again; after a few times a human takes over."""
    if tracker.get_slot("requested_slot") == "confirmed":
        meant = conversation.yes_or_no(conversation.text(tracker), requests.ECHO["confirmed"])
        if meant is not None:
            return [SlotSet("confirmed", meant)]
    if conversation.failures_in_a_row(tracker.events) >= FAILURES_BEFORE_HUMAN:
        dispatcher.utter_message(response="utter_handoff_not_understood")
        return await handoff.hand_over(dispatcher, tracker, "not_understood")
    if conversation.leaves_it(conversation.text(tracker)):
        return await answers.ActionDeny().run(dispatcher, tracker, {})
    asks_for_digits = tracker.get_slot("requested_slot") in identity.SLOTS
    if asks_for_digits and conversation.has_digits(tracker):
        dispatcher.utter_message(response="utter_id_incomplete")
    else:
        dispatcher.utter_message(response="utter_not_clear")
    return [conversation.failed(tracker)]


class ActionNotUnderstood(Action):
    """Not understood, or nothing that we do: an article, else rephrase, then choices, then a human."""

    def name(self) -> str:
        """Rasa's name."""
        return conversation.NOT_UNDERSTOOD

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with what is open."""
        if await knowledge.answered(dispatcher, tracker):
            return []
        if conversation.open_form(tracker):
            return await _nothing_for_form(dispatcher, tracker)
        awaited = conversation.awaiting(tracker)
        if awaited in requests.QUESTIONS:
            meant = conversation.yes_or_no(conversation.text(tracker), requests.ECHO[awaited])
            if meant is not None:
                answer = answers.ActionAffirm() if meant else answers.ActionDeny()
                return await answer.run(dispatcher, tracker, domain)
        if account.is_that_charge_back(tracker):
            return await requests.given(account.open_refund, dispatcher, tracker)
        failures = conversation.failures_in_a_row(tracker.events)
        if failures >= FAILURES_BEFORE_HUMAN:
            dispatcher.utter_message(response="utter_handoff_not_understood")
            return await handoff.hand_over(dispatcher, tracker, "not_understood")
        if conversation.intent(tracker) == "out_of_scope":
            dispatcher.utter_message(response="utter_out_of_scope")
        elif failures >= FAILURES_BEFORE_CHOICES:
            dispatcher.utter_message(response="utter_choices")
        elif readings := _two_readings(tracker, domain):
            dispatcher.utter_message(response="utter_clarify", first=readings[0], second=readings[1])
        else:
            dispatcher.utter_message(response="utter_rephrase")
        return [conversation.failed(tracker)]


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
        """An open form asks no more."""
        return requests.hang_up(dispatcher, tracker, "goodbye")


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
