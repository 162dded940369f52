"""What the assistant did not manage, as items in MongoDB (`learning_items`): read from Rasa's own events.

One item a turn, `_id` = `<call id>:<seq of the customer's event>`, written once however often it is read.
Texts are kept with their numbers as the pipeline writes them and without what tells who called: digits of
telephone numbers, identity cards and orders, names, addresses. States: open, proposed, published, dismissed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import BulkWriteError

ITEMS, STATE = "learning_items", "learning_state"
OPEN, PROPOSED, PUBLISHED, DISMISSED = "open", "proposed", "published", "dismissed"
KINDS = ("handoff", "refused", "fallback", "out_of_scope", "unsure")  # the first that fits names the item
UNSURE = 0.75  # of confidence: acted upon, but worth a look
MASK = "＊"  # one sign for each that is hidden
PERSONAL = ("phone", "id_last4", "order_number", "digits", "person", "address")
OVERLAP = timedelta(hours=1)  # events are written a little after they happen
NOT_UNDERSTOOD = ("action_not_understood", "action_default_fallback")
ANSWERED = ("utter_article", "utter_which_article")
RANKED = 3
DUPLICATE_KEY = 11000
_DIGITS = re.compile(r"\d{4,}[Xx]?|[零〇一二三四五六七八九幺两]{4,}")


@dataclass(frozen=True)
class Item:
    """One turn. `ranking`: intents and confidences, the likeliest first, without the fallback."""

    call_id: str
    seq: int
    kind: str
    text: str
    ranking: tuple[tuple[str, float], ...]
    did: tuple[str, ...]

    @property
    def id(self) -> str:
        """In MongoDB."""
        return f"{self.call_id}:{self.seq:04d}"

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the text was hidden."""
        return MASK not in self.text


def items_of(call_id: str, events: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Item]:
    """Of one conversation, from Rasa's events and their numbers, in order."""
    turn: list[dict[str, Any]] = []
    begun: tuple[int, dict[str, Any]] | None = None
    for seq, event in [*events, (-1, {"event": "user"})]:
        if event.get("event") != "user":
            turn.append(event)
            continue
        if begun is not None and (item := _item(call_id, *begun, turn)):
            yield item
        begun, turn = (seq, event), []


def masked(text: str, entities: Iterable[dict[str, Any]]) -> str:
    """The text without what tells who called."""
    signs = list(text)
    for entity in entities:
        if entity.get("entity") in PERSONAL:
            for place in range(int(entity.get("start", 0)), min(int(entity.get("end", 0)), len(signs))):
                signs[place] = MASK
    return _DIGITS.sub(lambda found: MASK * len(found[0]), "".join(signs))


def _item(call_id: str, seq: int, event: dict[str, Any], turn: list[dict[str, Any]]) -> Item | None:
    parsed = event.get("parse_data") or {}
    text = str(parsed.get("text") or event.get("text") or "")
    if not text or text.startswith("/"):
        return None
    intent = parsed.get("intent") or {}
    ranking = [
        (str(x.get("name")), round(float(x.get("confidence") or 0), 3))
        for x in parsed.get("intent_ranking") or [intent]
        if x.get("name") not in (None, "nlu_fallback")
    ]
    did = tuple(_did(turn))
    kind = _kind(str(intent.get("name")), float(intent.get("confidence") or 0), did)
    if kind is None:
        return None
    said = masked(text, parsed.get("entities") or [])
    return Item(call_id, seq, kind, said, tuple(ranking[:RANKED]), did)


def _did(turn: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Actions, responses, and `transfer`."""
    for event in turn:
        if event.get("event") == "action" and event.get("name") not in ("action_listen", None):
            yield str(event["name"])
        elif event.get("event") == "bot":
            sent = (event.get("data") or {}).get("custom") or {}
            if sent.get("type") == "transfer":
                yield "transfer"
            if name := (event.get("metadata") or {}).get("utter_action"):
                yield str(name)


def _kind(intent: str, confidence: float, did: tuple[str, ...]) -> str | None:
    if "transfer" in did:
        return "handoff"
    if "utter_no_article" in did:
        return "refused"
    if any(name in ANSWERED for name in did):
        return None  # an article knew better
    if intent == "out_of_scope":
        return "out_of_scope"
    if intent == "nlu_fallback" or any(name in NOT_UNDERSTOOD for name in did):
        return "fallback"
    return "unsure" if confidence < UNSURE else None


class LearningItems:
    """The queue in MongoDB."""

    def __init__(self, database: Any) -> None:
        """`database` is a pymongo database. Its methods raise PyMongoError when it is away."""
        self._database = database

    def collect(self, now: datetime) -> int:
        """Items of all turns since the last time; how many were found."""
        state = self._database[STATE].find_one({"_id": "collected"})
        query = {"at": {"$gt": state["until"] - OVERLAP}} if state else {}
        rows = self._database.events_tracker.find(query).sort([("sender_id", 1), ("seq", 1)])
        conversations: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for row in rows:
            conversations.setdefault(row["sender_id"], []).append((row["seq"], row["event"]))
        found = [item for call, events in conversations.items() for item in items_of(call, events)]
        self._insert([{"_id": item.id, **_document(item), "at": now} for item in found])
        # a whole document: the embedded stand-in for MongoDB turns a date in $set into text
        mark = {"_id": "collected", "until": now}
        self._database[STATE].replace_one({"_id": "collected"}, mark, upsert=True)
        return len(found)

    def _insert(self, documents: list[dict[str, Any]]) -> None:
        """Those that are not there yet."""
        if not documents:
            return
        try:
            self._database[ITEMS].insert_many(documents, ordered=False)
        except BulkWriteError as error:
            codes = {write_error.get("code") for write_error in error.details.get("writeErrors", [])}
            if codes - {DUPLICATE_KEY}:
                raise

    def open(self) -> list[Item]:
        """What nobody has proposed anything for, oldest first."""
        rows = self._database[ITEMS].find({"state": OPEN}).sort("at", 1)
        return [
            Item(
                row["call_id"],
                row["seq"],
                row["kind"],
                row["text"],
                tuple((x["intent"], x["confidence"]) for x in row["ranking"]),
                tuple(row["did"]),
            )
            for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """How many items are in each state."""
        counted = dict.fromkeys((OPEN, PROPOSED, PUBLISHED, DISMISSED), 0)
        for row in self._database[ITEMS].find({}):
            counted[row["state"]] = counted.get(row["state"], 0) + 1
        return counted

    def move(self, ids: Iterable[str], state: str, patch: str, owner: str = "") -> None:
        """Put items into another state."""
        fields = {"state": state, "patch": patch, **({"owner": owner} if owner else {})}
        for one in ids:
            self._database[ITEMS].update_one({"_id": one}, {"$set": fields})

    def of_patch(self, patch: str) -> list[str]:
        """The items that a patch was proposed for."""
        return [row["_id"] for row in self._database[ITEMS].find({"patch": patch})]


def _document(item: Item) -> dict[str, Any]:
    return {
        "call_id": item.call_id,
        "seq": item.seq,
        "kind": item.kind,
        "text": item.text,
        "ranking": [{"intent": name, "confidence": confidence} for name, confidence in item.ranking],
        "did": list(item.did),
        "state": OPEN,
        "owner": "",
        "patch": "",
    }
