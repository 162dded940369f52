"""The collection of events in MongoDB: one document per event, appended and read, synchronous.

Events of a conversation are numbered, and no number is given twice: a worker that was overtaken by another
one, because it stalled and its lock ran out, cannot write into what the other one has begun.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

import pymongo
from pymongo.errors import BulkWriteError

from yingda.plumbing import stores

COLLECTION = "events_tracker"
DUPLICATE_KEY = 11000


class Overtaken(Exception):
    """Another worker has continued the conversation."""


class EventStore:
    """Raises PyMongoError when MongoDB is away."""

    def __init__(self, url: str | None, database: str, keep_days: int) -> None:
        """Nothing is connected before the first use."""
        self._url, self._database, self._keep_days = url, database, keep_days
        self._writer = uuid.uuid4().hex  # this worker
        self._events: Any = None

    def append(self, sender_id: str, first_seq: int, events: list[dict[str, Any]]) -> None:
        """Write events from `first_seq` on. Raises Overtaken when another worker has written there.

        Written again after an answer that was lost, they are there once.
        """
        now = datetime.now(timezone.utc)
        documents = [
            {
                "sender_id": sender_id,
                "seq": first_seq + place,
                "at": now,
                "writer": self._writer,
                "event": event,
            }
            for place, event in enumerate(events)
        ]
        try:
            self._collection().insert_many(documents, ordered=True)
        except BulkWriteError as error:
            codes = {write_error.get("code") for write_error in error.details.get("writeErrors", [])}
            if codes != {DUPLICATE_KEY}:
                raise
            there = self._find(sender_id, first_seq)
            if any(document.get("writer") != self._writer for document in there):
                raise Overtaken from None
            if missing := documents[len(there) :]:
                for document in missing:
                    document.pop("_id", None)
                self._collection().insert_many(missing, ordered=True)

    def read(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        """Events from `from_seq` on, in order."""
        return [document["event"] for document in self._find(sender_id, from_seq)]

    def _find(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        query = {"sender_id": sender_id, "seq": {"$gt": from_seq - 1}}
        return list(self._collection().find(query).sort("seq", 1))

    def _collection(self) -> Any:
        if self._events is None:
            events = stores.mongo(self._url)[self._database][COLLECTION]
            events.create_index([("sender_id", pymongo.ASCENDING), ("seq", pymongo.ASCENDING)], unique=True)
            events.create_index("at", expireAfterSeconds=self._keep_days * 86400)
            self._events = events
        return self._events
