"""What is known of the customer before the first prompt: slot `customer_profile`, and its news. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.clients.crm import Profile


def slot(profile: Profile) -> dict[str, Any]:
    """The slot's value: `orders`, `tickets`, `last_call`. Personal: nothing of it may be said before the
    identity is known, and the title is a slot of its own."""
    orders = [
        {
            "number": order.number,
            "item": order.item,
            "state": order.state,
            "courier": order.shipment.courier if order.shipment else None,
            "due": order.shipment.due.isoformat() if order.shipment else None,
        }
        for order in profile.orders
    ]
    tickets = [
        {"number": t.number, "kind": t.kind, "about": t.about, "state": t.state, "day": t.day.isoformat()}
        for t in profile.tickets
    ]
    last = profile.last_call
    past = last and {"day": last.day.isoformat(), "outcome": last.outcome, "summary": last.summary}
    return {"orders": orders, "tickets": tickets, "last_call": past}


def tell_news(dispatcher: CollectingDispatcher, tracker: Tracker, today: date) -> list[EventType]:
    """After an answer, when the identity is known: what the customer has not asked about, once in a call."""
    known = tracker.get_slot("customer_profile")
    told = news(known, today)
    if told is None or not tracker.get_slot("identity_verified"):
        return []
    dispatcher.utter_message(response="utter_news_parcel", **told)
    return [SlotSet("customer_profile", {**known, "news_told": True})]


def news(value: Mapping[str, Any] | None, today: date) -> dict[str, str] | None:
    """The parcel that comes today, unless it has been told: values of utter_news_parcel."""
    if not value or value.get("news_told"):
        return None
    for order in value.get("orders") or ():
        if order["state"] == "shipped" and order["due"] == today.isoformat():
            return {"item": order["item"], "courier": order["courier"]}
    return None
