"""Tracker store: one MongoDB document per event, so a conversation survives the death of its worker.

A turn appends its events and rewrites nothing. The driver works in threads with short timeouts; when
MongoDB is away the conversation goes on from memory, and its events are written once it is back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, TypeVar

import pymongo
from pymongo.errors import BulkWriteError, PyMongoError
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

from yingda.plumbing import stores

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

COLLECTION = "events_tracker"
REST_SECONDS = 2.0  # after a failure MongoDB is left alone this long, so that no turn waits for it
CACHED_CONVERSATIONS = 2000
DUPLICATE_KEY = 11000


class EventStore:
    """The collection of events: append and read on, synchronous. Raises PyMongoError when MongoDB is away."""

    def __init__(self, url: str | None, database: str, keep_days: int) -> None:
        """Nothing is connected before the first use."""
        self._url, self._database, self._keep_days = url, database, keep_days
        self._events: Any = None

    def append(self, sender_id: str, first_seq: int, events: list[dict[str, Any]]) -> None:
        """Write events from `first_seq` on; those that are there already stay as they are."""
        now = datetime.now(timezone.utc)
        documents = [
            {"sender_id": sender_id, "seq": first_seq + place, "at": now, "event": event}
            for place, event in enumerate(events)
        ]
        try:
            self._collection().insert_many(documents, ordered=False)
        except BulkWriteError as error:
            codes = {write_error.get("code") for write_error in error.details.get("writeErrors", [])}
            if codes - {DUPLICATE_KEY}:
                raise

    def read(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        """Events from `from_seq` on, in order."""
        query = {"sender_id": sender_id, "seq": {"$gt": from_seq - 1}}
        return [document["event"] for document in self._collection().find(query).sort("seq", 1)]

    def _collection(self) -> Any:
        if self._events is None:
            events = stores.mongo(self._url)[self._database][COLLECTION]
            events.create_index([("sender_id", pymongo.ASCENDING), ("seq", pymongo.ASCENDING)], unique=True)
            events.create_index("at", expireAfterSeconds=self._keep_days * 86400)
            self._events = events
        return self._events


class _Conversation:
    """Events of one conversation in this worker; the first `stored` of them are in MongoDB."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.stored = 0


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
        **kwargs: Any,
    ) -> None:
        """Called by Rasa with the keys of endpoints.yml; `host` is `url`. Tests pass an `event_store`."""
        super().__init__(domain, event_broker, **kwargs)
        self._store = event_store or EventStore(host or None, database, keep_days)
        self._cache: OrderedDict[str, _Conversation] = OrderedDict()
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="tracker-store")
        self._rest_until = 0.0

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append the events of this turn, and any that could not be written before."""
        await self.stream_events(tracker)
        conversation = self._conversation(tracker.sender_id)
        conversation.events = list(tracker.events)
        first, unwritten = conversation.stored, conversation.events[conversation.stored :]
        if not unwritten:
            return
        rows = [event.as_dict() for event in unwritten]
        if await self._try(lambda: self._store.append(tracker.sender_id, first, rows) or True):
            conversation.stored = first + len(rows)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation so far, or None. What another worker has written since is read in."""
        conversation = self._cache.get(sender_id) or _Conversation()
        if conversation.stored == len(conversation.events):
            known = conversation.stored
            rows = await self._try(lambda: self._store.read(sender_id, known))
            if rows:
                conversation.events = conversation.events + deserialise_events(rows)
                conversation.stored = len(conversation.events)
        if not conversation.events:
            return None
        self._remember(sender_id, conversation)
        return DialogueStateTracker.from_events(
            sender_id, conversation.events, self.domain.slots, self.max_event_history
        )

    async def keys(self) -> Iterable[str]:
        """The conversations that this worker holds."""
        return list(self._cache)

    def _conversation(self, sender_id: str) -> _Conversation:
        return self._remember(sender_id, self._cache.get(sender_id) or _Conversation())

    def _remember(self, sender_id: str, conversation: _Conversation) -> _Conversation:
        self._cache[sender_id] = conversation
        self._cache.move_to_end(sender_id)
        while len(self._cache) > CACHED_CONVERSATIONS:
            self._cache.popitem(last=False)
        return conversation

    async def _try(self, work: Callable[[], Result]) -> Result | None:
        """Result of `work` in a thread, or None while MongoDB is away."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except PyMongoError as error:
            self._rest_until = time.monotonic() + REST_SECONDS
            logger.warning(
                "tracker store: MongoDB is away (%s), conversations go on in memory; check MONGO_URL",
                type(error).__name__,
            )
            return None
