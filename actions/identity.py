"""Identity: the last four digits of the ID before anything personal is said."""

from __future__ import annotations

import hmac
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import answers, backends, conversation, handoff, hotwords, requests
from actions.clients.store import CrmUnavailable

MAX_ATTEMPTS = 3
PHONE_DIGITS = 11
ID_DIGITS = 4


class ActionVerifyIdentity(Action):
    """Check the digits, then answer what was asked before."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_verify_identity"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the outcome."""
        return await verify(dispatcher, tracker)


async def verify(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Check the digits of the latest message; ask for them when there are none."""
    phone = conversation.digits(tracker, PHONE_DIGITS)
    if not tracker.get_slot("customer_id"):
        return await _identify_by_phone(dispatcher, phone)
    given = conversation.digits(tracker, ID_DIGITS)
    if tracker.get_slot("identity_verified"):
        return await answers.answer_request(dispatcher, tracker)
    if given is None:
        again = conversation.has_digits(tracker)
        dispatcher.utter_message(response="utter_id_incomplete" if again else "utter_ask_id_last4")
        return [conversation.await_answer("id_last4")]
    try:
        customer_id = tracker.get_slot("customer_id")
        customer = await backends.ask(lambda: backends.crm().customer(customer_id))
    except CrmUnavailable:
        return requests.system_busy(dispatcher)
    if customer and hmac.compare_digest(given, customer.id_last4.upper()):
        dispatcher.utter_message(response="utter_identity_verified")
        return [SlotSet("identity_verified", True), *await answers.answer_request(dispatcher, tracker)]
    return await _wrong_digits(dispatcher, tracker)


async def _wrong_digits(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    attempts = int(tracker.get_slot("identity_attempts") or 0) + 1
    if attempts >= MAX_ATTEMPTS:
        dispatcher.utter_message(response="utter_identity_failed")
        return await handoff.hand_over(dispatcher, tracker, "identity_failed")
    dispatcher.utter_message(response="utter_id_wrong")
    return [SlotSet("identity_attempts", attempts), conversation.await_answer("id_last4")]


async def _identify_by_phone(dispatcher: CollectingDispatcher, phone: str | None) -> list[EventType]:
    """The number that calls is not a customer's: ask for the customer's own."""
    if phone is None:
        dispatcher.utter_message(response="utter_ask_phone")
        return [conversation.await_answer("phone")]
    try:
        customer = await backends.ask(lambda: backends.crm().customer_by_number(phone))
    except CrmUnavailable:
        return requests.system_busy(dispatcher)
    if customer is None:
        dispatcher.utter_message(response="utter_phone_unknown")
        return [conversation.await_answer("phone")]
    hotwords.send(dispatcher, hotwords.of_customer(customer))
    dispatcher.utter_message(response="utter_ask_id_last4")
    slots = {"customer_id": customer.id, "customer_title": customer.title, "customer_known": True}
    return [*(SlotSet(key, value) for key, value in slots.items()), conversation.await_answer("id_last4")]
