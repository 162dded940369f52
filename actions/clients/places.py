"""The places of an hour: as many documents as visits can be served at once, each of one appointment.

Two calls that want the last place both write the document with its `_id`, and one of them is refused: MongoDB
needs no transaction for that. A place is taken before its appointment is written and left after it was moved,
so an appointment always has one. What a process left behind that died in between belongs to nobody after
UNDER_WAY_S, because no booked appointment stands for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from pymongo.errors import DuplicateKeyError

from actions.clients.store import Store

COLLECTION = "crm_places"
UNDER_WAY_S = 60  # a booking takes a second or two


class Places(Store):
    """Takes and leaves places."""

    def take(self, hour: str, number: str, booked: Sequence[str], places: int) -> str | None:
        """The place of the appointment `number` in `hour`; None when all are taken. The same again is the
        same place. `booked` are the appointments that stand in that hour: who has none of the places yet,
        because the company wrote it there itself, gets one first."""
        # "place" first: the embedded MongoDB does not find an _id that looks like a time of a day
        ids = [f"place:{hour}:{n}" for n in range(places)]
        rows = self._in(ids)
        self._drop_left_behind(rows, {number, *booked})
        held = {row["number"] for row in rows}
        for other in booked:
            if other != number and other not in held:
                self._claim(ids, other)
        return self._claim(ids, number)

    def leave(self, number: str, all_but: str = "") -> None:
        """Give up what `number` has, except `all_but`."""
        rows = self._read(lambda: list(self._of().find({"number": number})))
        for row in rows:
            if row["_id"] != all_but:
                self._drop(row)

    def _claim(self, ids: Sequence[str], number: str) -> str | None:
        if not any(self._keep(row) for row in self._in(ids) if row["number"] == number):
            any(self._insert(place, number) for place in ids)
        # two threads of one call may each have got one: the first of them counts, for both
        rows = sorted((row for row in self._in(ids) if row["number"] == number), key=lambda row: row["_id"])
        for row in rows[1:]:
            self._drop(row)
        return str(rows[0]["_id"]) if rows else None

    def _insert(self, place: str, number: str) -> bool:
        row = {"_id": place, "number": number, **_now()}

        def write() -> bool:
            try:
                self._of().insert_one(dict(row))
            except DuplicateKeyError:
                return False
            return True

        return self._write(write)

    def _keep(self, row: dict[str, Any]) -> bool:
        """Whether it is still there; from now on it counts as under way."""
        query = {"_id": row["_id"], "number": row["number"]}
        return self._set(COLLECTION, query, _now())

    def _drop_left_behind(self, rows: Sequence[dict[str, Any]], owners: set[str]) -> None:
        old = datetime.now(timezone.utc) - timedelta(seconds=UNDER_WAY_S)
        for row in rows:
            if row["number"] not in owners and row["at"] < old:
                self._drop(row)

    def _drop(self, row: dict[str, Any]) -> None:
        query = {"_id": row["_id"], "number": row["number"], "claim": row["claim"]}  # not a later one
        self._write(lambda: self._of().delete_many(query))

    def _in(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        return self._read(lambda: list(self._of().find({"_id": {"$in": list(ids)}})))

    def _of(self) -> Any:
        return self._database[COLLECTION]


def _now() -> dict[str, Any]:
    """`claim` tells two claims apart; times are compared to the second by the embedded MongoDB."""
    return {"at": datetime.now(timezone.utc), "claim": secrets.randbits(31)}
