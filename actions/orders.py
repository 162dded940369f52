"""Orders: where they are, and cancelling, sending elsewhere, giving back. Nothing changes before a yes."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, hotwords, requests
from actions.clients.orders import OPEN, Order
from actions.clients.store import CrmUnavailable
from actions.forms import RequestForm, confirmation
from actions.requests import Ended

SHORTEST_ADDRESS = 4  # characters
FIT = {
    "cancel_order": OPEN,
    "change_address": OPEN,
    "return_goods": ("delivered",),
    "exchange_goods": ("delivered",),
}  # states in which an order can have that done to it
TOLD = {"query_order": (), "query_logistics": ("shipped",)}  # states of the order that is rather meant


class ValidateOrderForm(RequestForm):
    """Which order; for a change that can still be made a new address, if that is it, and a yes."""

    form = "order_form"
    slots = ("order_number", "new_address", "confirmed")

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """The number when no order is found without it, the address, the yes."""
        kind = str(tracker.get_slot("request"))
        if "order_number" in fresh:
            tracker.slots["product"] = None
        order = await _meant(tracker, {**FIT, **TOLD}[kind])
        if order is None:
            if tracker.get_slot("order_number"):
                dispatcher.utter_message(response="utter_order_unknown")
            tracker.slots["order_number"] = None
            return "order_number"
        tracker.slots.update(order_number=order.number, item=order.item, product=None)
        if kind in TOLD or confirmation(tracker, fresh) is not None:
            return None
        if order.state not in FIT[kind]:
            raise Ended(requests.offer_human(dispatcher, f"utter_{kind}_not_now", item=order.item))
        address = _address(tracker, fresh) if kind == "change_address" else ""
        if address is None:
            return "new_address"
        say = {"item": order.item, "day": requests.spoken_day(order.day), "address": address}
        dispatcher.utter_message(response=f"utter_confirm_{kind}", **say)
        return "confirmed"


class ActionFinishOrder(Action):
    """Tell how far it is, or do what was confirmed."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_finish_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A human is offered while the CRM is away."""
        told = {"query_order": tell_order, "query_logistics": tell_logistics}
        kind = str(tracker.get_slot("request"))
        if kind not in told:
            return await requests.finish(dispatcher, tracker, change)
        if not (tracker.get_slot("order_number") and tracker.get_slot("identity_verified")):
            return []
        return await requests.given(told[kind], dispatcher, tracker)


async def tell_order(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The state of the order that is meant."""
    order = await _order(tracker)
    return _told(dispatcher, order, f"utter_order_{order.state}")


async def tell_logistics(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Where the parcel is; what has not left, or has come, is told as an order."""
    order = await _order(tracker)
    if order.state != "shipped" or order.shipment is None:
        return _told(dispatcher, order, f"utter_order_{order.state}")
    parcel = order.shipment
    due = requests.spoken_day(parcel.due)
    return _told(dispatcher, order, "utter_logistics", courier=parcel.courier, place=parcel.place, due=due)


async def change(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Do it, now that there was a yes; what has become impossible meanwhile is said."""
    kind, number = str(tracker.get_slot("request")), str(tracker.get_slot("order_number"))
    customer_id, address = tracker.get_slot("customer_id"), str(tracker.get_slot("new_address") or "")
    orders = backends.orders()
    deeds = {
        "cancel_order": lambda: orders.cancel(customer_id, number),
        "change_address": lambda: orders.change_address(customer_id, number, address),
        "return_goods": lambda: orders.take_back(customer_id, number, "returning"),
        "exchange_goods": lambda: orders.take_back(customer_id, number, "exchanging"),
    }
    item = tracker.get_slot("item")
    if not await backends.ask(deeds[kind]):
        return requests.offer_human(dispatcher, f"utter_{kind}_not_now", item=item)
    dispatcher.utter_message(response=f"utter_{kind}_done", item=item, address=address)
    return []


async def _order(tracker: Tracker) -> Order:
    """The one that the form found. Raises CrmUnavailable also when it is gone."""
    customer_id, number = tracker.get_slot("customer_id"), tracker.get_slot("order_number")
    order = await backends.ask(lambda: backends.orders().order(customer_id, number))
    if order is None:
        raise CrmUnavailable("CRM: the order is gone")
    return order


async def _meant(tracker: Tracker, states: tuple[str, ...] = ()) -> Order | None:
    """The order whose goods were named, else the one of the number that was said or that is talked about,
    else the newest in one of `states`, else the newest of all. None: no order, or not the customer's."""
    customer_id, number = tracker.get_slot("customer_id"), tracker.get_slot("order_number")
    recent = await backends.ask(lambda: backends.orders().recent(customer_id))
    said = str(tracker.get_slot("product") or "")
    named = [order for order in recent if order.item in said]
    if number and not named:
        return await backends.ask(lambda: backends.orders().order(customer_id, number))
    fit = [order for order in named or recent if order.state in states]
    return next(iter([*fit, *named, *recent]), None)


def _told(dispatcher: CollectingDispatcher, order: Order, response: str, **more: str) -> list[EventType]:
    hotwords.send(dispatcher, [order.item])
    day, cost = requests.spoken_day(order.day), conversation.spoken_amount(order.cents)
    dispatcher.utter_message(response=response, item=order.item, day=day, amount=cost, **more)
    return []


def _address(tracker: Tracker, fresh: dict[str, Any]) -> str | None:
    """City and street as they were said; after the question for it all that was said, if long enough."""
    said = str(tracker.get_slot("new_address") or "").strip("，。！ ")
    if "new_address" in fresh:
        city, street = conversation.entity(tracker, "city"), conversation.entity(tracker, "address")
        said = f"{city or ''}{street}" if street and str(city) not in str(street) else str(street or said)
    address = said if len(said) >= SHORTEST_ADDRESS else None
    tracker.slots["new_address"] = address
    return address
