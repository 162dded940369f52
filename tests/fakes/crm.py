"""A CRM that lives in memory, and the pieces of a turn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import requests
from actions.clients.appointments import Appointment, HourTaken
from actions.clients.calls import CallReport, OptOut
from actions.clients.crm import Bill, BillLine, Customer, PastCall, Profile
from actions.clients.orders import Order, Shipment
from actions.clients.store import CrmUnavailable
from actions.clients.tickets import Ticket
from yingda.sansio.numerals import find_values, normalise

WANG = Customer("c1", "王丽", "王女士", "6721", 8642, ("畅享套餐",))
PLAN = BillLine("plan", "套餐月费", 5900, date(2026, 11, 1))
ROAMING = BillLine("roaming_pack", "国际漫游包", 10000, date(2026, 11, 3))


ADDRESS = "北京市朝阳区建国路88号"
SENT = Shipment("顺丰", "北京顺义中转站", date(2026, 11, 21))
ORDERS = (
    Order("75002466", "蓝牙耳机", 19900, date(2026, 11, 19), "paid", ADDRESS),
    Order("75002381", "电饭煲", 32900, date(2026, 11, 14), "shipped", ADDRESS, SENT),
    Order("75001907", "保温杯", 5900, date(2026, 11, 5), "delivered", ADDRESS),
)


@dataclass
class FakeCrm:
    """All of the CRM: answers at once; `away` makes every call fail."""

    away: bool = False
    orders: dict[str, Order] = field(default_factory=lambda: {order.number: order for order in ORDERS})
    booked: Appointment | None = None
    full: set[str] = field(default_factory=set)
    opened: list[tuple[str, str]] = field(default_factory=list)
    outcomes: dict[str, Any] = field(default_factory=dict)
    ticket: Ticket | None = None
    tickets: list[tuple[str, int]] = field(default_factory=list)
    handoffs: list[tuple[str, str]] = field(default_factory=list)
    reports: list[CallReport] = field(default_factory=list)
    opted_out: list[OptOut] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def customer_by_number(self, number: str) -> Customer | None:
        self._answer()
        return WANG if number == "13800138000" else None

    def customer(self, customer_id: str) -> Customer | None:
        self._answer()
        return WANG if customer_id == "c1" else None

    def profile(self, number: str) -> Profile | None:
        customer = self.customer_by_number(number)
        last = PastCall(date(2026, 11, 2), "answered", "咨询余额，已答复", "calm")
        under_way = tuple(order for order in ORDERS if order.state != "delivered")
        return customer and Profile(customer, under_way, (), last)

    def finish(self, report: CallReport) -> None:
        self._answer()
        self.reports.append(report)

    def opt_out(self, word: OptOut) -> None:
        self._answer()
        self.opted_out.append(word)

    def bill(self, customer_id: str, period: str) -> Bill | None:
        self._answer()
        bills = {"2026-11": (PLAN, ROAMING), "2026-10": (PLAN,)}
        return Bill(period, bills[period]) if period in bills else None

    def open_refund_ticket(self, call_id: str, customer_id: str, period: str, line: BillLine) -> str:
        self._answer()
        self.tickets.append((line.code, line.cents))
        return "t1"

    def record_handoff(self, call_id: str, reason: str, summary: str, customer_id: str | None) -> str:
        self._answer()
        self.handoffs.append((reason, summary))
        return "h1"

    def recent(self, customer_id: str) -> tuple[Order, ...]:
        self._answer()
        return tuple(self.orders.values())

    def order(self, customer_id: str, number: str) -> Order | None:
        self._answer()
        return self.orders.get(number)

    def take_back(self, customer_id: str, number: str, state: str) -> bool:
        return self._change_order(number, ("delivered",), state=state)

    def change_address(self, customer_id: str, number: str, address: str) -> bool:
        return self._change_order(number, ("paid", "packed"), address=address)

    def _change_order(self, number: str, states: tuple[str, ...], **fields: str) -> bool:
        self._answer()
        if self.orders[number].state not in states:
            return False
        self.orders[number] = replace(self.orders[number], **fields)
        return True

    def next(self, customer_id: str, today: date) -> Appointment | None:
        self._answer()
        return self.booked

    def is_free(self, day: date, time: str) -> bool:
        self._answer()
        return time not in self.full

    def book(self, call_id: str, customer_id: str, what: str, day: date, time: str) -> str:
        self._answer()
        if time in self.full:
            raise HourTaken
        self.booked = Appointment("a1", what, day, time)
        return "a1"

    def move(self, number: str, day: date, time: str) -> bool:
        self._answer()
        if time in self.full:
            raise HourTaken
        assert self.booked is not None
        self.booked = replace(self.booked, day=day, time=time)
        return True

    def cancel(self, *numbers: str) -> bool:
        """An appointment by its number, or an order by customer and number."""
        if len(numbers) > 1:
            return self._change_order(numbers[1], ("paid", "packed"), state="cancelled")
        self._answer()
        self.booked = None
        return True

    def open(self, call_id: str, customer_id: str | None, kind: str, about: str) -> str:
        self._answer()
        self.opened.append((kind, about))
        return "t2"

    def latest(self, customer_id: str) -> Ticket | None:
        self._answer()
        return self.ticket

    def unfinished(self, customer_id: str) -> tuple[Ticket, ...]:
        self._answer()
        return (self.ticket,) if self.ticket and self.ticket.state != "done" else ()

    def add_note(self, number: str, call_id: str, text: str) -> bool:
        self._answer()
        self.notes.append((number, text))
        return True

    def record(
        self, call_id: str, customer_id: str | None, customer_number: str, what: str, value: Any
    ) -> None:
        self._answer()
        self.outcomes[what] = value

    def _answer(self) -> None:
        if self.away:
            raise CrmUnavailable("away")


class Turn:
    """One user message, the action run on it, and what came of it."""

    def __init__(
        self, text: str = "", intent: str = "", keyed: dict[str, Any] | None = None, **slots: Any
    ) -> None:
        written = normalise(text)
        entities = [
            {"entity": value.kind, "value": value.value} for value in find_values(written, requests.today())
        ]
        entities += [{"entity": name, "value": value} for name, value in (keyed or {}).items()]
        self.message = {
            "text": text,
            "intent": {"name": intent},
            "entities": entities,
            "parse_data": {"text": written},
            "metadata": {},
        }
        self.slots = {"awaiting": "nothing", "identity_verified": False, "identity_attempts": 0, **slots}
        self.form: str | None = self.slots.pop("form", None)
        self.events: list[dict[str, Any]] = []
        self.responses: list[dict[str, Any]] = []
        self.returned: list[dict[str, Any]] = []

    def run(self, action: Any, domain: dict[str, Any] | None = None) -> Turn:
        loop = {"name": self.form} if self.form else {}
        tracker = Tracker("call-1", self.slots, self.message, self.events, False, None, loop, "action_listen")
        dispatcher = CollectingDispatcher()
        result = action.run(dispatcher, tracker, domain or {})
        events = asyncio.run(result) if asyncio.iscoroutine(result) else result
        self.slots.update({event["name"]: event["value"] for event in events if event["event"] == "slot"})
        for event in events:
            if event["event"] == "active_loop":
                self.form = event["name"]
        self.responses, self.returned = dispatcher.messages, list(events)
        return self

    def fill(self, form: Any, **values: Any) -> Turn:
        """Run a form as Rasa does, with the values that its mappings took from this turn."""
        self.form = form.form
        self.slots.update(values)
        taken = [{"event": "slot", "name": name, "value": value} for name, value in values.items()]
        self.events = [*self.events, {"event": "user"}, {"event": "action", "name": form.form}, *taken]
        return self.run(form)

    def then(self, text: str, intent: str = "inform", keyed: dict[str, Any] | None = None) -> Turn:
        """The customer's next turn in the same conversation."""
        following = Turn(text, intent, keyed, **self.slots)
        following.form, following.events = self.form, list(self.events)
        return following

    @property
    def said(self) -> list[str]:
        return [message["response"] for message in self.responses if message.get("response")]

    def response(self, name: str) -> dict[str, Any]:
        return next(message for message in self.responses if message.get("response") == name)

    @property
    def control(self) -> list[dict[str, Any]]:
        return [message["custom"] for message in self.responses if message.get("custom")]
