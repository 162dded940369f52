"""Balance, bill and disputed fees: asked, remembered until the identity is known, answered from the CRM."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, hotwords, requests
from actions.clients.crm import Bill, BillLine, disputed_line
from actions.clients.store import CrmUnavailable


class ActionQueryBalance(Action):
    """Tell the balance."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_balance"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        return await requests.take_up(dispatcher, tracker, {"request": "balance"}, tell_balance)


class ActionQueryBill(Action):
    """Tell the bill of this month or of the month that was named."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_bill"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        period = named_period(conversation.entity(tracker, "date"), this_period())
        slots = {"request": "bill", "bill_period": period or this_period()}
        return await requests.take_up(dispatcher, tracker, slots, tell_bill)


class ActionFeeDispute(Action):
    """Explain a charge by the true line of the bill; offer a refund request or a human."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_fee_dispute"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        cents = conversation.amount_cents(tracker)
        wants_money_back = conversation.awaiting(tracker) == "refund" and "退" in conversation.text(tracker)
        if cents is None and wants_money_back:
            return await open_refund(dispatcher, tracker)
        period = named_period(conversation.entity(tracker, "date"), this_period())
        slots = {"request": "dispute", "dispute_cents": cents, "bill_period": period or this_period()}
        return await requests.take_up(dispatcher, tracker, slots, explain_charge)


class ActionOpenRefundTicket(Action):
    """The customer wants the explained charge back."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_open_refund_ticket"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The next question is whether there is anything else."""
        return await open_refund(dispatcher, tracker)


class ActionAskMore(Action):
    """Ask whether there is anything else."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_ask_more"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A no ends the call from here."""
        return requests.ask_more(dispatcher)


async def open_refund(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Open the ticket for the line that was explained last."""
    stored = tracker.get_slot("disputed_line")
    if not stored:
        return requests.ask_more(dispatcher)
    line = BillLine(stored["code"], stored["name"], stored["cents"], date.fromisoformat(stored["day"]))
    customer_id, period = tracker.get_slot("customer_id"), tracker.get_slot("bill_period")
    try:
        await backends.ask(
            lambda: backends.crm().open_refund_ticket(tracker.sender_id, customer_id, period, line)
        )
    except CrmUnavailable:
        dispatcher.utter_message(response="utter_system_busy")
        return [conversation.await_answer("more")]
    amount = conversation.spoken_amount(line.cents)
    dispatcher.utter_message(response="utter_refund_requested", amount=amount, line=line.name)
    return requests.ask_more(dispatcher)


async def tell_balance(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    customer = await backends.customer(tracker.get_slot("customer_id"))
    amount = conversation.spoken_amount(customer.balance_cents)
    dispatcher.utter_message(response="utter_balance", amount=amount)
    return requests.ask_more(dispatcher)


async def tell_bill(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    period = str(tracker.get_slot("bill_period") or this_period())
    bill = await _bill(tracker, period)
    if bill is None:
        dispatcher.utter_message(response="utter_no_bill", month=spoken_month(period))
        return requests.ask_more(dispatcher)
    lines = "，".join(f"{line.name}{conversation.spoken_amount(line.cents)}" for line in bill.lines)
    total = conversation.spoken_amount(bill.total_cents)
    hotwords.send(dispatcher, hotwords.of_bill(bill))
    dispatcher.utter_message(response="utter_bill", month=spoken_month(period), total=total, lines=lines)
    return requests.ask_more(dispatcher)


async def explain_charge(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
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
