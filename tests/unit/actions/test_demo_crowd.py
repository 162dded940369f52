"""The made-up thousand: varied, the same every time, and nobody's."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from actions.clients import demo_crowd
from actions.clients.appointments import OPENS
from actions.clients.demo_data import CUSTOMERS, ORDERS

TODAY = date(2026, 11, 20)
CROWD = demo_crowd.crowd(TODAY)
PARTS = {
    *("crm_customers", "crm_accounts", "crm_bills", "crm_orders", "crm_shipments", "crm_appointments"),
    *("crm_consents", "tickets", "interactions"),
}


@pytest.mark.requirement(205)
def test_all_parts_of_a_crm_for_a_thousand() -> None:
    assert set(CROWD) == PARTS
    assert len(CROWD["crm_customers"]) == len(CROWD["crm_accounts"]) == 1000
    assert len(CROWD["crm_bills"]) == 3000
    states = Counter(order["state"] for order in CROWD["crm_orders"])
    assert min(states[state] for state, *_ in demo_crowd.ORDER_STATES) > 30
    assert {ticket["state"] for ticket in CROWD["tickets"]} == set(demo_crowd.TICKET_STATES)
    titles = Counter(customer["title"][-2:] for customer in CROWD["crm_customers"])
    assert titles["女士"] > 300 and titles["先生"] > 300 and len(titles) >= 5
    assert len({customer["name"] for customer in CROWD["crm_customers"]}) > 600
    assert {account["state"] for account in CROWD["crm_accounts"]} == {"active", "suspended"}


def test_the_same_every_time_and_more_change_none_of_before() -> None:
    assert demo_crowd.crowd(TODAY) == CROWD
    fewer = demo_crowd.crowd(TODAY, 100)
    assert fewer["crm_customers"] == CROWD["crm_customers"][:100]


def test_keys_are_unique_numbers_are_nobody_s_and_the_demo_customers_are_left_alone() -> None:
    for documents in CROWD.values():
        assert len({document["_id"] for document in documents}) == len(documents)
        assert all(document["synthetic"] for document in documents)
    phones = {customer["phone"] for customer in CROWD["crm_customers"]}
    assert len(phones) == 1000 and all(phone[:3] == "154" and len(phone) == 11 for phone in phones)
    assert not phones & {phone for phone, *_ in CUSTOMERS}
    assert not {o["_id"] for o in CROWD["crm_orders"]} & {number for _, number, *_ in ORDERS}


def test_bills_hold_charges_that_the_month_before_did_not() -> None:
    bills = {(bill["customer_id"], bill["period"]): bill["lines"] for bill in CROWD["crm_bills"]}
    surprised = 0
    for (who, period), lines in bills.items():
        if period == "2026-11":
            known = {line["code"] for line in bills[who, "2026-10"]}
            surprised += any(line["code"] not in known for line in lines)
        assert all(line["cents"] > 0 and line["day"][:7] == period for line in lines)
        assert all(date.fromisoformat(line["day"]) <= TODAY for line in lines)
    assert 150 < surprised < 600


def test_no_hour_is_full_of_made_up_appointments() -> None:
    booked = Counter((visit["day"], visit["hour"]) for visit in CROWD["crm_appointments"])
    assert max(booked.values()) == 1 and min(hour for _, hour in booked) == OPENS
    assert any(visit["state"] == "booked" for visit in CROWD["crm_appointments"])


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2028, 2, 29), date(2026, 12, 31)])
def test_any_day_will_do(today: date) -> None:
    demo_crowd.crowd(today, 50)
