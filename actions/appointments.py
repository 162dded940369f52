"""Appointments: booked, moved, cancelled. Day and time are asked for one by one, checked, and read back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, requests
from actions.clients.appointments import CLOSES, OPENS, HourTaken
from actions.clients.protocols import AppointmentDesk
from actions.clients.store import CrmUnavailable
from actions.forms import RequestForm, confirmation
from actions.requests import Ended

FURTHEST = timedelta(days=30)
ANYTHING = "上门服务"  # what it is for, when the customer does not say


class ValidateAppointmentForm(RequestForm):
    """A day and an hour that are free, and a yes."""

    form = "appointment_form"
    slots = ("appointment_day", "appointment_time", "confirmed")

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """The day, the hour, the yes; of a cancellation the yes alone."""
        kind = str(tracker.get_slot("request"))
        if confirmation(tracker, fresh) is not None:
            return None
        found = None if kind == "book_appointment" else await _next(tracker)
        if kind != "book_appointment" and found is None:
            dispatcher.utter_message(response="utter_no_appointment")
            raise Ended
        if found and kind == "cancel_appointment":
            day, time, what = found.day, found.time, found.what
        else:
            if found and (asked := _where_to(dispatcher, tracker, found)):
                return asked
            if asked := await _check(dispatcher, tracker):
                return asked
            day, time = _chosen(tracker)
            what = found.what if found else str(tracker.get_slot("matter") or ANYTHING)
        say = {"what": what, "day": requests.spoken_day(day), "time": time}
        dispatcher.utter_message(response=f"utter_confirm_{kind}", **say)
        return "confirmed"


class ActionFinishAppointment(Action):
    """Write it, if there was a yes."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_finish_appointment"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A human is offered while the CRM is away."""
        return await requests.finish(dispatcher, tracker, change)


def book_visit(tracker: Tracker) -> list[EventType]:
    """Slots of a technician's visit, day and time to be asked."""
    slots = {"appointment_day": None, "appointment_time": None, "matter": "维修"}
    return requests.begin(tracker, "appointment_form", "book_appointment", slots)


async def change(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Do it, now that there was a yes. Another call may have taken the hour meanwhile."""
    try:
        return await _change(dispatcher, tracker)
    except HourTaken:
        return await _offer_another(dispatcher, tracker)


async def _offer_another(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The form comes back with the nearest free hour of that day, to be read back; else it asks for one."""
    dispatcher.utter_message(response="utter_time_taken")
    kind, (day, time) = str(tracker.get_slot("request")), _chosen(tracker)
    hour = int(time[:2])
    hours = [x for x in range(OPENS, CLOSES) if x > hour or (x < hour and day > requests.today(tracker))]
    hours.sort(key=lambda other: (abs(other - hour), -other))
    try:
        free = await backends.ask(lambda: _first_free(backends.appointments(), day, hours))
        slots = {"appointment_day": day.isoformat() if free else None, "appointment_time": free}
    except CrmUnavailable:
        slots = {"appointment_day": day.isoformat(), "appointment_time": None}
    again = {"form": ValidateAppointmentForm.form, "request": kind, "slots": slots, "again": True}
    later = [x for x in tracker.get_slot("later") or () if x["request"] != kind]
    return [SlotSet("later", [*later, again][-requests.MOST_LATER :])]


def _first_free(store: AppointmentDesk, day: date, hours: list[int]) -> str | None:
    return next((time for hour in hours if store.is_free(day, time := f"{hour:02}:00")), None)


async def _change(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    kind, customer_id = str(tracker.get_slot("request")), tracker.get_slot("customer_id")
    store = backends.appointments()
    if kind == "book_appointment":
        what = str(tracker.get_slot("matter") or ANYTHING)
        day, time = _chosen(tracker)
        await backends.ask(lambda: store.book(tracker.sender_id, customer_id, what, day, time))
        dispatcher.utter_message(response=f"utter_{kind}_done", day=requests.spoken_day(day), time=time)
        return []
    found = await _next(tracker)
    if found is None:
        dispatcher.utter_message(response="utter_no_appointment")
    elif kind == "cancel_appointment":
        await backends.ask(lambda: store.cancel(found.number))
        dispatcher.utter_message(response="utter_cancel_appointment_done")
    else:
        day, time = _chosen(tracker)
        await backends.ask(lambda: store.move(found.number, day, time))
        dispatcher.utter_message(response=f"utter_{kind}_done", day=requests.spoken_day(day), time=time)
    return []


def _where_to(dispatcher: CollectingDispatcher, tracker: Tracker, found: Any) -> str | None:
    """Tell what is booked and ask where to move it; an hour alone means another hour of the same day."""
    if tracker.get_slot("appointment_day"):
        return None
    if not tracker.get_slot("appointment_time"):
        old = {"what": found.what, "day": requests.spoken_day(found.day), "time": found.time}
        dispatcher.utter_message(response="utter_your_appointment", **old)
        return "appointment_day"
    tracker.slots["appointment_day"] = found.day.isoformat()
    return None


async def _check(dispatcher: CollectingDispatcher, tracker: Tracker) -> str | None:
    """Say what is wrong with day or hour and take it out; the slot to ask for."""
    day = conversation.last_of(tracker.get_slot("appointment_day")) or None
    time = conversation.last_of(tracker.get_slot("appointment_time")) or None
    tracker.slots.update(appointment_day=day, appointment_time=time)
    if not day:
        return _ask(dispatcher, "appointment_day", None)
    today = requests.today(tracker)
    if len(day) != len("2026-11-03"):
        return _ask(dispatcher, "appointment_day", "utter_day_unclear", tracker)
    if not today <= date.fromisoformat(day) <= today + FURTHEST:
        return _ask(dispatcher, "appointment_day", "utter_day_impossible", tracker)
    if not time or not time[:2].isdigit():
        return _ask(dispatcher, "appointment_time", None, tracker)
    if not OPENS <= int(time[:2]) < CLOSES:
        return _ask(dispatcher, "appointment_time", "utter_time_impossible", tracker)
    when = date.fromisoformat(day)
    if not await backends.ask(lambda: backends.appointments().is_free(when, time)):
        return _ask(dispatcher, "appointment_time", "utter_time_taken", tracker)
    return None


def _ask(dispatcher: CollectingDispatcher, slot: str, why: str | None, tracker: Tracker | None = None) -> str:
    """Say why, and have Rasa ask for the slot."""
    if why:
        dispatcher.utter_message(response=why, first=f"{OPENS}点", last=f"{CLOSES}点")
    if tracker:
        tracker.slots[slot] = None
    return slot


def _chosen(tracker: Tracker) -> tuple[date, str]:
    return date.fromisoformat(tracker.get_slot("appointment_day")), str(tracker.get_slot("appointment_time"))


async def _next(tracker: Tracker) -> Any:
    customer_id, today = tracker.get_slot("customer_id"), requests.today(tracker)
    return await backends.ask(lambda: backends.appointments().next(customer_id, today))
