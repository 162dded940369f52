"""Reads what the bot recorded of a call, from MongoDB: collections calls, turns, events_tracker, handoffs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from yingda.caller.evidence import CallRecord, TurnRecord, Understood
from yingda.explain import lines
from yingda.explain.turns import Conversation
from yingda.explain.written import DialogueFiles

Row = dict[str, Any]
_CLOCK_SLACK = timedelta(seconds=5)
# What the gateway tells the dialogue apart from the caller's words and digits.
_EXTERNAL = "/EXTERNAL_"
_KEYPAD = "/EXTERNAL_keypad"


def find_call(database: Database[Row], customer_number: str, since: datetime) -> str | None:
    """The newest call of this number that began after ``since`` (UTC)."""
    rows = database["calls"].find({"started_at": {"$gt": since - _CLOCK_SLACK}}).sort("started_at", -1)
    for row in rows.limit(50):
        if row.get("customer_number") == customer_number:
            return str(row["_id"])
    return None


def read_turns(database: Database[Row], call_id: str, files: DialogueFiles | None = None) -> list[TurnRecord]:
    """The turns so far, with what the dialogue understood of each, and why it answered so if ``files`` are
    given."""
    turns = list(database["turns"].find({"call_id": call_id}).sort("seq", 1))
    understood = read_understood(database, call_id, files)
    return pair(turns, understood)


def read_understood(
    database: Database[Row], call_id: str, files: DialogueFiles | None = None
) -> list[Understood]:
    """What the dialogue made of the caller's words and digits, in order."""
    rows = database["events_tracker"].find({"sender_id": call_id}).sort("seq", 1)
    return from_events([row["event"] for row in rows], files)


def from_events(events: list[Row], files: DialogueFiles | None = None) -> list[Understood]:
    """The same from Rasa's events of the call."""
    users = [event for event in events if event.get("event") == "user"]
    if files is None:
        return [understanding(event) for event in users if _is_customers(event)]
    conversation = Conversation()
    conversation.add(events)
    return [
        replace(understanding(event), why=tuple(lines.whole(turn, conversation, files)))
        for event, turn in zip(users, conversation.turns, strict=True)
        if _is_customers(event)
    ]


def _is_customers(event: Row) -> bool:
    text = event.get("text") or ""
    return event.get("event") == "user" and (not text.startswith(_EXTERNAL) or text.startswith(_KEYPAD))


def understanding(event: Row) -> Understood:
    """A user event of Rasa, in short; of several values of one entity all are kept, as a list."""
    parsed = event.get("parse_data") or {}
    intent = parsed.get("intent") or {}
    entities: dict[str, Any] = {}
    for entity in parsed.get("entities") or []:
        name, value = str(entity.get("entity")), entity.get("value")
        entities[name] = value if name not in entities else [*_as_list(entities[name]), value]
    text = str(parsed.get("text") or event.get("text") or "")
    return Understood(text, intent.get("name"), float(intent.get("confidence") or 0.0), entities)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def pair(turns: list[Row], understood: list[Understood]) -> list[TurnRecord]:
    """Turn rows as records; what the customer said or keyed gets its understanding in order."""
    waiting = iter(understood)
    return [_record(row, next(waiting, None) if side(row) == "customer" else None) for row in turns]


def side(row: Row) -> str:
    """Whose turn: "customer", "bot", or "silence" where the gateway noted that nobody spoke."""
    return "silence" if row.get("silence") else str(row["side"])


def _record(row: Row, understood: Understood | None) -> TurnRecord:
    return TurnRecord(
        seq=int(row["seq"]),
        side=side(row),
        text=str(row.get("text") or row.get("digits") or ""),
        started_s=_seconds(row.get("started_ms")),
        ended_s=_seconds(row.get("ended_ms")),
        heard=row.get("heard"),
        interrupted=bool(row.get("interrupted")),
        latency_s=_seconds(row.get("latency_ms")),
        filler_latency_s=_seconds(row.get("filler_latency_ms")),
        understood=understood,
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else float(milliseconds) / 1000


def read_call(
    database: Database[Row], call_id: str, root: Path = Path(), files: DialogueFiles | None = None
) -> CallRecord:
    """The whole record of a finished call, and what is missing in it; ``root``: where recordings lie."""
    call = database["calls"].find_one({"_id": call_id}) or {}
    turns = read_turns(database, call_id, files)
    handoff = database["handoffs"].find_one({"call_id": call_id}) is not None
    recording = str(root / call["recording"]) if call.get("recording") else None
    return CallRecord(
        call_id=call_id,
        turns=turns,
        outcome=call.get("outcome"),
        handoff=handoff,
        recording=recording,
        problems=problems(call, turns, recording),
    )


def problems(call: Row, turns: list[TurnRecord], recording: str | None) -> list[str]:
    """What a complete record would have beside."""
    found = [f"calls.{key} is missing" for key in ("started_at", "ended_at", "outcome") if not call.get(key)]
    if not any(turn.side == "bot" for turn in turns):
        found.append("no bot turn is on record")
    seqs = [turn.seq for turn in turns]
    if sorted(set(seqs)) != list(range(min(seqs, default=0), min(seqs, default=0) + len(seqs))):
        found.append(f"the numbers of the turns have gaps or doubles: {seqs}")
    if not recording:
        found.append("calls.recording is missing")
    elif not Path(recording).is_file():
        found.append(f"the recording {recording} does not exist")
    return found
