"""Customers, bills, refunds and handoffs. Plain and synchronous; money in integer cents.

Every call answers within about a second or raises CrmUnavailable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from actions.clients.orders import ON_ITS_WAY, Order, Orders
from actions.clients.store import Store
from actions.clients.tickets import Ticket, Tickets


@dataclass(frozen=True)
class Customer:
    """A customer. `title` is how he or she is addressed: 王女士; `products` are the names of the plans and
    services that he or she has."""

    id: str
    name: str
    title: str
    id_last4: str
    balance_cents: int
    products: tuple[str, ...] = ()


@dataclass(frozen=True)
class BillLine:
    """One line of a bill; `day` is when the charge arose."""

    code: str
    name: str
    cents: int
    day: date


@dataclass(frozen=True)
class Bill:
    """The bill of one month; `period` is YYYY-MM."""

    period: str
    lines: tuple[BillLine, ...]

    @property
    def total_cents(self) -> int:
        """Sum of the lines."""
        return sum(line.cents for line in self.lines)


@dataclass(frozen=True)
class PastCall:
    """The customer's last call: its day; outcome, summary and mood as in actions.clients.calls.CallReport."""

    day: date
    outcome: str
    summary: str
    mood: str


@dataclass(frozen=True)
class Profile:
    """What is known of a customer before the first prompt: open orders and tickets, the newest first."""

    customer: Customer
    orders: tuple[Order, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    last_call: PastCall | None = None


class Crm(Store):
    """Reads customers and bills, writes tickets and handoffs; writing twice is the same as once."""

    def customer_by_number(self, number: str) -> Customer | None:
        """The customer who calls from `number` (digits, with or without the country code +86)."""
        return self._customer({"phone": local_number(number)})

    def profile(self, number: str) -> Profile | None:
        """The customer who calls from `number`, with what is open and what was last."""
        customer = self.customer_by_number(number)
        if customer is None:
            return None
        orders = Orders(self._database, self._patience).recent(customer.id)
        under_way = tuple(order for order in orders if order.state in ON_ITS_WAY)
        tickets = Tickets(self._database, self._patience).unfinished(customer.id)
        return Profile(customer, under_way, tickets, self._last_call(customer.id))

    def customer(self, customer_id: str) -> Customer | None:
        """A customer by id."""
        return self._customer({"_id": customer_id})

    def bill(self, customer_id: str, period: str) -> Bill | None:
        """The bill of `period` (YYYY-MM), or None."""
        query = {"customer_id": customer_id, "period": period}
        found = self._find_one("crm_bills", query)
        if found is None:
            return None
        lines = tuple(
            BillLine(line["code"], line["name"], int(line["cents"]), date.fromisoformat(line["day"]))
            for line in found["lines"]
        )
        return Bill(period, lines)

    def open_refund_ticket(self, call_id: str, customer_id: str, period: str, line: BillLine) -> str:
        """Ask for `line` to be refunded. One call opens one ticket for a line; returns its number."""
        number = f"{call_id}:refund:{period}:{line.code}"
        fields = {"customer_id": customer_id, "period": period, "line": line.code, "cents": line.cents}
        self._insert_once("tickets", number, {**fields, "kind": "refund", "state": "open"})
        return number

    def record_handoff(self, call_id: str, reason: str, summary: str, customer_id: str | None) -> str:
        """Record that a human takes over, with what he or she must know. Returns the record's id."""
        key = f"{call_id}:{reason}"
        fields = {"call_id": call_id, "reason": reason, "summary": summary, "customer_id": customer_id}
        self._insert_once("handoffs", key, {**fields, "state": "waiting"})
        return key

    def _last_call(self, customer_id: str) -> PastCall | None:
        query = {"customer_id": customer_id, "what": "call"}
        rows = self._newest("interactions", query, "created_at", 1)
        if not rows:
            return None
        told = {key: str(rows[0]["value"].get(key) or "") for key in ("outcome", "summary", "mood")}
        return PastCall(rows[0]["created_at"].date(), **told)

    def _customer(self, query: dict[str, Any]) -> Customer | None:
        found = self._find_one("crm_customers", query)
        if found is None:
            return None
        account = self._find_one("crm_accounts", {"customer_id": found["_id"]}) or {}
        products = tuple(str(name) for name in found.get("products") or ())
        about = (str(found[field]) for field in ("name", "title", "id_last4"))
        return Customer(str(found["_id"]), *about, int(account.get("balance_cents") or 0), products)


def local_number(number: str) -> str:
    """Digits of a telephone number without +86 or 0086 or 86: +86 138 0013 8000 -> 13800138000."""
    digits = "".join(char for char in number if char.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    return digits


def disputed_line(bill: Bill, previous: Bill | None, cents: int | None) -> tuple[BillLine | None, bool]:
    """The line that a customer means by "you charged me too much", and whether its amount is the one named.

    A line of exactly `cents` first; else the largest line that the previous bill does not have.
    """
    for line in bill.lines:
        if cents is not None and line.cents == cents:
            return line, True
    known = {line.code for line in previous.lines} if previous else set()
    new = [line for line in bill.lines if line.code not in known]
    return max(new, key=lambda line: line.cents, default=None), cents is None
