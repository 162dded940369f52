"""Start, resumption and end of a call."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, EventType, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, hotwords, profile
from actions.clients.store import CrmUnavailable

logger = logging.getLogger(__name__)

SLOWER_RATE, LOUDER = 0.8, "+6dB"


class ActionSessionStart(Action):
    """Find the customer by number before the first prompt; without an answer in time the call goes on."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots about the customer."""
        metadata = tracker.get_slot("session_started_metadata") or {}
        about = metadata.get("call") or {}
        number = str(about.get("customer_number") or "")
        events: list[EventType] = [
            SessionStarted(),
            SlotSet("call_id", about.get("call_id") or tracker.sender_id),
        ]
        known = None
        if number:
            try:
                known = await backends.ask(
                    lambda: backends.crm().profile(number), backends.before_greeting_seconds()
                )
            except CrmUnavailable as error:
                logger.warning("call %s starts without customer data: %s", tracker.sender_id, error)
        if known:
            customer = known.customer
            hotwords.send(dispatcher, hotwords.of_customer(customer))
            events += [SlotSet("customer_id", customer.id), SlotSet("customer_title", customer.title)]
            events += [SlotSet("customer_profile", profile.slot(known))]
        events += [SlotSet("customer_known", known is not None), ActionExecuted("action_listen")]
        return events


class ActionCallResumed(Action):
    """The line to us was lost and is back: no second greeting, only what we were waiting for."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_call_resumed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Listening hints of the last question, or the greeting when there is no conversation to resume."""
        await _send_hotwords_again(dispatcher, tracker)
        said = conversation.last_bot_turn(tracker.events)
        if not said:
            dispatcher.utter_message(response="utter_disclosure")
            dispatcher.utter_message(response="utter_how_can_help")
            return []
        listen = next((found for event in said[::-1] if (found := _listen(event))), None)
        if listen:
            dispatcher.utter_message(json_message={"type": "listen", **listen})
        return []


class ActionRepeat(Action):
    """Say the last turn again."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_repeat"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The sentences as they were, with their listening hints."""
        return _say_again(dispatcher, tracker, {})


class ActionSlower(Action):
    """Say the last turn again, slower."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_slower"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The sentences as they were, with their listening hints."""
        return _say_again(dispatcher, tracker, {"rate": SLOWER_RATE})


class ActionLouder(Action):
    """Say the last turn again, louder."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_louder"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The sentences as they were, with their listening hints."""
        return _say_again(dispatcher, tracker, {"volume": LOUDER})


def _say_again(dispatcher: CollectingDispatcher, tracker: Tracker, how: dict[str, Any]) -> list[EventType]:
    said = conversation.last_bot_turn(tracker.events)
    for event in said:
        dispatcher.utter_message(text=event["text"], metadata={"listen": _listen(event), **how})
    if not said:
        dispatcher.utter_message(response="utter_how_can_help")
    return []


async def _send_hotwords_again(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """Another worker may have taken the call over, which knows none."""
    customer_id = tracker.get_slot("customer_id")
    if not customer_id:
        return
    try:
        customer = await backends.ask(
            lambda: backends.crm().customer(customer_id), backends.before_greeting_seconds()
        )
    except CrmUnavailable as error:
        logger.warning("call %s goes on without the customer's words: %s", tracker.sender_id, error)
        return
    if customer:
        hotwords.send(dispatcher, hotwords.of_customer(customer))


def _listen(event: dict[str, Any]) -> dict[str, Any] | None:
    listen = ((event.get("metadata") or {}).get("metadata") or {}).get("listen")
    return listen if isinstance(listen, dict) else None
