"""Tracker store: one MongoDB document per event, so a conversation survives the death of its worker.

A turn appends its events and rewrites nothing, and what is here already is not read or replayed again, so a
turn costs the same however long the call is. A worker that is the only one reads a conversation once. The
driver works in threads. A turn waits for MongoDB a moment only; when it is slow or away, the conversation
goes on from memory, and what is missing is written in the background once it is back, of calls that have
ended too. Only what a worker had not written when it was killed is lost.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pymongo.errors import PyMongoError
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import deserialise_events
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

from extensions.stores.events import EventStore, Overtaken
from extensions.stores.lock import WORKERS
from yingda.plumbing import stores

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

WAIT_SECONDS = 0.15  # a turn waits so long for MongoDB, for reading and for writing
FIRST_WAIT_SECONDS = 1.5  # and for a conversation that this worker does not know yet
REST_SECONDS = 2.0  # after a failure MongoDB is left alone this long
CACHED_CONVERSATIONS = 2000
MOST_UNWRITTEN = 200_000  # events that may wait for MongoDB, about half a gigabyte
CLOSE_SECONDS = 3.0


def duplicate(tracker: DialogueStateTracker) -> DialogueStateTracker:
    """An independent tracker in the same state, without replaying its events, which are shared."""
    twin = copy.copy(tracker)
    twin.events = deque(tracker.events, tracker.events.maxlen)
    twin.slots = {name: _twin(slot) for name, slot in tracker.slots.items()}
    twin.active_loop = copy.copy(tracker.active_loop)
    return twin


def _twin(slot: Slot) -> Slot:
    """As copy.copy(), which takes ten times as long, thirty slots a copy and several copies a turn."""
    twin: Slot = object.__new__(type(slot))
    vars(twin).update(vars(slot))
    return twin


class _Conversation:
    """One conversation in this worker; the first `stored` of its events are in MongoDB."""

    def __init__(self) -> None:
        self.tracker: DialogueStateTracker | None = None
        self.stored = 0
        self.writing: asyncio.Task[None] | None = None

    @property
    def events(self) -> int:
        return len(self.tracker.events) if self.tracker else 0

    @property
    def unwritten(self) -> int:
        return self.events - self.stored


class MongoEventTrackerStore(TrackerStore):
    """Named in endpoints.yml. `url` defaults to MONGO_URL; `keep_days` is how long events are kept."""

    def __init__(
        self,
        domain: Domain | None,
        event_broker: EventBroker | None = None,
        host: str | None = None,
        database: str = stores.DATABASE,
        keep_days: int = 180,
        event_store: Any = None,
        alone: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by Rasa with the keys of endpoints.yml; `host` is `url`. Tests pass an `event_store`."""
        super().__init__(domain, event_broker, **kwargs)
        self._store = event_store or EventStore(host or None, database, keep_days)
        self._cache: OrderedDict[str, _Conversation] = OrderedDict()
        self._readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tracker-read")
        self._writers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tracker-write")
        self._is_alone = (os.environ.get(WORKERS) or "1") == "1" if alone is None else alone
        self._rest_until = self._slow_until = 0.0
        self._catching_up: asyncio.Task[None] | None = None
        _open.append(self)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append the events of this turn, and any that could not be written before."""
        await self.stream_events(tracker)
        conversation = self._cache.get(tracker.sender_id) or _Conversation()
        conversation.tracker = duplicate(tracker)
        self._remember(tracker.sender_id, conversation)
        if not conversation.unwritten:
            return
        if conversation.writing is None or conversation.writing.done():
            conversation.writing = asyncio.ensure_future(self._write(tracker.sender_id, conversation))
        await asyncio.wait({conversation.writing}, timeout=WAIT_SECONDS)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation so far, or None. What another worker has written since is read in."""
        conversation = self._cache.get(sender_id) or _Conversation()
        known = conversation.stored
        nothing_new = known and (self._is_alone or time.monotonic() < self._slow_until)
        if not conversation.unwritten and not nothing_new:
            rows = await self._read(sender_id, known)
            if rows:
                self._add(sender_id, conversation, rows)
        if conversation.tracker is None:
            return None
        self._remember(sender_id, conversation)
        return duplicate(conversation.tracker)

    async def keys(self) -> Iterable[str]:
        """The conversations that this worker holds."""
        return list(self._cache)

    async def close(self) -> None:
        """Write what waits, for a few seconds at most."""
        self._rest_until = 0.0
        waiting = [self._write(name, kept) for name, kept in self._cache.items() if kept.unwritten]
        if waiting:
            await asyncio.wait([asyncio.ensure_future(one) for one in waiting], timeout=CLOSE_SECONDS)
        if self._catching_up is not None:
            self._catching_up.cancel()
        lost = sum(kept.unwritten for kept in self._cache.values())
        if lost:
            logger.error("tracker store: %d events could not be written before the stop", lost)

    def _add(self, sender_id: str, conversation: _Conversation, rows: list[dict[str, Any]]) -> None:
        tracker = conversation.tracker or self.init_tracker(sender_id)
        for event in deserialise_events(rows):
            tracker.update(event, self.domain)
        conversation.tracker = tracker
        conversation.stored = conversation.events

    async def _write(self, sender_id: str, conversation: _Conversation) -> None:
        """Until everything is written, or MongoDB is away."""
        while conversation.tracker is not None and conversation.unwritten:
            first = conversation.stored
            rows = [event.as_dict() for event in islice(conversation.tracker.events, first, None)]
            try:
                done = await self._try(self._writers, partial(self._append, sender_id, first, rows))
            except Overtaken:
                logger.warning("tracker store: another worker has call %s, this turn is void", sender_id)
                self._cache.pop(sender_id, None)
                return
            if not done:
                self._catch_up_later()
                return
            conversation.stored = first + len(rows)

    def _append(self, *what: Any) -> bool:
        self._store.append(*what)
        return True

    def _catch_up_later(self) -> None:
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.ensure_future(self._catch_up())

    async def _catch_up(self) -> None:
        """Write what waits, the oldest first, as soon as MongoDB is back."""
        while waiting := [(name, kept) for name, kept in self._cache.items() if kept.unwritten]:
            await asyncio.sleep(max(0.05, self._rest_until - time.monotonic()))
            for name, kept in waiting:
                if kept.writing is None or kept.writing.done():
                    kept.writing = asyncio.ensure_future(self._write(name, kept))
                await asyncio.wait({kept.writing})
                if time.monotonic() < self._rest_until:
                    break
        logger.warning("tracker store: MongoDB is back, nothing waits any more")

    def _remember(self, sender_id: str, conversation: _Conversation) -> None:
        self._cache[sender_id] = conversation
        self._cache.move_to_end(sender_id)
        if len(self._cache) > CACHED_CONVERSATIONS:
            self._forget()

    def _forget(self) -> None:
        """Make room, but keep what is not written yet unless that is far too much."""
        unwritten = sum(kept.unwritten for kept in self._cache.values())
        for name, kept in list(self._cache.items()):
            if len(self._cache) <= CACHED_CONVERSATIONS:
                return
            if not kept.unwritten:
                del self._cache[name]
            elif unwritten > MOST_UNWRITTEN:
                logger.error("tracker store: %d events of call %s are given up", kept.unwritten, name)
                unwritten -= kept.unwritten
                del self._cache[name]

    async def _read(self, sender_id: str, known: int) -> list[dict[str, Any]] | None:
        """Events after the first `known`, or None when MongoDB does not tell in time."""
        reading = asyncio.ensure_future(self._try(self._readers, lambda: self._store.read(sender_id, known)))
        await asyncio.wait({reading}, timeout=WAIT_SECONDS if known else FIRST_WAIT_SECONDS)
        if reading.done():
            return reading.result()
        self._slow_until = time.monotonic() + REST_SECONDS
        logger.warning("tracker store: MongoDB is slow, calls go on by what is in memory")
        return None

    async def _try(self, threads: Executor, work: Callable[[], Result]) -> Result | None:
        """Result of `work` in a thread, or None while MongoDB is away."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        except PyMongoError as error:
            self._rest_until = time.monotonic() + REST_SECONDS
            logger.warning(
                "tracker store: MongoDB is away (%s), conversations go on in memory; check MONGO_URL",
                type(error).__name__,
            )
            return None


_open: list[MongoEventTrackerStore] = []


async def close() -> None:
    """Close the stores of this process, when the server stops."""
    while _open:
        await _open.pop().close()
