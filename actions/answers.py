"""Which answer belongs to which request, and which deed to which yes: the tables that join the topics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import account, appointments, conversation, orders, outbound, requests, services, tickets
from actions.clients.store import CrmUnavailable

Deed = Callable[[CollectingDispatcher, Tracker, dict[str, Any]], Awaitable[list[EventType]]]

REQUESTS: dict[str, requests.Answer] = {
    "balance": account.tell_balance,
    "bill": account.tell_bill,
    "dispute": account.explain_charge,
    "plan": services.tell_plan,
    "open_service": services.propose_service,
    "cancel_service": services.propose_service,
    "order": orders.tell_order,
    "logistics": orders.tell_logistics,
    **{kind: orders.propose_change for kind in orders.FIT},
    **appointments.ANSWERS,
    "fault": tickets.report_fault,
    "ticket": tickets.tell_ticket,
}
DEEDS: dict[str, Deed] = {
    "open_service": services.change,
    "cancel_service": services.change,
    **{kind: orders.change for kind in orders.FIT},
    **{kind: appointments.change for kind in appointments.ANSWERS},
}
ANSWERS_TO: dict[str, requests.Answer] = {
    "order": orders.take_answer,
    "address": orders.take_answer,
    "service": services.take_answer,
    "day": appointments.take_answer,
    "time": appointments.take_answer,
    "promise": outbound.promise,
    "score": outbound.rate,
}  # by what is awaited
CORRECTED_BY: dict[str, requests.Answer] = {
    "open_service": services.take_answer,
    "cancel_service": services.take_answer,
    **{kind: orders.take_answer for kind in orders.FIT},
    **{kind: appointments.take_answer for kind in appointments.ANSWERS},
}  # by the kind of what waits for a yes


class ActionConfirm(Action):
    """Yes to what was proposed: do it."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_confirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Nothing is pending afterwards."""
        pending = tracker.get_slot("pending") or {}
        deed = DEEDS.get(str(pending.get("kind")))
        if deed is None:
            return requests.ask_more(dispatcher)
        try:
            return [SlotSet("pending", None), *await deed(dispatcher, tracker, pending)]
        except CrmUnavailable:
            return requests.system_busy(dispatcher)


class ActionDecline(Action):
    """No to what was proposed: leave it, or take the value that came with the no."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_decline"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Nothing is pending afterwards."""
        if tracker.latest_message.get("entities"):
            return await correct(dispatcher, tracker)
        dispatcher.utter_message(response="utter_left_as_it_is")
        return [SlotSet("pending", None), *requests.ask_more(dispatcher)]


async def answer_request(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Answer what was asked before; the identity is known."""
    answer = REQUESTS.get(str(tracker.get_slot("request")))
    if answer is None:
        return requests.ask_more(dispatcher)
    return await requests.given(answer, dispatcher, tracker)


async def take_value(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """A value that the last question asked for, or None when it asked for none of these."""
    awaited = conversation.awaiting(tracker)
    if awaited == "confirm":
        return await correct(dispatcher, tracker)
    answer = ANSWERS_TO.get(awaited)
    return None if answer is None else await requests.given(answer, dispatcher, tracker)


async def correct(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Another value for what was proposed: it is proposed again."""
    kind = str((tracker.get_slot("pending") or {}).get("kind"))
    answer = CORRECTED_BY.get(kind)
    if answer is None:
        return requests.ask_more(dispatcher)
    return await requests.given(answer, dispatcher, tracker)
