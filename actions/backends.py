"""The back ends of the actions: made once, called in threads, each call with a deadline."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from actions.clients import adapters, deeds, delivery, patience, spool
from actions.clients.crm import Customer
from actions.clients.deeds import Deed
from actions.clients.outbox import Entry
from actions.clients.patience import CrmMisread, CrmRefused
from actions.clients.protocols import (
    Adapter,
    AppointmentDesk,
    CallDesk,
    CustomerDesk,
    OrderDesk,
    TicketDesk,
)
from actions.clients.settings import OutboxSettings
from actions.clients.store import CrmUnavailable
from yingda.plumbing.settings import SettingsError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

ANSWER_SECONDS = 1.5
THREADS = 64  # as many questions at once; what waits for a thread uses up its deadline
DISK_THREADS = 4


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
def outbox() -> delivery.Outbox:
    """What waits for the CRM. The action server starts its thread: call_end.py."""
    try:
        settings = adapters.read().outbox
    except SettingsError:
        settings = OutboxSettings()  # adapter() tells what is wrong; until it is put right everything waits
    kept = spool.Spool(settings.path())
    return delivery.Outbox(kept, _outbox_adapter, settings.longest_wait_s, settings.keep_days)


@functools.lru_cache(maxsize=1)
def _outbox_adapter() -> Adapter:
    try:
        return adapters.of_outbox(adapters.read())
    except SettingsError as error:
        raise CrmUnavailable("CRM: its settings cannot be used") from error


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


async def keep(deed: Deed) -> bool:
    """Write it to the CRM, or keep it in the outbox, which delivers it later; whether the CRM has it.

    It is on the disk before the CRM is asked. Raises CrmRefused when the CRM will never take it, and
    CrmUnavailable when neither the CRM nor the disk took it.
    """
    kept = await _put(deed)
    entry, is_first = kept or (None, True)
    if entry and not is_first:
        return False  # what was said before it comes first
    try:
        await ask(lambda: deeds.do(_desks(), deed))
    except CrmRefused as error:
        why = str(error)
        if entry:
            await _on_disk(lambda: outbox().refuse(entry, why))
        raise
    except CrmUnavailable as error:
        if entry is None:
            raise
        misread = isinstance(error, CrmMisread)
        await _on_disk(lambda: outbox().failed(entry, misread))
        logger.warning("call %s: the %s waits in the outbox: %s", deed.call_id, deed.kind, error)
        return False
    if entry:
        await _on_disk(lambda: outbox().done(entry))
    return True


async def _put(deed: Deed) -> tuple[Entry, bool] | None:
    """None when the disk fails or is too slow."""
    try:
        return await _on_disk(lambda: outbox().put(deed))
    except (OSError, TypeError, asyncio.TimeoutError) as error:
        folder, kind = outbox().spool.folder, type(error).__name__
        logger.error("call %s: %s cannot keep a %s (%s)", deed.call_id, folder, deed.kind, kind)
        return None


async def _on_disk(work: Callable[[], Result]) -> Result:
    """What is begun is ended, also when nobody waits for it any more."""
    running = asyncio.get_running_loop().run_in_executor(_disk_threads(), work)
    return await asyncio.wait_for(asyncio.shield(running), ANSWER_SECONDS)


def _desks() -> Adapter:
    return Adapter(crm(), orders(), appointments(), tickets(), calls())


def _by(work: Callable[[], Result], end: float) -> Result:
    with patience.until(end):
        return work()


@functools.lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="crm")


@functools.lru_cache(maxsize=1)
def _disk_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=DISK_THREADS, thread_name_prefix="outbox-disk")


async def customer(customer_id: str) -> Customer:
    """One that was found before. Raises CrmUnavailable also when the customer is gone."""
    found = await ask(lambda: crm().customer(customer_id))
    if found is None:
        raise CrmUnavailable("CRM: the customer is gone")
    return found
