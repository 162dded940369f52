"""The CRM client against a database that answers from memory, or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from actions.clients import demo_data
from actions.clients.crm import Bill, BillLine, Crm, disputed_line, local_number
from actions.clients.store import CrmUnavailable


class MemoryCollection:
    """The few operators that the client uses."""

    def __init__(self) -> None:
        self.rows: dict[Any, dict[str, Any]] = {}

    def find_one(self, query: dict[str, Any]) -> dict[str, Any] | None:
        return next(
            (row for row in self.rows.values() if all(row.get(k) == v for k, v in query.items())), None
        )

    def insert_many(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            assert row["_id"] not in self.rows
            self.rows[row["_id"]] = row

    def delete_many(self, query: dict[str, Any]) -> None:
        ((key, condition),) = query.items()
        self.rows = {i: row for i, row in self.rows.items() if row[key] not in condition["$in"]}

    def insert_one(self, row: dict[str, Any]) -> None:
        self.insert_many([row])

    def update_one(self, query: dict[str, Any], change: dict[str, Any], upsert: bool) -> None:
        self.rows.setdefault(query["_id"], {**query, **change["$setOnInsert"]})

    def create_index(self, key: str) -> None:
        pass


class MemoryDatabase(dict[str, MemoryCollection]):
    def __missing__(self, name: str) -> MemoryCollection:
        return self.setdefault(name, MemoryCollection())

    __getattr__ = dict.__getitem__


class AwayDatabase:
    def __getitem__(self, name: str) -> Any:
        raise ServerSelectionTimeoutError("nobody there")


def seeded() -> MemoryDatabase:
    database = MemoryDatabase()
    demo_data.seed(database, date(2026, 11, 20))
    return database


def test_customer_and_bill() -> None:
    crm = Crm(seeded())
    customer = crm.customer_by_number("+86 138 0013 8000")
    assert customer is not None and (customer.title, customer.id_last4, customer.balance_cents) == (
        "王女士",
        "6721",
        8642,
    )
    assert crm.customer(customer.id) == customer
    bill = crm.bill(customer.id, "2026-11")
    assert bill is not None and bill.total_cents == 5900 + 120 + 10000
    assert crm.bill(customer.id, "2020-01") is None
    assert crm.customer_by_number("110") is None


def test_seeding_twice_is_the_same_as_once() -> None:
    database = seeded()
    before = {name: dict(collection.rows) for name, collection in database.items()}
    demo_data.seed(database, date(2026, 11, 20))
    assert {name: collection.rows for name, collection in database.items()} == before


def test_writing_twice_is_the_same_as_once() -> None:
    database = MemoryDatabase()
    crm = Crm(database)
    line = BillLine("roaming_pack", "国际漫游包", 10000, date(2026, 11, 3))
    for _ in range(2):
        crm.open_refund_ticket("call-1", "c1", "2026-11", line)
        crm.record_handoff("call-1", "requested", "…", "c1")
    assert len(database["tickets"].rows) == len(database["handoffs"].rows) == 1


def test_no_answer_is_crm_unavailable() -> None:
    with pytest.raises(CrmUnavailable, match="MONGO_URL"):
        Crm(AwayDatabase()).customer("c1")


def test_the_disputed_line() -> None:
    day = date(2026, 11, 1)
    plan, pack, film = (
        BillLine("plan", "月费", 5900, day),
        BillLine("pack", "包", 10000, day),
        BillLine("film", "片", 500, day),
    )
    bill, previous = Bill("2026-11", (plan, pack, film)), Bill("2026-10", (plan,))
    assert disputed_line(bill, previous, 500) == (film, True)
    assert disputed_line(bill, previous, 7000) == (pack, False)
    assert disputed_line(bill, previous, None) == (pack, True)
    assert disputed_line(previous, previous, 1) == (None, False)


@pytest.mark.parametrize(
    ("number", "local"),
    [
        ("+8613800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("13800138000", "13800138000"),
        ("", ""),
    ],
)
def test_numbers_without_country_code(number: str, local: str) -> None:
    assert local_number(number) == local
