"""What every client of the CRM does with MongoDB: answer within about a second or raise, write once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any, TypeVar

import pymongo
from bson.errors import BSONError
from pymongo.errors import (
    AutoReconnect,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from actions.clients.patience import CrmRefused, CrmUnavailable, Passing, Patience
from yingda.plumbing import stores

__all__ = ["CrmUnavailable", "Store"]

Result = TypeVar("Result")

# MongoDB's error codes for a document that it will never take: BadValue, TypeMismatch,
# DocumentValidationFailure, BSONObjectTooLarge (src/mongo/base/error_codes.yml)
NEVER = (2, 14, 121, 10334)
_at: ContextVar[datetime | None] = ContextVar("crm_at", default=None)


@contextmanager
def as_of(at: datetime) -> Iterator[None]:
    """What is written in here arose at `at`, though it is written later."""
    token = _at.set(at)
    try:
        yield
    finally:
        _at.reset(token)


class Store:
    """A part of the CRM. Writing twice is the same as once."""

    def __init__(self, database: Any = None, patience: Patience | None = None) -> None:
        """`database` is a pymongo database; without one MONGO_URL is used. Nothing is connected yet. Parts of
        one CRM share their `patience`."""
        self._database = stores.database() if database is None else database
        self._patience = patience or Patience()

    def _find_one(self, collection: str, query: dict[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._read(lambda: self._database[collection].find_one(query))
        return found

    def _newest(self, collection: str, query: dict[str, Any], by: str, most: int) -> list[dict[str, Any]]:
        return self._read(lambda: list(self._database[collection].find(query).sort(by, -1).limit(most)))

    def _insert_once(self, collection: str, key: str, fields: dict[str, Any]) -> None:
        self._write_once(collection, key, fields, {})

    def _write_once(self, collection: str, key: str, first: dict[str, Any], always: dict[str, Any]) -> None:
        """One document for `key`: `first` is kept from the first time, `always` is of the last."""
        now = datetime.now(timezone.utc)
        change: dict[str, Any] = {"$setOnInsert": {**first, "created_at": _at.get() or now}}
        if always:
            change["$set"] = {**always, "updated_at": now}

        def write() -> None:
            try:
                self._database[collection].update_one({"_id": key}, change, upsert=True)
            except DuplicateKeyError:  # another thread made it in this moment
                self._database[collection].update_one({"_id": key}, change, upsert=True)

        self._write(write)

    def _set(self, collection: str, query: dict[str, Any], fields: dict[str, Any]) -> bool:
        """Whether there was such a document."""
        changed = {**fields, "updated_at": datetime.now(timezone.utc)}
        done = self._write(lambda: self._database[collection].update_one(query, {"$set": changed}))
        return bool(done.matched_count)

    def _read(self, work: Callable[[], Result]) -> Result:
        return self._patience.read(lambda left_s: _asked(work, left_s))

    def _write(self, work: Callable[[], Result]) -> Result:
        return self._patience.write(lambda left_s: _asked(work, left_s))


def _asked(work: Callable[[], Result], left_s: float) -> Result:
    try:
        with pymongo.timeout(left_s):
            return work()
    except ServerSelectionTimeoutError as error:  # the driver itself has tried all the while
        raise _away(CrmUnavailable, error) from error
    except AutoReconnect as error:
        raise _away(Passing, error) from error
    except (DocumentTooLarge, BSONError, OverflowError) as error:
        raise _refused(error) from error
    except OperationFailure as error:
        raise (_refused(error) if error.code in NEVER else _away(CrmUnavailable, error)) from error
    except PyMongoError as error:
        raise _away(CrmUnavailable, error) from error


def _refused(error: Exception) -> CrmRefused:
    return CrmRefused(f"CRM: MongoDB will not take this document ({type(error).__name__})")


def _away(kind: type[CrmUnavailable], error: PyMongoError) -> CrmUnavailable:
    return kind(f"CRM: MongoDB did not answer ({type(error).__name__}); check MONGO_URL")
