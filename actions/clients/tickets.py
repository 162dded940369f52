"""Tickets: what somebody has to see to after the call. And what a customer said about being called."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.clients.store import Store

_KEPT = 20


@dataclass(frozen=True)
class Ticket:
    """`kind`: refund, complaint, fault, open_service or cancel_service; `state`: open, working or done."""

    number: str
    kind: str
    about: str
    state: str
    day: date


class Tickets(Store):
    """Opens tickets, reads them, adds to them."""

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
        return next(iter(self._of(customer_id, 1)), None)

    def unfinished(self, customer_id: str) -> tuple[Ticket, ...]:
        """Those that somebody still has to see to, the newest first."""
        return tuple(ticket for ticket in self._of(customer_id, _KEPT) if ticket.state != "done")

    def add_note(self, number: str, call_id: str, text: str) -> bool:
        """What a customer added in a call, beside the ticket; whether there is such a ticket. One call adds a
        text once."""
        if self._find_one("tickets", {"_id": number}) is None:
            return False
        fields = {"ticket": number, "call_id": call_id, "text": text}
        mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        self._insert_once("ticket_notes", f"{number}:{call_id}:{mark}", fields)
        return True

    def set_state(self, number: str, state: str) -> bool:
        """Whether there is such a ticket; `state`: open, working or done."""
        return self._set("tickets", {"_id": number}, {"state": state})

    def record(
        self, call_id: str, customer_id: str | None, customer_number: str, what: str, value: Any
    ) -> None:
        """An outcome of this call: not_interested, opt_out, score ... The last word counts."""
        fields = {
            "call_id": call_id,
            "customer_id": customer_id,
            "customer_number": customer_number,
            "what": what,
        }
        self._write_once("interactions", f"{call_id}:{what}", fields, {"value": value})

    def _of(self, customer_id: str, most: int) -> list[Ticket]:
        rows = self._newest("tickets", {"customer_id": customer_id}, "created_at", most)
        return [_ticket(row) for row in rows]


def _ticket(row: dict[str, Any]) -> Ticket:
    about = str(row.get("about") or row.get("line") or "")
    return Ticket(row["_id"], row["kind"], about, row["state"], row["created_at"].date())
