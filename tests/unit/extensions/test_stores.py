"""Tracker store and lock store, without a database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pymongo.errors import ServerSelectionTimeoutError
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from extensions.stores import tracker as tracker_module
from extensions.stores.lock import POLL_SECONDS, QuickLockStore
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
    """One document per event, in memory; `away` makes it fail as pymongo does."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], dict[str, Any]] = {}
        self.away = False

    def append(self, sender_id: str, first_seq: int, events: list[dict[str, Any]]) -> None:
        self._answer()
        for place, event in enumerate(events):
            self.rows.setdefault((sender_id, first_seq + place), event)

    def read(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        self._answer()
        return [
            event
            for (owner, seq), event in sorted(self.rows.items())
            if owner == sender_id and seq >= from_seq
        ]

    def _answer(self) -> None:
        if self.away:
            raise ServerSelectionTimeoutError("nobody there")


def store(events: MemoryEvents) -> MongoEventTrackerStore:
    return MongoEventTrackerStore(DOMAIN, event_store=events)


def tracker(*texts: str) -> DialogueStateTracker:
    events: list[Any] = [ActionExecuted("action_listen")]
    for text in texts:
        events += [UserUttered(text, {"name": "query_balance"}), SlotSet("awaiting", text)]
    return DialogueStateTracker.from_events("c1", events, DOMAIN.slots)


@pytest.mark.requirement(34)
def test_another_worker_takes_the_conversation_up() -> None:
    async def run() -> None:
        events = MemoryEvents()
        await store(events).save(tracker("一"))
        found = await store(events).retrieve("c1")
        assert found is not None and found.get_slot("awaiting") == "一"
        assert len(found.events) == 3

    asyncio.run(run())


def test_a_turn_appends_only_its_own_events() -> None:
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

    asyncio.run(run())


def test_without_mongodb_the_conversation_goes_on_and_is_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        monkeypatch.setattr(tracker_module, "REST_SECONDS", 0.0)
        events = MemoryEvents()
        events.away = True
        working = store(events)
        await working.save(tracker("一"))
        found = await working.retrieve("c1")
        assert found is not None and found.get_slot("awaiting") == "一"
        events.away = False
        await working.save(tracker("一", "二"))
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

    asyncio.run(run())


def test_an_unknown_conversation_is_none() -> None:
    assert asyncio.run(store(MemoryEvents()).retrieve("nobody")) is None


def test_locks_are_polled_often() -> None:
    async def run() -> list[str]:
        locks, order = QuickLockStore(), []

        async def hold(name: str) -> None:
            async with locks.lock("c1"):
                order.append(name)

        await asyncio.wait_for(asyncio.gather(hold("a"), hold("b"), hold("c")), 0.9)
        return order

    assert POLL_SECONDS <= 0.02
    assert asyncio.run(run()) == ["a", "b", "c"]
