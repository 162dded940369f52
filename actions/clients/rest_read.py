"""JSON of docs/crm-api.yaml as our own types. What does not fit raises KeyError, TypeError or ValueError."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.clients.appointments import Appointment
from actions.clients.crm import Bill, BillLine, Customer, PastCall, Profile
from actions.clients.orders import Order, Shipment
from actions.clients.tickets import Ticket

Body = dict[str, Any]


def customer(found: Body) -> Customer:
    texts = (_text(found, key) for key in ("id", "name", "title", "id_last4"))
    products = tuple(str(name) for name in found.get("products") or ())
    return Customer(*texts, _cents(found, "balance_cents"), products)


def bill(found: Body) -> Bill:
    lines = tuple(
        BillLine(_text(line, "code"), _text(line, "name"), _cents(line, "cents"), _day(line, "day"))
        for line in found["lines"]
    )
    return Bill(_text(found, "period"), lines)


def order(found: Body) -> Order:
    parcel = found.get("shipment")
    shipment = (
        Shipment(_text(parcel, "courier"), _text(parcel, "place"), _day(parcel, "due")) if parcel else None
    )
    return Order(
        _text(found, "number"),
        _text(found, "item"),
        _cents(found, "cents"),
        _day(found, "day"),
        _text(found, "state"),
        _text(found, "address"),
        shipment,
    )


def orders(found: Body) -> tuple[Order, ...]:
    return tuple(order(row) for row in found["orders"])


def appointment(found: Body) -> Appointment:
    return Appointment(_text(found, "number"), _text(found, "what"), _day(found, "day"), _text(found, "time"))


def appointments(found: Body) -> tuple[Appointment, ...]:
    return tuple(appointment(row) for row in found["appointments"])


def free(found: Body) -> bool:
    return found["free"] is True


def ticket(found: Body) -> Ticket:
    texts = (_text(found, key) for key in ("number", "kind", "about", "state"))
    return Ticket(*texts, _day(found, "day"))


def tickets(found: Body) -> tuple[Ticket, ...]:
    return tuple(ticket(row) for row in found["tickets"])


def profile(found: Body) -> Profile:
    past = found.get("last_call")
    last = (
        PastCall(_day(past, "day"), _text(past, "outcome"), _text(past, "summary"), _text(past, "mood"))
        if past
        else None
    )
    return Profile(customer(found["customer"]), orders(found), tickets(found), last)


def suppressed(found: Body) -> bool:
    return found["suppressed"] is True


def _text(found: Body, key: str) -> str:
    if not isinstance(found[key], str):
        raise TypeError(key)
    return str(found[key])


def _cents(found: Body, key: str) -> int:
    if not isinstance(found[key], int) or isinstance(found[key], bool):
        raise TypeError(key)  # 86.42 would be yuan
    return int(found[key])


def _day(found: Body, key: str) -> date:
    return date.fromisoformat(_text(found, key))
