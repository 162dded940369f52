"""Orders: where they are, and cancelling, sending elsewhere, giving back. Nothing changes before a yes."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, hotwords, requests
from actions.clients.orders import OPEN, Order

SHORTEST_ADDRESS = 4  # characters
FIT = {
    "cancel_order": OPEN,
    "change_address": OPEN,
    "return_goods": ("delivered",),
    "exchange_goods": ("delivered",),
}  # states in which an order can have that done to it


class ActionQueryOrder(Action):
    """How far an order is."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        return await requests.take_up(dispatcher, tracker, _asked(tracker, "order"), tell_order)


class ActionQueryLogistics(Action):
    """Where a parcel is, and when it comes."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_logistics"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        return await requests.take_up(dispatcher, tracker, _asked(tracker, "logistics"), tell_logistics)


class ActionChangeOrder(Action):
    """Cancel an order, send it elsewhere, give it back or exchange it, whichever the intent says."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_change_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request, and the question whether to do it."""
        kind = conversation.intent(tracker)
        slots = _asked(tracker, kind)
        slots["new_address"] = _address(tracker) if kind == "change_address" else None
        return await requests.take_up(dispatcher, tracker, slots, propose_change)


async def tell_order(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The state of the order that is meant."""
    order = await _meant(tracker)
    if order is None:
        return _which(dispatcher, tracker)
    return _told(dispatcher, order, f"utter_order_{order.state}")


async def tell_logistics(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Where the parcel is; what has not left, or has come, is told as an order."""
    order = await _meant(tracker, ("shipped",))
    if order is None:
        return _which(dispatcher, tracker)
    if order.state != "shipped" or order.shipment is None:
        return _told(dispatcher, order, f"utter_order_{order.state}")
    parcel = order.shipment
    due = requests.spoken_day(parcel.due)
    return _told(dispatcher, order, "utter_logistics", courier=parcel.courier, place=parcel.place, due=due)


async def propose_change(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Ask whether to do it to the order that is meant; say so if it is too late, or too early."""
    kind = str(tracker.get_slot("request"))
    order = await _meant(tracker, FIT[kind])
    if order is None:
        return _which(dispatcher, tracker)
    if order.state not in FIT[kind]:
        return requests.offer_human(dispatcher, f"utter_{kind}_not_now", item=order.item)
    told = [SlotSet("order_number", order.number)]
    address = tracker.get_slot("new_address")
    if kind == "change_address" and not address:
        dispatcher.utter_message(response="utter_ask_address", item=order.item)
        return [*told, conversation.await_answer("address")]
    pending = {"kind": kind, "order": order.number, "item": order.item, "address": address}
    say = {"item": order.item, "day": requests.spoken_day(order.day), "address": address or ""}
    return told + requests.propose(dispatcher, f"utter_confirm_{kind}", pending, **say)


async def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """An address or an order number that was asked for, or one that corrects what was proposed."""
    request = str(tracker.get_slot("request"))
    slots: dict[str, Any] = {}
    if number := conversation.entity(tracker, "order_number"):
        slots["order_number"] = str(number)
    if request == "change_address" and (address := _address(tracker)):
        slots["new_address"] = address
    if not slots:
        return _which(dispatcher, tracker)
    answer = {"order": tell_order, "logistics": tell_logistics}.get(request, propose_change)
    return await requests.take_up(dispatcher, tracker, slots, answer)


async def change(
    dispatcher: CollectingDispatcher, tracker: Tracker, pending: dict[str, Any]
) -> list[EventType]:
    """Do it, now that there was a yes."""
    kind, number = pending["kind"], pending["order"]
    customer_id = tracker.get_slot("customer_id")
    orders = backends.orders()
    deeds = {
        "cancel_order": lambda: orders.cancel(customer_id, number),
        "change_address": lambda: orders.change_address(customer_id, number, pending["address"]),
        "return_goods": lambda: orders.take_back(customer_id, number, "returning"),
        "exchange_goods": lambda: orders.take_back(customer_id, number, "exchanging"),
    }
    if not await backends.ask(deeds[kind]):
        return requests.offer_human(dispatcher, f"utter_{kind}_not_now", item=pending["item"])
    say = {"item": pending["item"], "address": pending.get("address") or ""}
    dispatcher.utter_message(response=f"utter_{kind}_done", **say)
    return requests.ask_more(dispatcher)


def _asked(tracker: Tracker, request: str) -> dict[str, Any]:
    """The request with the order that is named; the one of before stays meant when none is named."""
    slots: dict[str, Any] = {"request": request}
    number = conversation.entity(tracker, "order_number")
    # what was bought is looked for in all that was said: the CRM knows its name better than a model of words
    slots["product"] = None if number else conversation.text(tracker)
    return slots | ({"order_number": str(number)} if number else {})


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


def _which(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """There is no such order: ask for its number, which may have been misheard."""
    known = tracker.get_slot("order_number")
    dispatcher.utter_message(response="utter_order_unknown" if known else "utter_ask_order_number")
    return [SlotSet("order_number", None), conversation.await_answer("order")]


def _told(dispatcher: CollectingDispatcher, order: Order, response: str, **more: str) -> list[EventType]:
    hotwords.send(dispatcher, [order.item])
    day, cost = requests.spoken_day(order.day), conversation.spoken_amount(order.cents)
    dispatcher.utter_message(response=response, item=order.item, day=day, amount=cost, **more)
    return [SlotSet("order_number", order.number), *requests.ask_more(dispatcher)]


def _address(tracker: Tracker) -> str | None:
    """City and address as they were said; after the question for it, all that was said."""
    city, street = conversation.entity(tracker, "city"), conversation.entity(tracker, "address")
    if street:
        return f"{city or ''}{street}"
    said = conversation.text(tracker).strip("，。！ ")
    return said if conversation.awaiting(tracker) == "address" and len(said) >= SHORTEST_ADDRESS else None
