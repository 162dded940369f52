"""Requests: taken up, remembered until the customer is known, answered, and what is asked afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation
from actions.clients.store import CrmUnavailable
from yingda.sansio.numerals import CHINA

Answer = Callable[[CollectingDispatcher, Tracker], Awaitable[list[EventType]]]


async def take_up(
    dispatcher: CollectingDispatcher, tracker: Tracker, slots: dict[str, Any], answer: Answer
) -> list[EventType]:
    """Answer a request, or remember it and ask who calls. `slots["request"]` names it (answers.py)."""
    events: list[EventType] = [SlotSet(name, value) for name, value in slots.items()]
    tracker.slots.update(slots)
    if tracker.get_slot("identity_verified"):
        return events + await given(answer, dispatcher, tracker)
    known = tracker.get_slot("customer_id")
    dispatcher.utter_message(response="utter_ask_id_last4" if known else "utter_ask_phone")
    return [*events, conversation.await_answer("id_last4" if known else "phone")]


async def given(answer: Answer, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The answer, or an apology while the CRM is away."""
    try:
        return await answer(dispatcher, tracker)
    except CrmUnavailable:
        return system_busy(dispatcher)


def ask_more(dispatcher: CollectingDispatcher) -> list[EventType]:
    """Ask whether there is anything else."""
    dispatcher.utter_message(response="utter_anything_else")
    return [conversation.await_answer("more")]


def system_busy(dispatcher: CollectingDispatcher) -> list[EventType]:
    """The CRM is away: apologise and offer a human."""
    dispatcher.utter_message(response="utter_system_busy")
    return [conversation.await_answer("human")]


def offer_human(dispatcher: CollectingDispatcher, response: str, **values: Any) -> list[EventType]:
    """Say `response`, which ends in that offer; a yes leads to a human from there."""
    dispatcher.utter_message(response=response, **values)
    return [conversation.await_answer("human")]


def propose(
    dispatcher: CollectingDispatcher, response: str, pending: dict[str, Any], **values: Any
) -> list[EventType]:
    """Nothing is written before a yes: say `response`, a question, and remember what it is about. `pending`
    holds the kind of the deed (actions/deeds.py) and what it needs."""
    dispatcher.utter_message(response=response, **values)
    return [SlotSet("pending", pending), conversation.await_answer("confirm")]


def hang_up(dispatcher: CollectingDispatcher, reason: str) -> None:
    """Send the hang-up down; the gateway says what is left first."""
    dispatcher.utter_message(json_message={"type": "hang_up", "reason": reason})


def today(tracker: Tracker | None = None) -> date:
    """Today where the customers live; in a call the day on which it began: its dates are counted from it."""
    started = conversation.call(tracker).get("started_at") if tracker else None
    try:
        return datetime.fromisoformat(str(started).replace("Z", "+00:00")).astimezone(CHINA).date()
    except ValueError:
        return datetime.now(CHINA).date()


def spoken_day(day: date) -> str:
    """11月3日."""
    return f"{day.month}月{day.day}日"
