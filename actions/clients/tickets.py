"""Tickets: what somebody has to see to after the call. And what a customer said about being called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.clients.store import Store


@dataclass(frozen=True)
class Ticket:
    """`kind`: refund, complaint, fault, open_service or cancel_service; `state`: open, working or done."""

    number: str
    kind: str
    about: str
    state: str
    day: date


class Tickets(Store):
    """Opens tickets and reads them."""

    def open(self, call_id: str, customer_id: str | None, kind: str, about: str) -> str:
        """One call opens one ticket of a kind about a thing; returns its number."""
        number = f"{call_id}:{kind}:{about}"
        fields = {
            "customer_id": customer_id,
            "call_id": call_id,
            "kind": kind,
            "about": about,
            "state": "open",
        }
        self._insert_once("tickets", number, fields)
        return number

    def latest(self, customer_id: str) -> Ticket | None:
        """The customer's newest ticket."""
        rows = self._newest("tickets", {"customer_id": customer_id}, "created_at", 1)
        if not rows:
            return None
        row: dict[str, Any] = rows[0]
        about = str(row.get("about") or row.get("line") or "")
        return Ticket(row["_id"], row["kind"], about, row["state"], row["created_at"].date())

    def record(
        self, call_id: str, customer_id: str | None, customer_number: str, what: str, value: Any
    ) -> None:
        """An outcome of this call: not_interested, opt_out, score ... The last word counts."""
        key = f"{call_id}:{what}"
        fields = {
            "call_id": call_id,
            "customer_id": customer_id,
            "customer_number": customer_number,
            "what": what,
        }
        self._insert_once("interactions", key, fields)
        self._set("interactions", {"_id": key}, {"value": value})
