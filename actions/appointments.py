"""Appointments: booked, moved, cancelled. Day and time are asked for one by one, checked, and read back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, requests
from actions.clients.appointments import CLOSES, OPENS

FURTHEST = timedelta(days=30)
ANYTHING = "上门服务"  # what it is for, when the customer does not say


class ActionAppointment(Action):
    """Book, move or cancel an appointment, whichever the intent says."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_appointment"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request, and the next question."""
        kind = conversation.intent(tracker)
        slots = {"request": kind, "appointment_day": None, "appointment_time": None, **_said(tracker)}
        if kind == "book_appointment":
            slots["matter"] = conversation.entity(tracker, "service") or ANYTHING
        return await requests.take_up(dispatcher, tracker, slots, ANSWERS[kind])


async def book(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Ask for what is missing, then whether it is right."""
    asked = await _ask(dispatcher, tracker)
    if asked is not None:
        return asked
    day, time = _chosen(tracker)
    what = str(tracker.get_slot("matter") or ANYTHING)
    pending = {"kind": "book_appointment", "what": what, "day": day.isoformat(), "time": time}
    say = {"what": what, "day": requests.spoken_day(day), "time": time}
    return requests.propose(dispatcher, "utter_confirm_book_appointment", pending, **say)


async def move(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Of the nearest one, to what was said or is asked for."""
    found = await _next(tracker)
    if found is None:
        return _none(dispatcher)
    if not (tracker.get_slot("appointment_day") or tracker.get_slot("appointment_time")):
        old = {"what": found.what, "day": requests.spoken_day(found.day), "time": found.time}
        dispatcher.utter_message(response="utter_ask_new_day", **old)
        return [conversation.await_answer("day")]
    if not tracker.get_slot("appointment_day"):  # another hour of the same day
        tracker.slots["appointment_day"] = found.day.isoformat()
    asked = await _ask(dispatcher, tracker)
    if asked is not None:
        return asked
    day, time = _chosen(tracker)
    pending = {"kind": "change_appointment", "number": found.number, "day": day.isoformat(), "time": time}
    say = {"what": found.what, "day": requests.spoken_day(day), "time": time}
    return requests.propose(dispatcher, "utter_confirm_change_appointment", pending, **say)


async def drop(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Ask whether the nearest one shall be cancelled."""
    found = await _next(tracker)
    if found is None:
        return _none(dispatcher)
    pending = {"kind": "cancel_appointment", "number": found.number}
    say = {"what": found.what, "day": requests.spoken_day(found.day), "time": found.time}
    return requests.propose(dispatcher, "utter_confirm_cancel_appointment", pending, **say)


ANSWERS = {"book_appointment": book, "change_appointment": move, "cancel_appointment": drop}


async def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """A day or a time that was asked for, or one that corrects what was proposed."""
    said = _said(tracker)
    if not said:
        awaited = conversation.awaiting(tracker)
        dispatcher.utter_message(response="utter_ask_time" if awaited == "time" else "utter_ask_day")
        return [conversation.await_answer("time" if awaited == "time" else "day")]
    answer = ANSWERS.get(str(tracker.get_slot("request")), book)
    return await requests.take_up(dispatcher, tracker, said, answer)


async def change(
    dispatcher: CollectingDispatcher, tracker: Tracker, pending: dict[str, Any]
) -> list[EventType]:
    """Do it, now that there was a yes."""
    kind, customer_id = pending["kind"], tracker.get_slot("customer_id")
    if (
        kind == "book_appointment" and "day" not in pending
    ):  # offered after a fault: now day and time are asked
        slots = {
            "request": kind,
            "matter": pending["what"],
            "appointment_day": None,
            "appointment_time": None,
        }
        return await requests.take_up(dispatcher, tracker, slots, book)
    store = backends.appointments()
    if kind == "cancel_appointment":
        await backends.ask(lambda: store.cancel(pending["number"]))
        dispatcher.utter_message(response="utter_cancel_appointment_done")
        return requests.ask_more(dispatcher)
    day, time = date.fromisoformat(pending["day"]), pending["time"]
    if kind == "book_appointment":
        await backends.ask(lambda: store.book(tracker.sender_id, customer_id, pending["what"], day, time))
    else:
        await backends.ask(lambda: store.move(pending["number"], day, time))
    dispatcher.utter_message(response=f"utter_{kind}_done", day=requests.spoken_day(day), time=time)
    return requests.ask_more(dispatcher)


async def _ask(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """The question for what is missing or cannot be; None when day and time are known and free."""
    day, time = tracker.get_slot("appointment_day"), tracker.get_slot("appointment_time")
    if not day:
        dispatcher.utter_message(response="utter_ask_day")
        return [conversation.await_answer("day")]
    today = requests.today(tracker)
    if not today <= date.fromisoformat(day) <= today + FURTHEST:
        dispatcher.utter_message(response="utter_day_impossible")
        return [SlotSet("appointment_day", None), conversation.await_answer("day")]
    if not time:
        dispatcher.utter_message(response="utter_ask_time")
        return [SlotSet("appointment_day", day), conversation.await_answer("time")]
    if not OPENS <= int(time[:2]) < CLOSES:
        dispatcher.utter_message(response="utter_time_impossible", first=f"{OPENS}点", last=f"{CLOSES}点")
        return [SlotSet("appointment_time", None), conversation.await_answer("time")]
    when = date.fromisoformat(day)
    if not await backends.ask(lambda: backends.appointments().is_free(when, time)):
        dispatcher.utter_message(response="utter_time_taken")
        return [SlotSet("appointment_time", None), conversation.await_answer("time")]
    return None


def _chosen(tracker: Tracker) -> tuple[date, str]:
    return date.fromisoformat(tracker.get_slot("appointment_day")), str(tracker.get_slot("appointment_time"))


def _said(tracker: Tracker) -> dict[str, str]:
    """A whole day and an hour of the latest message."""
    said = {}
    day, time = conversation.entity(tracker, "date"), conversation.entity(tracker, "time")
    if len(str(day or "")) == len("2026-11-03"):
        said["appointment_day"] = str(day)
    if str(time or "")[:2].isdigit():
        said["appointment_time"] = str(time)
    return said


def _none(dispatcher: CollectingDispatcher) -> list[EventType]:
    dispatcher.utter_message(response="utter_no_appointment")
    return requests.ask_more(dispatcher)


async def _next(tracker: Tracker) -> Any:
    customer_id, today = tracker.get_slot("customer_id"), requests.today(tracker)
    return await backends.ask(lambda: backends.appointments().next(customer_id, today))
