"""The plan that a customer has, and opening and cancelling services."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, requests
from actions.clients import deeds
from actions.forms import RequestForm, confirmation
from actions.requests import Ended


class ValidateServiceForm(RequestForm):
    """Which service, and a yes; what somebody has is not opened again."""

    form = "service_form"
    slots = ("service", "confirmed")

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """The service, then the yes."""
        kind, service = str(tracker.get_slot("request")), str(tracker.get_slot("service") or "")
        if not service:
            return "service"
        if confirmation(tracker, fresh) is not None:
            return None
        customer = await backends.customer(tracker.get_slot("customer_id"))
        owned = next((name for name in customer.products if service in name), None)
        if kind == "open_service" and owned:
            dispatcher.utter_message(response="utter_service_is_open", service=owned)
            raise Ended
        tracker.slots["service"] = owned or service
        dispatcher.utter_message(response=f"utter_confirm_{kind}", service=owned or service)
        return "confirmed"


class ActionFinishService(Action):
    """A ticket for the colleagues who switch it, if there was a yes."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_finish_service"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A human is offered while the CRM is away."""
        return await requests.finish(dispatcher, tracker, change)


async def tell_plan(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The names that the CRM has."""
    customer = await backends.customer(tracker.get_slot("customer_id"))
    if not customer.products:
        dispatcher.utter_message(response="utter_no_plan")
    else:
        dispatcher.utter_message(response="utter_plan", plan="，".join(customer.products))
    return []


async def change(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Write it."""
    customer_id = tracker.get_slot("customer_id")
    kind, service = str(tracker.get_slot("request")), str(tracker.get_slot("service"))
    await backends.keep(deeds.ticket(tracker.sender_id, customer_id, kind, service))
    dispatcher.utter_message(response=f"utter_{kind}_done", service=service)
    return []
