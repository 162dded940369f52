"""Requests: begun, put off, gone on with; and the questions that end an answer.

One thing is open at a time: a form of domain.yml, or a yes-or-no question (slot `awaiting`). What another
request interrupts is put off (slot `later`), and taken up again when that one is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import conversation
from actions.clients.store import CrmUnavailable
from yingda.sansio.numerals import CHINA

Answer = Callable[[CollectingDispatcher, Tracker], Awaitable[list[EventType]]]

ANSWERED = "answered"  # a request that was a question: its form has nothing to ask
MOST_LATER = 3  # requests that are put off; nobody remembers more
QUESTIONS = {
    "refund": "utter_offer_refund",
    "human": "utter_offer_human",
    "visit": "utter_offer_visit",
}  # by what is awaited; asked again after a digression
LEAVES = {("book_appointment", "cancel_appointment"), ("open_service", "cancel_service")}
VAGUE = ("product", "matter", "bill_period")  # slots that any sentence of the request fills
ECHO = {"refund": "退申", "human": "转人", "visit": "约来派", "confirmed": "要退换取改开约办好行"}
NAMES = {
    "balance": "查询余额",
    "bill": "查询账单",
    "dispute": "费用争议",
    "plan": "查询套餐",
    "open_service": "开通业务",
    "cancel_service": "取消业务",
    "query_order": "查询订单",
    "query_logistics": "查询物流",
    "cancel_order": "取消订单",
    "change_address": "修改收货地址",
    "return_goods": "退货",
    "exchange_goods": "换货",
    "book_appointment": "预约上门",
    "change_appointment": "改预约",
    "cancel_appointment": "取消预约",
    "fault": "报修",
    "ticket": "查询工单",
}


class Ended(Exception):
    """The form cannot go on; what is to be said has been said. `events` are kept."""

    def __init__(self, events: list[EventType] | None = None) -> None:
        super().__init__("the form ended")
        self.events = events or []


def begin(
    tracker: Tracker,
    form: str,
    request: str,
    slots: dict[str, Any] | None = None,
    others: list[dict[str, Any]] | None = None,
) -> list[EventType]:
    """A request for `form` starts: what another form was asking for is put off. `slots` are what was said,
    `others` what else the same sentence asks for."""
    opened = conversation.open_form(tracker)
    if opened == form and (tracker.get_slot("request"), request) in LEAVES:
        return [SlotSet("confirmed", False)]  # 不约了, while it is being booked
    if opened == form and tracker.get_slot("request") == request:
        plain = conversation.yes_or_no(conversation.text(tracker), ECHO["confirmed"])
        said_yes = tracker.get_slot("requested_slot") == "confirmed" and plain is True
        news = {name: value for name, value in (slots or {}).items() if value and name not in VAGUE}
        given = news or ({"confirmed": True} if said_yes else {})  # 对，取消吧
        return [SlotSet(name, value) for name, value in given.items()]
    given = {"request": request, "confirmed": None, **(slots or {})}
    later = put_off(tracker, opened) if opened and opened != form else list(tracker.get_slot("later") or ())
    if others or later != (tracker.get_slot("later") or []):
        given["later"] = [*later, *(others or ())][-MOST_LATER:]
    return [*(SlotSet(name, value) for name, value in given.items()), conversation.await_answer("nothing")]


def put_off(tracker: Tracker, form: str, **slots: Any) -> list[dict[str, Any]]:
    """The list `later` with the request of `form` on top."""
    item = {"form": form, "request": tracker.get_slot("request"), "slots": slots, "begun": True}
    others = [x for x in tracker.get_slot("later") or () if x["request"] != item["request"]]
    return [*others, item][-MOST_LATER:]


async def given(answer: Answer, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """The answer, or an apology while the CRM is away."""
    try:
        return await answer(dispatcher, tracker)
    except CrmUnavailable:
        return system_busy(dispatcher)


async def finish(dispatcher: CollectingDispatcher, tracker: Tracker, deed: Answer) -> list[EventType]:
    """A form is over: do it if there was a yes; a form that ended early has said why."""
    confirmed = tracker.get_slot("confirmed")
    if confirmed is None:
        return []
    if not confirmed:
        dispatcher.utter_message(response="utter_left_as_it_is")
        return []
    return await given(deed, dispatcher, tracker)


def system_busy(dispatcher: CollectingDispatcher) -> list[EventType]:
    """The CRM is away: apologise and offer a human."""
    return offer_human(dispatcher, "utter_system_busy")


def offer_human(dispatcher: CollectingDispatcher, response: str, **values: Any) -> list[EventType]:
    """Say `response`, which ends in that offer; a yes leads to a human from there."""
    dispatcher.utter_message(response=response, **values)
    return [conversation.await_answer("human")]


def set_aside(tracker: Tracker) -> list[EventType]:
    """Another question comes first: the open form is put off, so that it does not take the answer."""
    form = conversation.open_form(tracker)
    return [SlotSet("later", put_off(tracker, form)), *close(tracker)] if form else []


def close(tracker: Tracker) -> list[EventType]:
    """The open form asks no more."""
    if not conversation.open_form(tracker):
        return []
    return [SlotSet(REQUESTED_SLOT, None), ActiveLoop(None)]


def hang_up(dispatcher: CollectingDispatcher, tracker: Tracker, reason: str) -> list[EventType]:
    """Send the hang-up down; the gateway says what is left first."""
    dispatcher.utter_message(json_message={"type": "hang_up", "reason": reason})
    return close(tracker)


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
