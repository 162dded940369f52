"""Tracker store and lock store, without a database."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pymongo.errors import ServerSelectionTimeoutError
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from extensions.stores import tracker as tracker_module
from extensions.stores.events import Overtaken
from extensions.stores.lock import POLL_SECONDS, CallLockStore
from extensions.stores.tracker import MongoEventTrackerStore

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [query_balance]
slots:
  awaiting: {type: text, mappings: [{type: custom}]}
"""
)


class MemoryEvents:
    """One document per event, in memory; `away` makes it fail as pymongo does, `seconds` makes it slow."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], dict[str, Any]] = {}
        self.away = False
        self.seconds = 0.0
        self.reads: list[int] = []

    def append(self, sender_id: str, first_seq: int, events: list[dict[str, Any]]) -> None:
        self._answer()
        if (sender_id, first_seq) in self.rows:
            raise Overtaken
        for place, event in enumerate(events):
            self.rows[sender_id, first_seq + place] = event

    def read(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        self._answer()
        self.reads.append(from_seq)
        rows = sorted(self.rows.items())
        return [event for (who, seq), event in rows if who == sender_id and seq >= from_seq]

    def _answer(self) -> None:
        threading.Event().wait(self.seconds)
        if self.away:
            raise ServerSelectionTimeoutError("nobody there")


def store(events: MemoryEvents, alone: bool = False) -> MongoEventTrackerStore:
    return MongoEventTrackerStore(DOMAIN, event_store=events, alone=alone)


def tracker(*texts: str, call: str = "c1") -> DialogueStateTracker:
    events: list[Any] = [ActionExecuted("action_listen")]
    for text in texts:
        events += [UserUttered(text, {"name": "query_balance"}), SlotSet("awaiting", text)]
    return DialogueStateTracker.from_events(call, events, DOMAIN.slots)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(5000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("not within five seconds")


@pytest.mark.requirement(34)
def test_another_worker_takes_the_conversation_up() -> None:
    async def run() -> None:
        events = MemoryEvents()
        await store(events).save(tracker("一"))
        found = await store(events).retrieve("c1")
        assert found is not None and found.get_slot("awaiting") == "一"
        assert len(found.events) == 3

    asyncio.run(run())


def test_a_turn_appends_only_its_own_events_and_reads_only_new_ones() -> None:
    async def run() -> None:
        events = MemoryEvents()
        first, second = store(events), store(events)
        await first.save(tracker("一"))
        await first.save(tracker("一", "二"))
        assert [seq for _, seq in sorted(events.rows)] == [0, 1, 2, 3, 4]
        await second.retrieve("c1")
        await first.save(tracker("一", "二", "三"))
        found = await second.retrieve("c1")
        assert found is not None and found.get_slot("awaiting") == "三"
        assert len(found.events) == 7
        assert events.reads == [0, 5]

    asyncio.run(run())


def test_a_worker_that_is_the_only_one_reads_a_conversation_once() -> None:
    async def run() -> None:
        events = MemoryEvents()
        await store(events).save(tracker("一"))  # the one before it, which has ended
        ours = store(events, alone=True)
        for texts in (("一", "二"), ("一", "二", "三")):
            assert await ours.retrieve("c1") is not None
            await ours.save(tracker(*texts))
        assert events.reads == [0]

    asyncio.run(run())


def test_a_tracker_is_given_out_as_it_was_saved_whatever_is_done_to_it() -> None:
    async def run() -> None:
        working = store(MemoryEvents())
        saved = tracker("一", "二")
        await working.save(saved)
        saved.update(SlotSet("awaiting", "a turn that breaks off"))
        given = await working.retrieve("c1")
        assert given is not None and given.get_slot("awaiting") == "二" and len(given.events) == 5
        given.update(SlotSet("awaiting", "another"))
        again = await working.retrieve("c1")
        assert again is not None and again.get_slot("awaiting") == "二" and len(again.events) == 5

    asyncio.run(run())


def test_without_mongodb_calls_go_on_and_are_written_once_it_is_back_though_they_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        monkeypatch.setattr(tracker_module, "REST_SECONDS", 0.01)
        events = MemoryEvents()
        events.away = True
        working = store(events)
        await working.save(tracker("一"))
        await working.save(tracker("一", call="c2"))
        found = await working.retrieve("c1")
        assert found is not None and found.get_slot("awaiting") == "一"
        await working.save(tracker("一", "二"))
        assert not events.rows
        events.away = False
        await until(lambda: len(events.rows) == 8)

    asyncio.run(run())


def test_what_waits_for_mongodb_is_not_forgotten_to_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(tracker_module, "REST_SECONDS", 0.01)
        monkeypatch.setattr(tracker_module, "CACHED_CONVERSATIONS", 2)
        events = MemoryEvents()
        events.away = True
        working = store(events)
        for number in range(5):
            await working.save(tracker("一", call=f"c{number}"))
        assert len(list(await working.keys())) == 5
        events.away = False
        await until(lambda: len(events.rows) == 15)
        await working.save(tracker("一", call="c9"))
        assert len(list(await working.keys())) == 2

    asyncio.run(run())


def test_a_slow_mongodb_holds_up_neither_turns_nor_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> float:
        monkeypatch.setattr(tracker_module, "WAIT_SECONDS", 0.02)
        events = MemoryEvents()
        working = store(events)
        await working.save(tracker("一"))
        events.seconds = 0.4
        began = time.monotonic()
        await working.retrieve("c1")
        await working.save(tracker("一", "二"))
        found = await working.retrieve("c1")
        took = time.monotonic() - began
        assert found is not None and found.get_slot("awaiting") == "二"
        await working.close()
        assert len(events.rows) == 5
        return took

    assert asyncio.run(run()) < 0.3


def test_a_worker_that_was_overtaken_cannot_write_and_reads_what_the_other_wrote() -> None:
    async def run() -> None:
        events = MemoryEvents()
        stalled, other = store(events), store(events)
        await stalled.save(tracker("一"))
        await other.retrieve("c1")
        await other.save(tracker("一", "二"))
        await stalled.save(tracker("一", "三"))
        found = await stalled.retrieve("c1")
        assert found is not None and found.get_slot("awaiting") == "二"
        assert len(events.rows) == 5

    asyncio.run(run())


def test_a_failing_mongodb_is_left_alone_for_a_while() -> None:
    async def run() -> None:
        events = MemoryEvents()
        events.away = True
        resting = store(events)
        await resting.save(tracker("一"))
        events.away = False
        await resting.save(tracker("一", "二"))
        assert not events.rows
        await resting.close()
        assert len(events.rows) == 5

    asyncio.run(run())


def test_an_unknown_conversation_is_none() -> None:
    assert asyncio.run(store(MemoryEvents()).retrieve("nobody")) is None


def test_locks_are_polled_often(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[str]:
        locks, order = CallLockStore(), []

        async def hold(name: str) -> None:
            async with locks.lock("c1"):
                order.append(name)

        await asyncio.wait_for(asyncio.gather(hold("a"), hold("b"), hold("c")), 0.9)
        return order

    monkeypatch.delenv("REDIS_URL", raising=False)
    assert POLL_SECONDS <= 0.02
    assert asyncio.run(run()) == ["a", "b", "c"]
