"""Appointments of technicians and branches. Times are the customer's own clock, in China."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.clients.patience import Patience
from actions.clients.places import Places
from actions.clients.store import Store

OPENS, CLOSES = 9, 18  # hours between which somebody comes
PER_HOUR = 3  # that can be served at once
MOST_READ = 100  # appointments of an hour, which the company's own people may have filled further


@dataclass(frozen=True)
class Appointment:
    """`time` is HH:MM."""

    number: str
    what: str
    day: date
    time: str


class HourTaken(Exception):
    """Nobody is left for that hour: others were quicker."""


class Appointments(Store):
    """Reads and writes appointments."""

    def __init__(self, database: Any = None, patience: Patience | None = None) -> None:
        super().__init__(database, patience)
        self._places = Places(self._database, self._patience)

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
        """One call books one appointment for a matter; returns its number. Raises HourTaken."""
        number = f"{call_id}:{what}"
        place = self._place(number, day, time)
        fields = {"customer_id": customer_id, "what": what, "state": "booked", **_when(day, time)}
        self._insert_once("crm_appointments", number, fields)
        self._take(number, place, day, time)  # the customer thought better of it within the call
        return number

    def move(self, number: str, day: date, time: str) -> bool:
        """Whether there is such an appointment. Raises HourTaken."""
        if self._find_one("crm_appointments", {"_id": number}) is None:
            return False
        return self._take(number, self._place(number, day, time), day, time)

    def cancel(self, number: str) -> bool:
        """Whether there is such an appointment."""
        done = self._set("crm_appointments", {"_id": number}, {"state": "cancelled"})
        self._places.leave(number)
        return done

    def _take(self, number: str, place: str, day: date, time: str) -> bool:
        done = self._set("crm_appointments", {"_id": number}, {"state": "booked", **_when(day, time)})
        self._places.leave(number, all_but=place)
        return done

    def _place(self, number: str, day: date, time: str) -> str:
        """A place of that hour that is this appointment's from now on."""
        when = _when(day, time)
        query = {"state": "booked", "day": when["day"], "hour": when["hour"]}
        booked = [row["_id"] for row in self._newest("crm_appointments", query, "time", MOST_READ)]
        place = self._places.take(f"{when['day']}:{when['hour']:02}", number, booked, PER_HOUR)
        if place is None:
            raise HourTaken
        return place


def _when(day: date, time: str) -> dict[str, Any]:
    return {"day": day.isoformat(), "time": time, "hour": int(time[:2])}


def _before(day: date) -> str:
    return date.fromordinal(day.toordinal() - 1).isoformat()
