"""The clients of the CRM on whichever MongoDB is there: what they write is what they read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from actions.clients import demo_crowd, demo_data
from actions.clients.appointments import PER_HOUR, Appointments
from actions.clients.crm import Crm
from actions.clients.orders import Orders
from actions.clients.tickets import Tickets
from yingda.plumbing import stores

pytestmark = pytest.mark.integration

TODAY = date(2026, 11, 20)
WANG, LI = "demo-13800138000", "demo-13900139000"


@pytest.fixture
def crm(mongo_url: str) -> Iterator[Any]:
    """The demo customers in a database that only these tests use."""
    client = stores.mongo(mongo_url)
    database = client["yingda_crm_clients"]
    for name in ("tickets", "interactions", "crm_appointments"):
        database[name].drop()
    for _ in range(2):  # twice is the same as once
        demo_data.seed(database, TODAY)
    yield database
    client.close()


@pytest.mark.requirement(205)
def test_orders_are_read_and_changed_only_while_they_can_be(crm: Any) -> None:
    orders = Orders(crm)
    assert [order.item for order in orders.recent(WANG)] == ["蓝牙耳机", "电饭煲", "保温杯"]
    parcel = orders.order(WANG, "75002381")
    assert parcel is not None and parcel.shipment is not None
    assert (parcel.shipment.courier, parcel.shipment.due) == ("顺丰", date(2026, 11, 21))
    assert orders.order(LI, "75002381") is None  # somebody else's
    assert not orders.cancel(WANG, "75002381")  # it has left
    assert orders.change_address(WANG, "75002466", "海淀区中关村大街1号")
    assert orders.cancel(WANG, "75002466") and orders.cancel(WANG, "75002466")
    assert not orders.change_address(WANG, "75002466", "别处")
    assert orders.take_back(WANG, "75001907", "returning")
    states = {order.item: (order.state, order.address) for order in orders.recent(WANG)}
    assert states["蓝牙耳机"] == ("cancelled", "海淀区中关村大街1号") and states["保温杯"][0] == "returning"


@pytest.mark.requirement(205)
def test_appointments_fill_an_hour_and_move(crm: Any) -> None:
    store, day = Appointments(crm), date(2026, 11, 25)
    assert store.next(WANG, TODAY) is None
    for n in range(PER_HOUR):
        assert store.is_free(day, "10:30")
        store.book(f"call-{n}", WANG, "维修", day, "10:30")
    assert not store.is_free(day, "10:00") and store.is_free(day, "11:00")
    number = store.book("call-0", WANG, "维修", date(2026, 11, 23), "09:00")  # thought better of it
    found = store.next(WANG, TODAY)
    assert found is not None and found.number == number
    assert (found.day, found.time) == (date(2026, 11, 23), "09:00")
    assert store.move(number, day, "15:00") and store.cancel(number)
    later = store.next(WANG, TODAY)
    assert later is not None and later.day == day


@pytest.mark.requirement(51)
def test_a_ticket_is_opened_once_and_outcomes_keep_the_last_word(crm: Any) -> None:
    tickets = Tickets(crm)
    assert tickets.latest(WANG) is None
    for _ in range(2):
        tickets.open("call-1", WANG, "fault", "断网")
    assert crm.tickets.count_documents({"customer_id": WANG}) == 1
    ticket = tickets.latest(WANG)
    assert ticket is not None and (ticket.kind, ticket.about, ticket.state) == ("fault", "断网", "open")
    tickets.record("call-1", None, "13800138000", "opt_out", True)
    tickets.record("call-1", WANG, "13800138000", "score", 3)
    tickets.record("call-1", WANG, "13800138000", "score", 9)
    kept = {row["what"]: row["value"] for row in crm.interactions.find({"call_id": "call-1"})}
    assert kept == {"opt_out": True, "score": 9}


@pytest.mark.requirement(205)
def test_the_crowd_is_written_once_in_seconds_and_found_by_number(crm: Any) -> None:
    for name in ("crm_seed", "tickets", "interactions"):
        crm[name].drop()
    started = time.monotonic()
    assert demo_data.seed_crowd(crm, TODAY) == 1000
    assert time.monotonic() - started < 20  # 2 s on an idle machine
    assert demo_data.seed_crowd(crm, TODAY) == 0
    assert crm.crm_customers.count_documents({"synthetic": True}) == 1000
    found = Crm(crm).customer_by_number(f"+86{demo_crowd.phone(7)}")
    assert found is not None and found.id == demo_crowd.customer_id(7)
    assert demo_data.seed_crowd(crm, date(2026, 12, 1)) == 1000  # bills of the new month, nobody twice
    assert crm.crm_customers.count_documents({"synthetic": True}) == 1000
    assert crm.crm_bills.count_documents({"period": "2026-12", "synthetic": True}) == 1000
    wang = Crm(crm).customer_by_number("13800138000")
    assert wang is not None and (wang.title, wang.balance_cents) == ("王女士", 8642)
