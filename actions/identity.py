"""Identity: the last four digits of the ID before anything personal is said."""

from __future__ import annotations

import hmac
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, going_on, handoff, hotwords, knowledge, profile, requests

MAX_ATTEMPTS = 3
PHONE_DIGITS = 11
ID_DIGITS = 4
SLOTS = ("phone", "id_last4")


class ActionVerifyIdentity(Action):
    """The customer speaks of the identity, without digits that can be used: say what was missing."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_verify_identity"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with the question."""
        if await knowledge.answered_first(dispatcher, tracker):
            return going_on.end_turn(dispatcher, tracker)
        if conversation.open_form(tracker):
            incomplete(dispatcher, tracker)
        elif tracker.get_slot("identity_verified"):
            dispatcher.utter_message(response="utter_identity_known")
        else:
            dispatcher.utter_message(response="utter_what_for")
        return []


def incomplete(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """Say that there were too few or too many digits, when there were any and they were asked for."""
    if tracker.get_slot("requested_slot") in SLOTS and conversation.has_digits(tracker):
        dispatcher.utter_message(response="utter_id_incomplete")


def given(tracker: Tracker) -> bool:
    """Whether this turn holds digits of the length that is asked for."""
    length = ID_DIGITS if tracker.get_slot("customer_id") else PHONE_DIGITS
    return conversation.digits(tracker, length) is not None


async def check(dispatcher: CollectingDispatcher, tracker: Tracker) -> str | None:
    """The slot to ask for, or None once the customer is known. What was found stands in `tracker.slots`.

    Raises Ended after too many wrong digits, CrmUnavailable.
    """
    if not tracker.get_slot("customer_id") and not await _found_by_phone(dispatcher, tracker):
        return "phone"
    digits = _digits(tracker)
    if digits is None:
        return "id_last4"
    customer = await backends.customer(tracker.get_slot("customer_id"))
    if hmac.compare_digest(digits, customer.id_last4.upper()):
        dispatcher.utter_message(response="utter_identity_verified")
        tracker.slots["identity_verified"] = True
        return None
    await _wrong_digits(dispatcher, tracker)
    return "id_last4"


def _digits(tracker: Tracker) -> str | None:
    """Four digits count when they were asked for, or called by their name."""
    asked = tracker.get_slot("requested_slot") == "id_last4"
    if not asked and conversation.entity(tracker, "id_last4") is None:
        return None
    return conversation.digits(tracker, ID_DIGITS)


async def _wrong_digits(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    attempts = int(tracker.get_slot("identity_attempts") or 0) + 1
    tracker.slots["identity_attempts"] = attempts
    if attempts >= MAX_ATTEMPTS:
        dispatcher.utter_message(response="utter_identity_failed")
        raise requests.Ended(await handoff.hand_over(dispatcher, tracker, "identity_failed"))
    dispatcher.utter_message(response="utter_id_wrong")


async def _found_by_phone(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Whether the number that was said is a customer's, or the one that calls, should the CRM have been too
    late for the greeting: nobody is asked for what we know."""
    said = conversation.digits(tracker, PHONE_DIGITS)
    asked = tracker.get_slot("requested_slot") == "phone"
    phone = said or ("" if asked else str(conversation.call(tracker).get("customer_number") or ""))
    if not phone:
        return False
    known = await backends.ask(lambda: backends.crm().profile(phone))
    if known is None:
        if said:
            dispatcher.utter_message(response="utter_phone_unknown")
        return False
    customer = known.customer
    hotwords.send(dispatcher, hotwords.of_customer(customer))
    tracker.slots.update(customer_id=customer.id, customer_title=customer.title, customer_known=True)
    tracker.slots["customer_profile"] = profile.slot(known)
    return True
