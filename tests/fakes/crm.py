"""A CRM that lives in memory, and the pieces of a turn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import account
from actions.clients.crm import Bill, BillLine, CrmUnavailable, Customer
from yingda.sansio.numerals import find_values, normalise

WANG = Customer("c1", "王丽", "王女士", "6721", 8642, ("畅享套餐",))
PLAN = BillLine("plan", "套餐月费", 5900, date(2026, 11, 1))
ROAMING = BillLine("roaming_pack", "国际漫游包", 10000, date(2026, 11, 3))


@dataclass
class FakeCrm:
    """Answers at once; `away` makes every call fail."""

    away: bool = False
    tickets: list[tuple[str, int]] = field(default_factory=list)
    handoffs: list[tuple[str, str]] = field(default_factory=list)

    def customer_by_number(self, number: str) -> Customer | None:
        self._answer()
        return WANG if number == "13800138000" else None

    def customer(self, customer_id: str) -> Customer | None:
        self._answer()
        return WANG if customer_id == "c1" else None

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
            {"entity": value.kind, "value": value.value} for value in find_values(written, account.today())
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
        self.events: list[dict[str, Any]] = []
        self.responses: list[dict[str, Any]] = []

    def run(self, action: Any) -> Turn:
        tracker = Tracker("call-1", self.slots, self.message, self.events, False, None, {}, "action_listen")
        dispatcher = CollectingDispatcher()
        result = action.run(dispatcher, tracker, {})
        events = asyncio.run(result) if asyncio.iscoroutine(result) else result
        self.slots.update({event["name"]: event["value"] for event in events if event["event"] == "slot"})
        self.responses = dispatcher.messages
        return self

    @property
    def said(self) -> list[str]:
        return [message["response"] for message in self.responses if message.get("response")]

    def response(self, name: str) -> dict[str, Any]:
        return next(message for message in self.responses if message.get("response") == name)

    @property
    def control(self) -> list[dict[str, Any]]:
        return [message["custom"] for message in self.responses if message.get("custom")]
