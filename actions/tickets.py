"""Complaints and faults, which become tickets, and what became of them."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, call_end, conversation, going_on, knowledge, requests
from actions.clients import deeds
from actions.clients.store import CrmUnavailable

LONGEST = 200  # characters of what was said that a ticket keeps
ASKED_ABOUT = "客户来电询问进度"  # so that whoever sees to it knows that somebody waits


class ActionComplain(Action):
    """Record the complaint, beside an earlier one that is open, apologise, offer a human."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_complain"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A yes leads to a human from here; without the CRM the ticket waits in the outbox."""
        if await knowledge.answered_first(dispatcher, tracker):  # 投诉几天有结果
            return going_on.end_turn(dispatcher, tracker)
        return await requests.given(_complain, dispatcher, tracker)


async def _complain(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    words, customer_id = conversation.text(tracker)[:LONGEST], tracker.get_slot("customer_id")
    if not await _added(tracker, customer_id, words):
        await _open(tracker, "complaint", words)
    return [*requests.offer_human(dispatcher, "utter_sorry"), *requests.set_aside(tracker)]


async def report_fault(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The ticket is open at once; a technician comes only when the customer wants one."""
    matter = str(tracker.get_slot("matter") or "")
    await _open(tracker, "fault", matter)
    dispatcher.utter_message(response="utter_fault_recorded")
    dispatcher.utter_message(response="utter_offer_visit")
    return [conversation.await_answer("visit")]


async def tell_ticket(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The state of the newest ticket, on which it is noted that the customer asked."""
    customer_id = tracker.get_slot("customer_id")
    ticket = await backends.ask(lambda: backends.tickets().latest(customer_id))
    if ticket is None:
        dispatcher.utter_message(response="utter_no_ticket")
    else:
        dispatcher.utter_message(response=f"utter_ticket_{ticket.state}", day=requests.spoken_day(ticket.day))
    if ticket is not None and ticket.state != "done":
        await call_end.keep(deeds.note(tracker.sender_id, ticket.number, ASKED_ABOUT))
    return []


async def _added(tracker: Tracker, customer_id: str | None, words: str) -> bool:
    """Whether the words stand beside an earlier complaint. Without the CRM nobody knows of one: a second
    ticket is better than none."""
    if not customer_id:
        return False
    try:
        before = await backends.ask(lambda: backends.tickets().unfinished(customer_id))
        number = next((ticket.number for ticket in before if ticket.kind == "complaint"), None)
        if number is None:
            return False
        return await backends.ask(lambda: backends.tickets().add_note(number, tracker.sender_id, words))
    except CrmUnavailable:
        return False


async def _open(tracker: Tracker, kind: str, about: str) -> None:
    """What the caller is told to be recorded is in the CRM or on our disk."""
    await backends.keep(deeds.ticket(tracker.sender_id, tracker.get_slot("customer_id"), kind, about))
