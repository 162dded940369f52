"""The plan that a customer has, and opening and cancelling services."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, requests


class ActionQueryPlan(Action):
    """Which plan and services the customer has."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_plan"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        return await requests.take_up(dispatcher, tracker, {"request": "plan"}, tell_plan)


class ActionChangeService(Action):
    """Open or cancel a service, whichever the intent says."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_change_service"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request, and the question whether to do it."""
        kind = conversation.intent(tracker)
        if (
            conversation.awaiting(tracker) == "service"
        ):  # 彩铃, after 您要取消哪项: the question says what to do
            kind = str(tracker.get_slot("request") or kind)
        slots = {"request": kind, "service": _service(tracker)}
        return await requests.take_up(dispatcher, tracker, slots, propose_service)


async def tell_plan(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The names that the CRM has."""
    customer = await backends.customer(tracker.get_slot("customer_id"))
    if not customer.products:
        dispatcher.utter_message(response="utter_no_plan")
    else:
        dispatcher.utter_message(response="utter_plan", plan="，".join(customer.products))
    return requests.ask_more(dispatcher)


async def propose_service(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Ask which service, then whether to open or cancel it; what somebody has is not opened again."""
    kind, service = str(tracker.get_slot("request")), tracker.get_slot("service")
    if not service:
        dispatcher.utter_message(response=f"utter_ask_{kind}")
        return [conversation.await_answer("service")]
    customer_id = tracker.get_slot("customer_id")
    customer = await backends.ask(lambda: backends.crm().customer(customer_id))
    owned = next((name for name in customer.products if service in name), None) if customer else None
    if kind == "open_service" and owned:
        dispatcher.utter_message(response="utter_service_is_open", service=owned)
        return requests.ask_more(dispatcher)
    pending = {"kind": kind, "service": owned or service}
    return requests.propose(dispatcher, f"utter_confirm_{kind}", pending, service=owned or service)


async def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """A service that was asked for, or one that corrects what was proposed."""
    service = _service(tracker) or conversation.text(tracker).strip("，。！ ")
    return await requests.take_up(dispatcher, tracker, {"service": service}, propose_service)


async def change(
    dispatcher: CollectingDispatcher, tracker: Tracker, pending: dict[str, Any]
) -> list[EventType]:
    """A ticket for the colleagues who switch it, now that there was a yes."""
    customer_id = tracker.get_slot("customer_id")
    kind, service = pending["kind"], pending["service"]
    await backends.ask(lambda: backends.tickets().open(tracker.sender_id, customer_id, kind, service))
    dispatcher.utter_message(response=f"utter_{kind}_done", service=service)
    return requests.ask_more(dispatcher)


def _service(tracker: Tracker) -> str | None:
    found = conversation.entity(tracker, "service")
    return str(found) if found else None
