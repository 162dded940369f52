"""The back ends of the actions: made once, called in threads, each call with a deadline."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import TypeVar

from actions.clients.appointments import Appointments
from actions.clients.crm import Crm, Customer
from actions.clients.orders import Orders
from actions.clients.store import CrmUnavailable
from actions.clients.tickets import Tickets

Result = TypeVar("Result")

ANSWER_SECONDS = 1.5
BEFORE_GREETING_SECONDS = 0.3  # the greeting does not wait longer for the customer's name


@functools.lru_cache(maxsize=1)
def crm() -> Crm:
    """The CRM of MONGO_URL."""
    return Crm()


@functools.lru_cache(maxsize=1)
def orders() -> Orders:
    """Orders and shipments, of the same database."""
    return Orders()


@functools.lru_cache(maxsize=1)
def appointments() -> Appointments:
    """Appointments, of the same database."""
    return Appointments()


@functools.lru_cache(maxsize=1)
def tickets() -> Tickets:
    """Tickets and outcomes, of the same database."""
    return Tickets()


async def ask(work: Callable[[], Result], seconds: float = ANSWER_SECONDS) -> Result:
    """Result of `work` in a thread. Raises CrmUnavailable when it fails or takes longer than `seconds`."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(work), seconds)
    except asyncio.TimeoutError:
        raise CrmUnavailable(f"CRM: no answer in {seconds} s") from None


async def customer(customer_id: str) -> Customer:
    """One that was found before. Raises CrmUnavailable also when the customer is gone."""
    found = await ask(lambda: crm().customer(customer_id))
    if found is None:
        raise CrmUnavailable("CRM: the customer is gone")
    return found
