"""What every client of the CRM does with MongoDB: answer within about a second or raise, write once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

from pymongo.errors import PyMongoError

from yingda.plumbing import stores

Result = TypeVar("Result")


class CrmUnavailable(Exception):
    """The CRM did not answer in time; the caller needs an apology and a way to a human."""


class Store:
    """A part of the CRM. Writing twice is the same as once."""

    def __init__(self, database: Any = None) -> None:
        """`database` is a pymongo database; without one MONGO_URL is used. Nothing is connected yet."""
        self._database = stores.database() if database is None else database

    def _find_one(self, collection: str, query: dict[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._try(lambda: self._database[collection].find_one(query))
        return found

    def _newest(self, collection: str, query: dict[str, Any], by: str, most: int) -> list[dict[str, Any]]:
        return self._try(lambda: list(self._database[collection].find(query).sort(by, -1).limit(most)))

    def _insert_once(self, collection: str, key: str, fields: dict[str, Any]) -> None:
        document = {**fields, "created_at": datetime.now(timezone.utc)}
        self._try(
            lambda: self._database[collection].update_one(
                {"_id": key}, {"$setOnInsert": document}, upsert=True
            )
        )

    def _set(self, collection: str, query: dict[str, Any], fields: dict[str, Any]) -> bool:
        """Whether there was such a document."""
        changed = {**fields, "updated_at": datetime.now(timezone.utc)}
        done = self._try(lambda: self._database[collection].update_one(query, {"$set": changed}))
        return bool(done.matched_count)

    def _try(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except PyMongoError as error:
            raise CrmUnavailable(
                f"CRM: MongoDB did not answer ({type(error).__name__}); check MONGO_URL"
            ) from error
