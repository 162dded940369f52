"""Complaints and faults, which become tickets, and what became of them."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, requests

LONGEST = 200  # characters of what was said that a ticket keeps


class ActionComplain(Action):
    """Record the complaint, apologise, offer a human."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_complain"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A yes leads to a human from here; without the CRM the human hears it all."""
        return await requests.given(_complain, dispatcher, tracker)


async def _complain(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    await _open(tracker, "complaint", conversation.text(tracker)[:LONGEST])
    return [*requests.offer_human(dispatcher, "utter_sorry"), *requests.set_aside(tracker)]


async def report_fault(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The ticket is open at once; a technician comes only when the customer wants one."""
    matter = str(tracker.get_slot("matter") or "")
    await _open(tracker, "fault", matter)
    dispatcher.utter_message(response="utter_fault_recorded")
    dispatcher.utter_message(response="utter_offer_visit")
    return [conversation.await_answer("visit")]


async def tell_ticket(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The state of the newest ticket."""
    customer_id = tracker.get_slot("customer_id")
    ticket = await backends.ask(lambda: backends.tickets().latest(customer_id))
    if ticket is None:
        dispatcher.utter_message(response="utter_no_ticket")
    else:
        dispatcher.utter_message(response=f"utter_ticket_{ticket.state}", day=requests.spoken_day(ticket.day))
    return []


async def _open(tracker: Tracker, kind: str, about: str) -> None:
    customer_id = tracker.get_slot("customer_id")
    await backends.ask(lambda: backends.tickets().open(tracker.sender_id, customer_id, kind, about))
