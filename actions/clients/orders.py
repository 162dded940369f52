"""Orders and their shipments.

An order is paid, packed, shipped, delivered, cancelled, returning or exchanging.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.clients.store import Store

OPEN = ("paid", "packed")  # nothing has left the warehouse: it can be cancelled, or sent elsewhere
ON_ITS_WAY = (*OPEN, "shipped", "returning", "exchanging")  # something is still to happen
_KEPT = 5


@dataclass(frozen=True)
class Shipment:
    """Where a parcel is: the last place that scanned it, and the day on which it should come."""

    courier: str
    place: str
    due: date


@dataclass(frozen=True)
class Order:
    """One order; `number` is what customers read out."""

    number: str
    item: str
    cents: int
    day: date
    state: str
    address: str
    shipment: Shipment | None = None


class Orders(Store):
    """Reads orders, and writes what a customer asks to be done with one."""

    def recent(self, customer_id: str) -> tuple[Order, ...]:
        """The newest first, a handful."""
        return self._orders(self._newest("crm_orders", {"customer_id": customer_id}, "day", _KEPT))

    def order(self, customer_id: str, number: str) -> Order | None:
        """One order of this customer; other people's are not told."""
        row = self._find_one("crm_orders", {"_id": number, "customer_id": customer_id})
        return None if row is None else self._orders([row])[0]

    def cancel(self, customer_id: str, number: str) -> bool:
        """Whether it could be cancelled: not when the parcel has left."""
        return self._set_state(customer_id, number, OPEN, {"state": "cancelled"})

    def change_address(self, customer_id: str, number: str, address: str) -> bool:
        """Whether it could be changed: not when the parcel has left."""
        return self._set_state(customer_id, number, OPEN, {"address": address})

    def take_back(self, customer_id: str, number: str, state: str) -> bool:
        """Have a delivered order fetched, `state` being returning or exchanging; whether it was delivered."""
        return self._set_state(customer_id, number, ("delivered",), {"state": state})

    def _set_state(
        self, customer_id: str, number: str, states: tuple[str, ...], fields: dict[str, Any]
    ) -> bool:
        query = {"_id": number, "customer_id": customer_id, "state": {"$in": list(states)}}
        return self._set("crm_orders", query, fields) or self._is_so(customer_id, number, fields)

    def _is_so(self, customer_id: str, number: str, fields: dict[str, Any]) -> bool:
        """Asked twice is the same as once."""
        row = self._find_one("crm_orders", {"_id": number, "customer_id": customer_id}) or {}
        return "state" in fields and row.get("state") == fields["state"]

    def _orders(self, rows: list[dict[str, Any]]) -> tuple[Order, ...]:
        numbers = [row["_id"] for row in rows if row["state"] == "shipped"]
        query = {"_id": {"$in": numbers}}
        found = self._read(lambda: list(self._database["crm_shipments"].find(query))) if numbers else []
        parcels = {row["_id"]: row for row in found}
        return tuple(_order(row, parcels.get(row["_id"])) for row in rows)


def _order(row: dict[str, Any], parcel: dict[str, Any] | None) -> Order:
    shipment = parcel and Shipment(parcel["courier"], parcel["place"], date.fromisoformat(parcel["due"]))
    return Order(
        row["_id"],
        row["item"],
        int(row["cents"]),
        date.fromisoformat(row["day"]),
        row["state"],
        row["address"],
        shipment or None,
    )
