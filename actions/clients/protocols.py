"""What the actions ask of a CRM. Two adapters speak it: the MongoDB clients of this folder, and rest.py.

Every method answers or raises CrmUnavailable by its deadline; CrmRefused, which is one, when to ask again
would be of no use. Every write is the same done twice as once. A
new adapter must pass tests/integration/stores/test_crm_contract.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from actions.clients.appointments import Appointment
from actions.clients.calls import CallReport, OptOut
from actions.clients.crm import Bill, BillLine, Customer, Profile
from actions.clients.orders import Order
from actions.clients.tickets import Ticket


class CustomerDesk(Protocol):
    """Customers, bills, refunds, handoffs: see actions.clients.crm.Crm."""

    def customer_by_number(self, number: str) -> Customer | None: ...
    def profile(self, number: str) -> Profile | None: ...
    def customer(self, customer_id: str) -> Customer | None: ...
    def bill(self, customer_id: str, period: str) -> Bill | None: ...
    def open_refund_ticket(self, call_id: str, customer_id: str, period: str, line: BillLine) -> str: ...
    def record_handoff(self, call_id: str, reason: str, summary: str, customer_id: str | None) -> str: ...


class OrderDesk(Protocol):
    """Orders and parcels: see actions.clients.orders.Orders."""

    def recent(self, customer_id: str) -> tuple[Order, ...]: ...
    def order(self, customer_id: str, number: str) -> Order | None: ...
    def cancel(self, customer_id: str, number: str) -> bool: ...
    def change_address(self, customer_id: str, number: str, address: str) -> bool: ...
    def take_back(self, customer_id: str, number: str, state: str) -> bool: ...


class AppointmentDesk(Protocol):
    """Appointments: see actions.clients.appointments.Appointments."""

    def next(self, customer_id: str, today: date) -> Appointment | None: ...
    def is_free(self, day: date, time: str) -> bool: ...
    def book(self, call_id: str, customer_id: str, what: str, day: date, time: str) -> str: ...
    def move(self, number: str, day: date, time: str) -> bool: ...  # both raise HourTaken
    def cancel(self, number: str) -> bool: ...


class TicketDesk(Protocol):
    """Tickets and single outcomes: see actions.clients.tickets.Tickets."""

    def open(self, call_id: str, customer_id: str | None, kind: str, about: str) -> str: ...
    def latest(self, customer_id: str) -> Ticket | None: ...
    def unfinished(self, customer_id: str) -> tuple[Ticket, ...]: ...
    def add_note(self, number: str, call_id: str, text: str) -> bool: ...
    def set_state(self, number: str, state: str) -> bool: ...
    def record(
        self, call_id: str, customer_id: str | None, customer_number: str, what: str, value: Any
    ) -> None: ...


class CallDesk(Protocol):
    """What is written back of a call: see actions.clients.calls.Calls."""

    def finish(self, report: CallReport) -> None: ...
    def opt_out(self, word: OptOut) -> None: ...
    def is_suppressed(self, number: str, scope: str) -> bool: ...


@dataclass(frozen=True)
class Adapter:
    """One CRM, whichever it is. Its parts share one connection's patience and breaker."""

    crm: CustomerDesk
    orders: OrderDesk
    appointments: AppointmentDesk
    tickets: TicketDesk
    calls: CallDesk
