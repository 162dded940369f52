"""What a call leaves in the CRM: the report, however the call ends, and an opt-out the moment it is said."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import date, datetime
from typing import Any

import pytest
import servers
from customer import Customer

from actions.clients.appointments import PER_HOUR, Appointments

pytestmark = [pytest.mark.integration, pytest.mark.requirement(50)]

WANG = "demo-13800138000"
DEADLINE_S = 15


def call_id() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


async def report(database: Any, call: str) -> dict[str, Any]:
    """The report of a call, when it is there."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = await asyncio.to_thread(database.interactions.find_one, {"_id": f"{call}:call"})
        if found:
            return dict(found)
        await asyncio.sleep(0.05)
    raise AssertionError(f"no report of {call}")


@pytest.mark.requirement(46)
def test_the_report_says_who_what_and_what_became_of_it_and_the_next_call_knows(
    rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            await customer.says("我想查一下我的余额")
            assert "86.42元" in (await customer.says("六七二一")).said
            await customer.hangs_up()
        found = await report(database[1], call)
        assert (found["customer_id"], found["what"], found["call_id"]) == (WANG, "call", call)
        value = found["value"]
        assert (value["outcome"], value["mood"], value["direction"]) == ("answered", "calm", "inbound")
        assert value["asked"] == ["查余额"] and value["done"] == ["已告知余额"] and value["open"] == []
        assert value["summary"] == "王女士，身份已核实；诉求：查余额；已办：已告知余额。"
        assert value["lead"] is None and value["promises"] == []
        again = call_id()
        async with Customer(rasa.call_url(again), again):
            pass
        events = await asyncio.to_thread(lambda: list(database[1].events_tracker.find({"sender_id": again})))
        slots = {
            row["event"]["name"]: row["event"]["value"] for row in events if row["event"]["event"] == "slot"
        }
        assert slots["customer_profile"]["last_call"]["summary"] == value["summary"]

    asyncio.run(talk())


def test_a_caller_who_hangs_up_in_the_middle_leaves_a_report_too(
    rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            await customer.hangs_up(in_the_middle_of="我想查一下我的余额")
        value = (await report(database[1], call))["value"]
        assert value["asked"] == ["查余额"] and value["open"] == ["未核实身份，查询余额未答复"]
        assert value["who"] == "王女士，身份未核实"

    asyncio.run(talk())


def test_an_opt_out_counts_from_the_moment_it_is_said(
    rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    async def talk() -> None:
        call, number = call_id(), f"154{uuid.uuid4().int % 10**8:08}"
        async with Customer(rasa.call_url(call), call, f"+86{number}") as customer:
            await customer.says("以后不要再给我打电话了")
            kept = await asyncio.to_thread(database[1].suppressions.find_one, {"number": number})
            assert kept is not None and (kept["scope"], kept["call_id"]) == ("all", call)
            assert isinstance(kept["at"], datetime)
            said = await asyncio.to_thread(database[1].interactions.find_one, {"_id": f"{call}:opt_out"})
            assert said is not None and said["value"] is True
            await customer.hangs_up()
        value = (await report(database[1], call))["value"]
        assert value["outcome"] == "opted_out" and value["lead"]["grade"] == "D"
        assert await asyncio.to_thread(database[1].suppressions.count_documents, {"number": number}) == 1

    asyncio.run(talk())


def test_a_promise_is_written_back_in_cents_with_its_day(
    rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            told = await customer.says("我二十五号之前一定还五十块钱")
            assert "25日" in told.said
            await customer.hangs_up()
        value = (await report(database[1], call))["value"]
        assert value["outcome"] == "promised"
        assert value["promises"] == [{"cents": 5000, "date": "2026-11-25"}]

    asyncio.run(talk())


@pytest.mark.requirement(202)
def test_who_was_too_late_for_the_last_place_of_an_hour_is_offered_another(
    rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    desk, day = Appointments(database[1]), date(2026, 12, 1)

    async def talk() -> None:
        call = call_id()
        async with Customer(rasa.call_url(call), call) as customer:
            await customer.says("我想约个师傅上门，十二月一号下午两点")
            assert "12月1日14:00" in (await customer.says("六七二一")).said
            for n in range(PER_HOUR):  # others are quicker
                await asyncio.to_thread(desk.book, f"{call}-{n}", WANG, "维修", day, "14:30")
            told = (await customer.says("对")).said
            assert "约满" in told and "12月1日15:00" in told
            assert "约好12月1日15:00" in (await customer.says("对")).said
        rows = await asyncio.to_thread(lambda: list(database[1].crm_appointments.find({"day": "2026-12-01"})))
        assert sorted(row["hour"] for row in rows if row["state"] == "booked") == [14] * PER_HOUR + [15]

    asyncio.run(talk())
