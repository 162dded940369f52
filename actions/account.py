"""Balance, bill and disputed fees: asked, remembered until the identity is known, answered from the CRM."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, hotwords, requests
from actions.clients import deeds
from actions.clients.crm import Bill, BillLine, disputed_line


def slots_of(request: str, said: str, day: str | None, cents: int | None, tracker: Tracker) -> dict[str, Any]:
    """What was said of a bill or a charge. 那一笔给我退了, after a charge was explained, wants no second
    explanation."""
    slots: dict[str, Any] = {"bill_period": named_period(day, this_period()) or this_period()}
    if request == "dispute":
        explained = tracker.get_slot("disputed_line")
        again = bool(explained) and "退" in said and cents in (None, explained["cents"])
        slots.update(dispute_cents=cents, wants_refund=again)
    return slots


def is_that_charge_back(tracker: Tracker) -> bool:
    """那一笔给我退了吧, some time after a charge was explained."""
    said = conversation.text(tracker)
    return bool(
        tracker.get_slot("disputed_line") and re.search("[那这].?[笔钱费].*退|退.*[那这].?[笔钱费]", said)
    )


async def open_refund(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Open the ticket for the line that was explained last."""
    stored = tracker.get_slot("disputed_line")
    if not stored:
        return [conversation.await_answer("nothing")]
    line = BillLine(stored["code"], stored["name"], stored["cents"], date.fromisoformat(stored["day"]))
    customer_id, period = tracker.get_slot("customer_id"), stored["period"]
    await backends.keep(deeds.refund(tracker.sender_id, customer_id, period, line))
    amount = conversation.spoken_amount(line.cents)
    dispatcher.utter_message(response="utter_refund_requested", amount=amount, line=line.name)
    return [conversation.await_answer("nothing")]


async def tell_balance(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    customer = await backends.customer(tracker.get_slot("customer_id"))
    amount = conversation.spoken_amount(customer.balance_cents)
    dispatcher.utter_message(response="utter_balance", amount=amount)
    return []


async def tell_bill(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    period = str(tracker.get_slot("bill_period") or this_period())
    bill = await _bill(tracker, period)
    if bill is None:
        dispatcher.utter_message(response="utter_no_bill", month=spoken_month(period))
        return []
    lines = "，".join(f"{line.name}{conversation.spoken_amount(line.cents)}" for line in bill.lines)
    total = conversation.spoken_amount(bill.total_cents)
    hotwords.send(dispatcher, hotwords.of_bill(bill))
    dispatcher.utter_message(response="utter_bill", month=spoken_month(period), total=total, lines=lines)
    return []


async def explain_charge(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    if tracker.get_slot("wants_refund"):
        return await open_refund(dispatcher, tracker)
    period = str(tracker.get_slot("bill_period") or this_period())
    bill, previous = await _bill(tracker, period), await _bill(tracker, month_before(period))
    cents = tracker.get_slot("dispute_cents")
    line, is_named = disputed_line(bill, previous, cents) if bill else (None, False)
    month = spoken_month(period)
    if line is None:
        dispatcher.utter_message(response="utter_no_such_charge", month=month)
        return [conversation.await_answer("human"), SlotSet("disputed_line", None)]
    say = {
        "month": month,
        "amount": conversation.spoken_amount(line.cents),
        "line": line.name,
        "day": requests.spoken_day(line.day),
        "named": conversation.spoken_amount(cents or 0),
    }
    hotwords.send(dispatcher, [line.name])
    dispatcher.utter_message(response="utter_charge_explained" if is_named else "utter_other_charge", **say)
    dispatcher.utter_message(response="utter_offer_refund")
    stored = {"code": line.code, "name": line.name, "cents": line.cents, "day": line.day.isoformat()}
    stored["period"] = period
    return [SlotSet("disputed_line", stored), conversation.await_answer("refund")]


async def _bill(tracker: Tracker, period: str) -> Bill | None:
    customer_id = tracker.get_slot("customer_id")
    return await backends.ask(lambda: backends.crm().bill(customer_id, period))


def this_period() -> str:
    """The present month, YYYY-MM."""
    return f"{requests.today():%Y-%m}"


def month_before(period: str) -> str:
    """2026-01 -> 2025-12."""
    return f"{date.fromisoformat(period + '-01') - timedelta(days=1):%Y-%m}"


def spoken_month(period: str) -> str:
    """2026-11 -> 11月."""
    return f"{int(period[5:])}月"


def named_period(said: str | None, this: str) -> str | None:
    """Month of a date entity (2026-10, 2026-11-03), or None; what lies ahead of `this` has no bill yet."""
    if not said or not re.match(r"\d{4}-\d{2}", said):
        return None
    return min(said[:7], this)
