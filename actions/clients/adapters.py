"""Which CRM it is: one adapter for each value of `adapter` in settings/crm.yml."""

from __future__ import annotations

import sys
from typing import Any

from actions.clients import rest
from actions.clients.appointments import Appointments
from actions.clients.calls import Calls
from actions.clients.crm import Crm
from actions.clients.orders import Orders
from actions.clients.outage import Breaker, Retries
from actions.clients.patience import Patience
from actions.clients.protocols import Adapter
from actions.clients.settings import CrmSettings, read
from actions.clients.tickets import Tickets
from yingda.plumbing import stores

__all__ = ["mongodb", "of", "of_outbox", "read", "rest_api"]

UNHURRIED_S = 10.0


def of(settings: CrmSettings) -> Adapter:
    """The adapter that the settings name. Nothing is connected yet."""
    breaker, retries = Breaker(settings.failures, settings.pause_s), Retries(settings.attempts)
    return _named(settings, Patience(settings.answer_ms / 1000, breaker, retries))


def of_outbox(settings: CrmSettings) -> Adapter:
    """The same CRM as the outbox asks it: nobody waits, and what it finds out says nothing to callers."""
    return _named(settings, Patience(UNHURRIED_S, Breaker(sys.maxsize, settings.pause_s)))


def _named(settings: CrmSettings, patience: Patience) -> Adapter:
    if settings.adapter == "rest":
        return rest_api(str(settings.rest.url), settings.rest.token, patience)
    return mongodb(stores.database(), patience)


def mongodb(database: Any, patience: Patience) -> Adapter:
    """The collections of a pymongo database."""
    return Adapter(
        crm=Crm(database, patience),
        orders=Orders(database, patience),
        appointments=Appointments(database, patience),
        tickets=Tickets(database, patience),
        calls=Calls(database, patience),
    )


def rest_api(url: str, token: str | None, patience: Patience) -> Adapter:
    """A system that speaks docs/crm-api.yaml at `url`."""
    line = rest.Line(url, token, patience)
    return Adapter(
        crm=rest.RestCustomers(line),
        orders=rest.RestOrders(line),
        appointments=rest.RestAppointments(line),
        tickets=rest.RestTickets(line),
        calls=rest.RestCalls(line),
    )
