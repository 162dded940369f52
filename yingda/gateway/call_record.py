"""The lasting record of calls (MongoDB) and their live state (Redis).

MongoDB ``calls``: one document per call, ``_id`` = call_id.  ``turns``: one per turn of either side, ``_id``
= ``<call_id>:<seq>``, with what was said, what was heard and the response latency.
``audit``: who listened to which recording, or was refused, and why.
Redis hash ``call:<id>``: the live state, with a TTL.  Stream ``calls:events``: event, call_id, at, data.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from yingda.gateway.settings import RecordSettings
from yingda.gateway.store_writer import Operation, StoreWriter
from yingda.plumbing import stores
from yingda.plumbing.recording import vault
from yingda.sansio.turns.commands import HeardTurn

log = logging.getLogger(__name__)

_INDEXES = (
    ("turns", [("call_id", 1), ("seq", 1)]),
    ("calls", [("started_at", -1)]),
    ("audit", [("call_id", 1)]),
)
_ASK_AGAIN_S = 10.0


class Recorder:
    """Both writers; one for the process."""

    def __init__(self, settings: RecordSettings) -> None:
        self._settings = settings
        folder = Path(settings.journal_dir)
        self._mongo_client = stores.mongo()
        self._database = self._mongo_client[stores.DATABASE]
        self._redis = stores.redis()
        self._has_indexes = False
        self._ask_again_at = 0.0
        self.mongo = StoreWriter("MongoDB", self._to_mongo, folder / "mongo.jsonl", settings.retry_s)
        self.redis = StoreWriter("Redis", self._to_redis, folder / "redis.jsonl", settings.retry_s)

    def start(self) -> None:
        self.mongo.start()
        self.redis.start()

    def stop(self) -> None:
        self.mongo.stop()
        self.redis.stop()
        self._mongo_client.close()
        self._redis.close()

    def save(self, collection: str, key: str, document: dict[str, Any]) -> None:
        """Write one whole document; texts in fields named ``..._at`` are stored as dates."""
        self.mongo.put({"collection": collection, "key": key, "document": dict(document)})

    def audit(self, who: str, what: str, call_id: str, **more: Any) -> None:
        """An entry that is never changed: who did what with which call; more: why, from_where, done."""
        entry = {"who": who, "what": what, "call_id": call_id, "happened_at": now_text(), **more}
        self.save("audit", uuid.uuid4().hex, entry)

    def recording_key(self, customer: str) -> dict[str, Any] | None:
        """The data key of a customer's recordings; None when there is none, or MongoDB is away."""
        if time.monotonic() < self._ask_again_at:
            return None
        try:
            return self._database[vault.COLLECTION].find_one({"_id": customer})
        except PyMongoError as error:
            # asked by the thread that writes recordings: it must not wait for a dead store once a call
            self._ask_again_at = time.monotonic() + _ASK_AGAIN_S
            log.warning("MongoDB is not asked for keys for %.0f s (%s)", _ASK_AGAIN_S, type(error).__name__)
            return None

    def find_call(self, call_id: str) -> dict[str, Any] | None:
        """The document of a call. Raises PyMongoError."""
        return self._database["calls"].find_one({"_id": call_id})

    def live(self, call_id: str, values: dict[str, str]) -> None:
        """Change the live state of a call."""
        self.redis.put({"call_id": call_id, "set": {**values, "updated_at": now_text()}})

    def publish(self, event: str, call_id: str, data: dict[str, Any]) -> None:
        """One entry of the stream of events."""
        text = json.dumps(data, ensure_ascii=False)
        self.redis.put({"event": event, "call_id": call_id, "at": now_text(), "data": text})

    def _to_mongo(self, operation: Operation) -> None:
        if not self._has_indexes:
            for collection, keys in _INDEXES:
                self._database[collection].create_index(keys)
            self._has_indexes = True
        # Whole documents: the embedded stand-in for MongoDB turns a date in $set into text.  The document
        # names its _id itself: in an upsert the stand-in would invent one.
        key = {"_id": operation["key"]}
        values = {name: _time(name, value) for name, value in operation["document"].items()}
        document = {**key, **values}
        self._database[operation["collection"]].replace_one(key, document, upsert=True)

    def _to_redis(self, operation: Operation) -> None:
        call_id = operation["call_id"]
        if "event" in operation:
            fields: dict[Any, Any] = {name: operation[name] for name in ("event", "call_id", "at", "data")}
            self._redis.xadd("calls:events", fields, maxlen=self._settings.stream_length, approximate=True)
            return
        with self._redis.pipeline() as pipeline:
            pipeline.hset(f"call:{call_id}", mapping=operation["set"])
            pipeline.expire(f"call:{call_id}", self._settings.live_ttl_s)
            pipeline.execute()


class CallRecord:
    """The record of one call."""

    def __init__(self, recorder: Recorder, call_id: str, direction: str, customer: str, ours: str) -> None:
        self._recorder = recorder
        self._call_id = call_id
        self._call: dict[str, Any] = {"call_id": call_id}
        self._turns: dict[int, dict[str, Any]] = {}
        self._seq = 0
        self._bot_seq: dict[int, int] = {}
        self._customer_seq: dict[int, int] = {}
        self._bot_latency: dict[int, int] = {}
        self._evidence: dict[int, list[dict[str, Any]]] = {}
        self._secret: list[list[int | None]] = []
        self.counters = {"customer_turns": 0, "bot_turns": 0, "barge_ins": 0, "fillers": 0, "silences": 0}
        self._facts = {"direction": direction, "customer_number": customer, "our_number": ours}
        self.started_at = now_text()
        self._save({**self._facts, "started_at": self.started_at, "state": "ringing"})
        self._tell("call_started", "ringing", {"direction": direction})

    def answered(self, recording: str | None) -> None:
        self._save({"answered_at": now_text(), "recording": recording, "state": "answered"})
        self._tell("call_answered", "answered", {})

    def customer_turn(
        self,
        turn: int,
        text: str,
        confidence: float,
        started_ms: int,
        ended_ms: int,
        replaces: int | None,
        is_secret: bool = False,
    ) -> None:
        """A turn sent to the dialogue; one that ``replaces`` an earlier turn takes its place here. Of a
        secret turn the caller gives no text."""
        times = {"started_ms": started_ms, "ended_ms": ended_ms}
        values: dict[str, Any] = {"text": text, "confidence": round(confidence, 3), **times}
        if is_secret:
            values["secret"] = True
        seq = self._customer_seq.get(turn if replaces is None else replaces)
        self.counters["customer_turns"] += seq is None
        self._customer_seq[turn] = self._turn("customer", values, seq)

    def digits(self, digits: str, at_ms: int, is_secret: bool = False) -> None:
        """Keys; of secret ones the caller gives none."""
        self.counters["customer_turns"] += 1
        values = {"text": "", "digits": digits, "started_ms": at_ms, "ended_ms": at_ms}
        self._turn("customer", {**values, "secret": True} if is_secret else values)

    def secret_began(self, at_ms: int) -> None:
        """The customer's side is left out of the recording from now on."""
        self._secret.append([at_ms, None])
        self._save({"recording_secret_ms": self._secret})

    def secret_over(self, at_ms: int) -> None:
        """It is recorded again."""
        self._secret[-1][1] = at_ms
        self._save({"recording_secret_ms": self._secret})

    def recording_stopped(self, is_erased: bool) -> None:
        """Nothing is recorded from now on."""
        erased = {"recording": None, "recording_erased": True} if is_erased else {}
        self._save({"recording_stopped_at": now_text(), **erased})
        self._recorder.audit("dialogue", "erase_recording" if is_erased else "stop_recording", self._call_id)

    def silence(self, count: int, at_ms: int) -> None:
        self.counters["silences"] += 1
        self._turn("customer", {"text": "", "silence": count, "started_ms": at_ms, "ended_ms": at_ms})

    def bot_spoke(self, generation: int, at_ms: int, latency_ms: int | None, filler_ms: int | None) -> None:
        """A bot turn is on the line; ``latency_ms`` is None where it answers nobody."""
        values: dict[str, Any] = {"generation": generation, "started_ms": at_ms, "latency_ms": latency_ms}
        if filler_ms is not None:
            values["filler_latency_ms"] = filler_ms
            self.counters["fillers"] += 1
        if latency_ms is not None:
            self._bot_latency[generation] = latency_ms
        self._bot_turn(generation, values)

    def bot_rests_on(self, generation: int, evidence: dict[str, Any]) -> None:
        """What a sentence of a bot turn rests on; written with the turn, if it is said."""
        self._evidence.setdefault(generation, []).append(evidence)

    def bot_heard(self, heard: HeardTurn, at_ms: int) -> None:
        """A bot turn is over."""
        self.counters["bot_turns"] += heard.generation not in self._bot_seq
        self.counters["barge_ins"] += heard.interrupted
        values = {"text": heard.intended, "heard": heard.heard, "interrupted": heard.interrupted}
        rests_on = self._evidence.pop(heard.generation, None)
        kept = {"evidence": rests_on} if rests_on else {}
        self._bot_turn(
            heard.generation, {**values, **kept, "generation": heard.generation, "ended_ms": at_ms}
        )
        latency = self._bot_latency.get(heard.generation)
        data = {"side": "bot", "generation": heard.generation, "latency_ms": latency, **values}
        self._recorder.publish("turn", self._call_id, data)

    def transfer(self, target: str, mode: str, summary: str) -> None:
        self._save({"transfer": {"target": target, "mode": mode, "summary": summary}})
        self._recorder.publish("transfer_requested", self._call_id, {"target": target, "mode": mode})

    def ended(self, outcome: str, media: dict[str, int], code: int | None = None) -> None:
        values = {"ended_at": now_text(), "outcome": outcome, "state": "ended", "counters": self.counters}
        self._save({**values, "media": media, "sip_code": code})
        self._tell("call_ended", "ended", {"outcome": outcome, "sip_code": code})

    def event(self, name: str, data: dict[str, Any]) -> None:
        """Something worth an entry in the stream only."""
        self._recorder.publish(name, self._call_id, data)

    def _turn(self, side: str, values: dict[str, Any], seq: int | None = None) -> int:
        if seq is None:
            seq = self._seq = self._seq + 1
        self._save_turn(seq, {"side": side, **values})
        self._recorder.publish("turn", self._call_id, {"side": side, "seq": seq, **values})
        return seq

    def _bot_turn(self, generation: int, values: dict[str, Any]) -> None:
        if generation not in self._bot_seq:
            self._seq += 1
            self._bot_seq[generation] = self._seq
            self.counters["bot_turns"] += "text" not in values
        self._save_turn(self._bot_seq[generation], {"side": "bot", **values})

    def _save_turn(self, seq: int, values: dict[str, Any]) -> None:
        turn = self._turns.setdefault(seq, {"call_id": self._call_id, "seq": seq})
        turn.update(values)
        self._recorder.save("turns", f"{self._call_id}:{seq:04d}", turn)

    def _save(self, values: dict[str, Any]) -> None:
        self._call.update(values)
        self._recorder.save("calls", self._call_id, self._call)

    def _tell(self, event: str, state: str, data: dict[str, Any]) -> None:
        facts = {**self._facts, "started_at": self.started_at} if event == "call_started" else {}
        self._recorder.live(self._call_id, {"status": state, "state": state, **facts})
        self._recorder.publish(event, self._call_id, data)


def now_text() -> str:
    """UTC, ISO 8601, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _time(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value
