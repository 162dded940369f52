"""The collection of events in MongoDB: one document per event, appended and read, synchronous.

Events of a conversation are numbered, and no number is given twice: a worker that was overtaken by another
one, because it stalled and its lock ran out, cannot write into what the other one has begun.

Old events are deleted from here, once a day, and not by an index that expires: with one of those the embedded
stand-in for MongoDB reads the whole collection at every question.
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pymongo
from pymongo.errors import OperationFailure

from yingda.plumbing import stores

COLLECTION = "events_tracker"
DUPLICATE_KEY = 11000
DAY_SECONDS = 86400.0


class Overtaken(Exception):
    """Another worker has continued the conversation."""


class EventStore:
    """Raises PyMongoError when MongoDB is away."""

    def __init__(self, url: str | None, database: str, keep_days: int) -> None:
        """Nothing is connected before the first use."""
        self._url, self._database, self._keep_days = url, database, keep_days
        self._writer = uuid.uuid4().hex  # this worker
        self._events: Any = None
        self._forget_at = 0.0

    def append(self, sender_id: str, first_seq: int, events: list[dict[str, Any]]) -> None:
        """Write events from `first_seq` on. Raises Overtaken when another worker has written there.

        Written again after an answer that was lost, they are there once.
        """
        now = datetime.now(timezone.utc)
        self._forget(now)
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
        refused = self._insert(documents)
        if refused and {error.get("code") for error in refused} == {DUPLICATE_KEY}:
            there = self._find(sender_id, first_seq)
            if any(document.get("writer") != self._writer for document in there):
                raise Overtaken
            missing = documents[len(there) :]
            refused = self._insert(missing) if missing else []
        if refused:
            raise OperationFailure(str(refused[0].get("errmsg")), refused[0].get("code"))

    def read(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        """Events from `from_seq` on, in order."""
        return [document["event"] for document in self._find(sender_id, from_seq)]

    def _insert(self, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """In order, up to the first that is refused; why. As insert_many, for half of its CPU."""
        command = {"insert": COLLECTION, "documents": documents, "ordered": True}
        refused: list[dict[str, Any]] = self._collection().database.command(command).get("writeErrors", [])
        return refused

    def _find(self, sender_id: str, from_seq: int) -> list[dict[str, Any]]:
        # $eq is what a plain value means, and the stand-in uses an index of two fields for this form alone.
        query = {"sender_id": {"$eq": sender_id}, "seq": {"$gt": from_seq - 1}}
        return list(self._collection().find(query).sort("seq", 1))

    def _forget(self, now: datetime) -> None:
        """Once a day: events that were kept long enough."""
        if time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + DAY_SECONDS
        self._collection().delete_many({"at": {"$lt": now - timedelta(days=self._keep_days)}})

    def _collection(self) -> Any:
        if self._events is None:
            events = stores.mongo(self._url)[self._database][COLLECTION]
            events.create_index([("sender_id", pymongo.ASCENDING), ("seq", pymongo.ASCENDING)], unique=True)
            events.create_index("at")
            self._events = events
        return self._events
