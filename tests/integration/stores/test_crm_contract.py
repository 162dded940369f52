"""What every CRM adapter must do: the same tests for MongoDB and for a company's own CRM over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from typing import Any

import pytest

from actions.clients import adapters, demo_crowd, demo_data
from actions.clients.appointments import PER_HOUR, HourTaken
from actions.clients.calls import CallReport, Lead, OptOut, Promise
from actions.clients.crm import BillLine
from actions.clients.patience import Patience
from actions.clients.protocols import Adapter
from tests.fakes import crm_document
from tests.fakes.crm_server import TOKEN, CrmServer
from yingda.plumbing import stores

pytestmark = [pytest.mark.integration, pytest.mark.requirement(50), pytest.mark.requirement(52)]

TODAY = date(2026, 11, 20)
WANG, LI = "demo-13800138000", "demo-13900139000"
AT = datetime(2026, 11, 20, 3, 0, tzinfo=timezone.utc)
PATIENT = 5.0  # seconds: other tests run beside this one


@pytest.fixture(params=["mongodb", "rest"])
def crm(request: pytest.FixtureRequest, mongo_url: str) -> Iterator[Adapter]:
    """The demo customers in one of the two, and nothing of earlier tests."""
    if request.param == "rest":
        server = CrmServer(TODAY, crowd=20)
        server.start()
        yield adapters.rest_api(server.url, TOKEN, Patience(PATIENT))
        server.stop()
        crm_document.check_all(server.seen)
        return
    client = stores.mongo(mongo_url)
    name = "yingda_crm_contract"
    database = client[name]
    for collection in database.list_collection_names():
        database[collection].drop()
    demo_data.seed(database, TODAY)
    demo_data.seed_crowd(database, TODAY, 20)
    yield adapters.mongodb(database, Patience(PATIENT))
    client.close()


def report(**changes: Any) -> CallReport:
    fields: dict[str, Any] = {
        "call_id": "call-1",
        "customer_id": WANG,
        "customer_number": "13800138000",
        "direction": "inbound",
        "outcome": "promised",
        "who": "王女士，身份已核实",
        "asked": ("查询余额",),
        "done": ("告知余额",),
        "open": (),
        "mood": "calm",
        "summary": "王女士查询余额，答应月底缴费。",
        "promises": (Promise(date(2026, 11, 30), 5000),),
        "lead": Lead("B", ("感兴趣",)),
    }
    return CallReport(**{**fields, **changes})


def test_a_customer_is_found_by_number_and_by_id(crm: Adapter) -> None:
    for number in ("13800138000", "+86 138 0013 8000", "008613800138000"):
        found = crm.crm.customer_by_number(number)
        assert found is not None and (found.id, found.title, found.balance_cents) == (WANG, "王女士", 8642)
    assert crm.crm.customer(WANG) == found
    assert found.products == ("畅享套餐", "国际漫游包") and found.id_last4 == "6721"
    made_up = crm.crm.customer_by_number(demo_crowd.phone(3))
    assert made_up is not None and made_up.id == demo_crowd.customer_id(3)
    assert crm.crm.customer_by_number("110") is None and crm.crm.customer("nobody") is None
    assert crm.crm.customer("../customers") is None


def test_a_bill_has_its_lines(crm: Adapter) -> None:
    bill = crm.crm.bill(WANG, "2026-11")
    assert bill is not None and bill.total_cents == 5900 + 120 + 10000
    assert bill.lines[-1] == BillLine("roaming_pack", "国际漫游包", 10000, date(2026, 11, 3))
    assert crm.crm.bill(WANG, "2020-01") is None


@pytest.mark.requirement(49)
def test_the_profile_is_what_is_open_and_what_was_last(crm: Adapter) -> None:
    fresh = crm.crm.profile("13800138000")
    assert fresh is not None and fresh.customer.title == "王女士"
    assert [order.item for order in fresh.orders] == ["蓝牙耳机", "电饭煲"]  # not what was delivered
    assert fresh.orders[1].shipment is not None and fresh.orders[1].shipment.due == date(2026, 11, 21)
    assert fresh.tickets == () and fresh.last_call is None
    number = crm.tickets.open("call-1", WANG, "fault", "断网")
    crm.calls.finish(report())
    known = crm.crm.profile("13800138000")
    assert known is not None and [ticket.number for ticket in known.tickets] == [number]
    assert known.last_call is not None and known.last_call.outcome == "promised"
    assert known.last_call.summary.startswith("王女士")
    assert crm.tickets.set_state(number, "done")
    known = crm.crm.profile("13800138000")
    assert known is not None and known.tickets == ()
    assert crm.crm.profile("110") is None


def test_orders_change_only_while_they_can(crm: Adapter) -> None:
    orders = crm.orders
    assert [order.item for order in orders.recent(WANG)] == ["蓝牙耳机", "电饭煲", "保温杯"]
    parcel = orders.order(WANG, "75002381")
    assert parcel is not None and parcel.shipment is not None and parcel.shipment.courier == "顺丰"
    assert orders.order(LI, "75002381") is None  # somebody else's
    assert orders.order(WANG, "1") is None and orders.recent("nobody") == ()
    assert not orders.cancel(WANG, "75002381")  # it has left
    assert not orders.cancel(LI, "75002466")  # somebody else's
    assert orders.change_address(WANG, "75002466", "海淀区中关村大街1号")
    assert orders.cancel(WANG, "75002466") and orders.cancel(WANG, "75002466")
    assert not orders.change_address(WANG, "75002466", "别处")
    assert orders.take_back(WANG, "75001907", "returning") and orders.take_back(WANG, "75001907", "returning")
    assert not orders.take_back(WANG, "75001907", "exchanging")
    now = {order.item: (order.state, order.address) for order in orders.recent(WANG)}
    assert now["蓝牙耳机"] == ("cancelled", "海淀区中关村大街1号") and now["保温杯"][0] == "returning"


def test_appointments_fill_an_hour_move_and_go(crm: Adapter) -> None:
    desk, day = crm.appointments, date(2026, 12, 22)
    assert desk.next(WANG, TODAY) is None
    for n in range(PER_HOUR):
        assert desk.is_free(day, "10:30")
        desk.book(f"call-{n}", WANG, "维修", day, "10:30")
    assert not desk.is_free(day, "10:00") and desk.is_free(day, "11:00")
    number = desk.book("call-0", WANG, "维修", date(2026, 11, 23), "09:00")  # thought better of it
    found = desk.next(WANG, TODAY)
    assert found is not None and (found.number, found.day, found.time) == (
        number,
        date(2026, 11, 23),
        "09:00",
    )
    assert found.what == "维修" and desk.is_free(day, "10:30")
    assert desk.move(number, day, "15:00") and desk.cancel(number) and desk.cancel(number)
    later = desk.next(WANG, TODAY)
    assert later is not None and later.day == day and later.time == "10:30"
    assert not desk.move("none", day, "10:00") and not desk.cancel("none")


@pytest.mark.requirement(51)
def test_a_ticket_is_opened_once_added_to_and_asked_about(crm: Adapter) -> None:
    desk = crm.tickets
    assert desk.latest(WANG) is None and desk.unfinished(WANG) == ()
    numbers = {desk.open("call-1", WANG, "fault", "断网") for _ in range(2)}
    assert len(numbers) == 1
    number = numbers.pop()
    assert desk.open("call-1", WANG, "fault", "没有信号") != number
    assert len(desk.unfinished(WANG)) == 2
    assert desk.add_note(number, "call-2", "还没有人来") and desk.add_note(number, "call-2", "还没有人来")
    assert not desk.add_note("none", "call-2", "还没有人来")
    assert desk.set_state(number, "working") and not desk.set_state("none", "working")
    states = {ticket.about: (ticket.kind, ticket.state) for ticket in desk.unfinished(WANG)}
    assert states == {"断网": ("fault", "working"), "没有信号": ("fault", "open")}
    line = BillLine("roaming_pack", "国际漫游包", 10000, date(2026, 11, 3))
    assert crm.crm.open_refund_ticket("c", WANG, "2026-11", line) == crm.crm.open_refund_ticket(
        "c", WANG, "2026-11", line
    )
    latest = desk.latest(WANG)
    assert latest is not None and (latest.kind, latest.state) == ("refund", "open")
    assert desk.open("call-9", None, "complaint", "不认识的号码")


def test_what_is_said_may_be_written_twice(crm: Adapter) -> None:
    for _ in range(2):
        crm.tickets.record("call-1", None, "13800138000", "score", 9)
        crm.crm.record_handoff("call-1", "requested", "王女士，身份已核实。", WANG)
        crm.calls.finish(report(customer_id=None, lead=None, promises=()))


@pytest.mark.requirement(50)
def test_an_opt_out_is_kept_from_the_first_word_on(crm: Adapter) -> None:
    assert not crm.calls.is_suppressed("13800138000", "marketing")
    for call in ("call-1", "call-2"):
        crm.calls.opt_out(OptOut("+8613800138000", "marketing", call, AT, WANG))
    assert crm.calls.is_suppressed("13800138000", "marketing")
    assert not crm.calls.is_suppressed("13800138000", "all")
    assert not crm.calls.is_suppressed("13900139000", "marketing")


@pytest.mark.parametrize("deed", ["ticket", "appointment", "opt_out", "report"])
def test_racing_threads_do_one_deed(crm: Adapter, deed: str) -> None:
    day = date(2026, 12, 22)
    deeds: dict[str, Callable[[], Any]] = {
        "ticket": lambda: crm.tickets.open("call-1", WANG, "fault", "断网"),
        "appointment": lambda: crm.appointments.book("call-1", WANG, "维修", day, "10:00"),
        "opt_out": lambda: crm.calls.opt_out(OptOut("13800138000", "all", "call-1", AT, WANG)),
        "report": lambda: crm.calls.finish(report()),
    }
    numbers: list[Any] = []
    threads = [threading.Thread(target=lambda: numbers.append(deeds[deed]())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 8 and len(set(numbers)) == 1
    if deed == "ticket":
        assert len(crm.tickets.unfinished(WANG)) == 1
    if deed == "appointment":
        taken = [crm.appointments.book(f"call-{n}", WANG, "维修", day, "10:30") for n in (2, 3)]
        assert len({*numbers, *taken}) == PER_HOUR and not crm.appointments.is_free(day, "10:00")


@pytest.mark.requirement(202)
def test_of_many_who_want_the_last_place_of_an_hour_one_gets_it(crm: Adapter) -> None:
    desk, day = crm.appointments, date(2026, 12, 22)
    for n in range(PER_HOUR - 1):
        desk.book(f"first-{n}", WANG, "维修", day, "10:00")
    barrier, got, taken = threading.Barrier(6), [], []

    def book(call: str) -> None:
        barrier.wait()
        try:
            got.append(desk.book(call, WANG, "维修", day, "10:30"))
        except HourTaken:
            taken.append(call)

    threads = [threading.Thread(target=book, args=(f"call-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(taken)) == (1, 5) and not desk.is_free(day, "10:00")
    elsewhere = desk.book(taken[0], WANG, "维修", day, "11:00")  # the same deed, in another hour
    with pytest.raises(HourTaken):
        desk.move(elsewhere, day, "10:00")
    with pytest.raises(HourTaken):
        desk.book(taken[1], WANG, "维修", day, "10:00")
    assert desk.move(got[0], day, "10:45")  # within its own hour
    assert desk.cancel(got[0]) and desk.move(elsewhere, day, "10:00") and desk.is_free(day, "11:00")
    assert not desk.is_free(day, "10:00")
