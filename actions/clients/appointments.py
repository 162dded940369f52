"""Appointments of technicians and branches. Times are the customer's own clock, in China."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.clients.store import Store

OPENS, CLOSES = 9, 18  # hours between which somebody comes
PER_HOUR = 3  # that can be served at once


@dataclass(frozen=True)
class Appointment:
    """`time` is HH:MM."""

    number: str
    what: str
    day: date
    time: str


class Appointments(Store):
    """Reads and writes appointments."""

    def next(self, customer_id: str, today: date) -> Appointment | None:
        """The customer's nearest from today on."""
        query = {"customer_id": customer_id, "state": "booked", "day": {"$gt": _before(today)}}
        rows = self._newest("crm_appointments", query, "day", 20)
        if not rows:
            return None
        row = min(rows, key=lambda row: (row["day"], row["time"]))
        return Appointment(row["_id"], row["what"], date.fromisoformat(row["day"]), row["time"])

    def is_free(self, day: date, time: str) -> bool:
        """Whether somebody is left for that hour."""
        query: dict[str, Any] = {"state": "booked", "day": day.isoformat(), "hour": int(time[:2])}
        taken = self._read(lambda: self._database["crm_appointments"].count_documents(query))
        return bool(taken < PER_HOUR)

    def book(self, call_id: str, customer_id: str, what: str, day: date, time: str) -> str:
        """One call books one appointment for a matter; returns its number."""
        number = f"{call_id}:{what}"
        fields = {"customer_id": customer_id, "what": what, "state": "booked", **_when(day, time)}
        self._insert_once("crm_appointments", number, fields)
        self.move(number, day, time)  # the customer thought better of it within the call
        return number

    def move(self, number: str, day: date, time: str) -> bool:
        """Whether there is such an appointment."""
        return self._set("crm_appointments", {"_id": number}, {"state": "booked", **_when(day, time)})

    def cancel(self, number: str) -> bool:
        """Whether there is such an appointment."""
        return self._set("crm_appointments", {"_id": number}, {"state": "cancelled"})


def _when(day: date, time: str) -> dict[str, Any]:
    return {"day": day.isoformat(), "time": time, "hour": int(time[:2])}


def _before(day: date) -> str:
    return date.fromordinal(day.toordinal() - 1).isoformat()
