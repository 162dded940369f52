"""What a customer makes of being called: recorded, because campaigns go by it, and answered.

Whether somebody may be called again is decided elsewhere; here the word is taken down. A word that cannot be
written is not lost: the channel's record of the call holds it too.
"""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, requests
from actions.clients.store import CrmUnavailable

logger = logging.getLogger(__name__)

LOWEST, HIGHEST = 0, 10
PROMISE = ("date", "amount")


class ActionRecordOutcome(Action):
    """Take down what the intent says: interested, call_later, wrong_person, already_paid, opt_out ..."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_record_outcome"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with what is said."""
        what = conversation.intent(tracker)
        value = {name: conversation.entity(tracker, name) for name in (*PROMISE, "time")}
        await _record(tracker, what, {name: said for name, said in value.items() if said is not None} or True)
        return []


class ActionPromiseToPay(Action):
    """A promise is a day: asked for when it was not said, and read back."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_promise_to_pay"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """What is awaited next."""
        return await promise(dispatcher, tracker)


class ActionRateService(Action):
    """A score from 0 to 10, or the question for one."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_rate_service"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """What is awaited next."""
        return await rate(dispatcher, tracker)


async def promise(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Record the day that was promised."""
    day = conversation.entity(tracker, "date")
    if not day:
        dispatcher.utter_message(response="utter_ask_promise")
        return [conversation.await_answer("promise")]
    value = {name: conversation.entity(tracker, name) for name in PROMISE}
    await _record(tracker, "promise_to_pay", {name: said for name, said in value.items() if said is not None})
    dispatcher.utter_message(response="utter_promise_recorded", day=_spoken(str(day)))
    return [conversation.await_answer("more")]


async def rate(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Record the score."""
    score = conversation.entity(tracker, "score")
    if score is None:
        score = conversation.entity(tracker, "number")
    if not isinstance(score, (int, float)) or not LOWEST <= score <= HIGHEST:
        await _record(tracker, "rating_in_words", conversation.text(tracker)[:100])
        dispatcher.utter_message(response="utter_ask_score")
        return [conversation.await_answer("score")]
    await _record(tracker, "score", score)
    dispatcher.utter_message(response="utter_thank_for_score")
    return [conversation.await_answer("more")]


class ActionAbuse(Action):
    """Warn once, then end the call; with a human in reach for who is angry and not abusive."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_abuse"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A yes to the offer leads to a human."""
        earlier = sum(1 for event in tracker.events if event.get("name") == self.name())
        if earlier:
            dispatcher.utter_message(response="utter_abuse_goodbye")
            requests.hang_up(dispatcher, "abuse")
            return []
        dispatcher.utter_message(response="utter_abuse_warning")
        return [conversation.await_answer("human")]


async def _record(tracker: Tracker, what: str, value: Any) -> None:
    number = str(conversation.call(tracker).get("customer_number") or "")
    customer_id = tracker.get_slot("customer_id")
    try:
        await backends.ask(
            lambda: backends.tickets().record(tracker.sender_id, customer_id, number, what, value)
        )
    except CrmUnavailable as error:
        logger.error("call %s: the outcome %s could not be recorded: %s", tracker.sender_id, what, error)


def _spoken(day: str) -> str:
    """2026-11-03 -> 11月3日; a month stays a month."""
    parts = [int(part) for part in day.split("-")[1:] if part.isdigit()]
    return "".join(f"{part}{unit}" for part, unit in zip(parts, "月日", strict=False)) or day
