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


class ActionReportFault(Action):
    """Record a fault; the next question is whether somebody shall come."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_report_fault"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        slots = {"request": "fault", "matter": conversation.text(tracker)[:LONGEST]}
        return await requests.take_up(dispatcher, tracker, slots, report_fault)


class ActionQueryTicket(Action):
    """What became of the last ticket."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_ticket"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        return await requests.take_up(dispatcher, tracker, {"request": "ticket"}, tell_ticket)


async def _complain(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    await _open(tracker, "complaint", conversation.text(tracker)[:LONGEST])
    return requests.offer_human(dispatcher, "utter_sorry")


async def report_fault(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The ticket is open at once; a technician comes only when the customer wants one."""
    matter = str(tracker.get_slot("matter") or "")
    await _open(tracker, "fault", matter)
    pending = {"kind": "book_appointment", "what": "维修"}
    return requests.propose(dispatcher, "utter_fault_recorded", pending)


async def tell_ticket(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The state of the newest ticket."""
    customer_id = tracker.get_slot("customer_id")
    ticket = await backends.ask(lambda: backends.tickets().latest(customer_id))
    if ticket is None:
        dispatcher.utter_message(response="utter_no_ticket")
        return requests.ask_more(dispatcher)
    dispatcher.utter_message(response=f"utter_ticket_{ticket.state}", day=requests.spoken_day(ticket.day))
    return requests.ask_more(dispatcher)


async def _open(tracker: Tracker, kind: str, about: str) -> None:
    customer_id = tracker.get_slot("customer_id")
    await backends.ask(lambda: backends.tickets().open(tracker.sender_id, customer_id, kind, about))
