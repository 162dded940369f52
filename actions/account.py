"""Balance, bill and disputed fees: asked, remembered until the identity is known, answered from the CRM."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, hotwords
from actions.clients.crm import Bill, BillLine, CrmUnavailable, disputed_line
from yingda.sansio.numerals import CHINA


class ActionQueryBalance(Action):
    """Tell the balance."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_query_balance"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request and its answer."""
        return await request(dispatcher, tracker, {"request": "balance"})


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
        return await request(dispatcher, tracker, {"request": "bill", "bill_period": period or this_period()})


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
        return await request(dispatcher, tracker, slots)


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
        return ask_more(dispatcher)


async def request(
    dispatcher: CollectingDispatcher, tracker: Tracker, slots: dict[str, Any]
) -> list[EventType]:
    """Take a request up: answer it, or remember it and ask who calls."""
    events: list[EventType] = [SlotSet(name, value) for name, value in slots.items()]
    tracker.slots.update(slots)
    if tracker.get_slot("identity_verified"):
        return events + await answer_request(dispatcher, tracker)
    known = tracker.get_slot("customer_id")
    dispatcher.utter_message(response="utter_ask_id_last4" if known else "utter_ask_phone")
    return [*events, conversation.await_answer("id_last4" if known else "phone")]


async def answer_request(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Answer what was asked before; the identity is known."""
    answers = {"balance": _tell_balance, "bill": _tell_bill, "dispute": _explain_charge}
    answer = answers.get(str(tracker.get_slot("request")))
    if answer is None:
        return ask_more(dispatcher)
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


async def open_refund(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Open the ticket for the line that was explained last."""
    stored = tracker.get_slot("disputed_line")
    if not stored:
        return ask_more(dispatcher)
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
    return ask_more(dispatcher)


async def _tell_balance(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    customer_id = tracker.get_slot("customer_id")
    customer = await backends.ask(lambda: backends.crm().customer(customer_id))
    if customer is None:
        raise CrmUnavailable("CRM: the customer is gone")
    amount = conversation.spoken_amount(customer.balance_cents)
    dispatcher.utter_message(response="utter_balance", amount=amount)
    return ask_more(dispatcher)


async def _tell_bill(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    period = str(tracker.get_slot("bill_period") or this_period())
    bill = await _bill(tracker, period)
    if bill is None:
        dispatcher.utter_message(response="utter_no_bill", month=spoken_month(period))
        return ask_more(dispatcher)
    lines = "，".join(f"{line.name}{conversation.spoken_amount(line.cents)}" for line in bill.lines)
    total = conversation.spoken_amount(bill.total_cents)
    hotwords.send(dispatcher, hotwords.of_bill(bill))
    dispatcher.utter_message(response="utter_bill", month=spoken_month(period), total=total, lines=lines)
    return ask_more(dispatcher)


async def _explain_charge(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
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
        "day": f"{line.day.month}月{line.day.day}日",
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


def today() -> date:
    """Today where the customers live."""
    return datetime.now(CHINA).date()


def this_period() -> str:
    """The present month, YYYY-MM."""
    return f"{today():%Y-%m}"


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
