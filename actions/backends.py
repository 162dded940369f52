"""The back ends of the actions: made once, called in threads, each call with a deadline."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from actions.clients import adapters, patience
from actions.clients.crm import Customer
from actions.clients.protocols import (
    Adapter,
    AppointmentDesk,
    CallDesk,
    CustomerDesk,
    OrderDesk,
    TicketDesk,
)
from actions.clients.store import CrmUnavailable
from yingda.plumbing.settings import SettingsError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

ANSWER_SECONDS = 1.5
THREADS = 64  # as many questions at once; what waits for a thread uses up its deadline


@functools.lru_cache(maxsize=1)
def adapter() -> Adapter:
    """The CRM of settings/crm.yml. Raises CrmUnavailable while the settings are wrong."""
    try:
        return adapters.of(adapters.read())
    except SettingsError as error:
        logger.error("%s", error)
        raise CrmUnavailable("CRM: its settings cannot be used") from error


def crm() -> CustomerDesk:
    """Customers, bills, refunds, handoffs."""
    return adapter().crm


def orders() -> OrderDesk:
    """Orders and shipments."""
    return adapter().orders


def appointments() -> AppointmentDesk:
    """Appointments."""
    return adapter().appointments


def tickets() -> TicketDesk:
    """Tickets and single outcomes."""
    return adapter().tickets


def calls() -> CallDesk:
    """Reports of calls, and opt-outs."""
    return adapter().calls


@functools.lru_cache(maxsize=1)
def before_greeting_seconds() -> float:
    """How long the greeting waits for the customer's data."""
    try:
        return adapters.read().greeting_ms / 1000
    except SettingsError:
        return 0.25


async def ask(work: Callable[[], Result], seconds: float = ANSWER_SECONDS) -> Result:
    """Result of `work` in a thread. Raises CrmUnavailable when it fails or takes longer than `seconds`."""
    end = time.monotonic() + seconds
    running = asyncio.get_running_loop().run_in_executor(_threads(), _by, work, end)
    try:
        return await asyncio.wait_for(running, seconds)
    except asyncio.TimeoutError:
        raise CrmUnavailable(f"CRM: no answer in {seconds} s") from None


def _by(work: Callable[[], Result], end: float) -> Result:
    with patience.until(end):
        return work()


@functools.lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="crm")


async def customer(customer_id: str) -> Customer:
    """One that was found before. Raises CrmUnavailable also when the customer is gone."""
    found = await ask(lambda: crm().customer(customer_id))
    if found is None:
        raise CrmUnavailable("CRM: the customer is gone")
    return found
