"""Reading the conversation: what was said, what was asked, what went wrong before. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet

NOT_UNDERSTOOD = "action_not_understood"
_NOT_WORTH_REPEATING = {
    "utter_rephrase",
    "utter_wait",
    "utter_slower",
    "utter_louder",
    "utter_silence_first",
    "utter_silence_second",
}
_INVITING = {
    "utter_please_go_on",
    "utter_what_else",
    "utter_what_for",
    "utter_rephrase",
    "utter_choices",
    "utter_out_of_scope",
}  # responses that tell the customer to speak
_NO_ANSWER = ("action_listen", "action_extract_slots")


def awaiting(tracker: Tracker) -> str:
    """What the last question outside of forms asks for: a value of the slot in domain.yml."""
    return str(tracker.get_slot("awaiting") or "nothing")


def await_answer(what: str) -> EventType:
    """The bot has just asked for `what`."""
    return SlotSet("awaiting", what)


def intent(tracker: Tracker) -> str:
    """Name of the latest message's intent."""
    return str((tracker.latest_message.get("intent") or {}).get("name"))


def entity(tracker: Tracker, name: str) -> Any:
    """Value of the last entity `name` in the latest message."""
    return value_of(tracker.latest_message.get("entities", []), name)


def amount_cents(tracker: Tracker) -> int | None:
    """The amount of the latest message in cents."""
    return cents_of(tracker.latest_message.get("entities", []))


def value_of(entities: Sequence[dict[str, Any]], name: str) -> Any:
    """Value of the last entity `name`: in a correction the right one comes last."""
    return next((item["value"] for item in entities[::-1] if item.get("entity") == name), None)


def cents_of(entities: Sequence[dict[str, Any]]) -> int | None:
    """The amount in cents: 100元, or a bare 100."""
    found = (value_of(entities, name) for name in ("amount", "number"))
    return next((round(value * 100) for value in found if isinstance(value, (int, float))), None)


def last_of(value: Any) -> Any:
    """A slot holds a list when one sentence had several values; the last is meant: 不是周二，是周三."""
    return value[-1] if isinstance(value, list) else value


def text(tracker: Tracker) -> str:
    """Latest message with its numbers written as digits."""
    message = tracker.latest_message
    return str((message.get("parse_data") or {}).get("text") or message.get("text") or "")


def pieces(tracker: Tracker) -> list[dict[str, Any]]:
    """The different requests of the latest message, when it holds several (extensions/nlu/several.py)."""
    message = tracker.latest_message
    found = message.get("requests") or (message.get("parse_data") or {}).get("requests") or []
    return [piece for piece in found if isinstance(piece, dict)]


def digits(tracker: Tracker, length: int) -> str | None:
    """The last run of `length` digits (the last may be X) in the latest message, spoken or keyed."""
    keyed = entity(tracker, "digits")
    source = str(keyed) if keyed else text(tracker)
    found = re.findall(rf"(?<!\d)\d{{{length - 1}}}[\dXx](?![\dXx元])", source)
    return found[-1].upper() if found else None


def has_digits(tracker: Tracker) -> bool:
    """Whether the latest message holds any digit."""
    return bool(re.search(r"\d", text(tracker)))


def call(tracker: Tracker) -> dict[str, Any]:
    """The call's data from the channel: call_id, customer_number, our_number, direction ..."""
    metadata = tracker.latest_message.get("metadata") or tracker.get_slot("session_started_metadata") or {}
    about = metadata.get("call")
    return about if isinstance(about, dict) else {}


def failures_in_a_row(events: Iterable[dict[str, Any]]) -> int:
    """How many turns before this one, one after another, brought nothing: each set the slot `failures`."""
    count, failed, is_this = 0, False, True
    for event in reversed(list(events)):
        if event.get("event") == "slot" and event.get("name") == "failures":
            failed = True
        elif event.get("event") == "user":
            if not failed and not is_this:
                break
            count, failed, is_this = count + (failed and not is_this), False, False
    return count


def failed(tracker: Tracker) -> EventType:
    """This turn brought nothing."""
    return SlotSet("failures", failures_in_a_row(tracker.events) + 1)


def leaves_it(said: str) -> bool:
    """算了, 那就不约了: no answer to what was asked, but no to all of it."""
    return bool(re.search("算了|^[那就先还是]*(不|别)[^，]{1,4}了吧?$", said))


def open_form(tracker: Tracker) -> str | None:
    """The form that is active."""
    name = (tracker.active_loop or {}).get("name")
    return str(name) if name else None


def since_customer(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What happened after the customer's last turn, in order."""
    turn: list[dict[str, Any]] = []
    for event in reversed(list(events)):
        if event.get("event") == "user":
            break
        turn.append(event)
    return turn[::-1]


def is_first_look(tracker: Tracker, form: str) -> bool:
    """Whether `form`, which asks for something, is the first to see the customer's turn."""
    done = [x.get("name") for x in since_customer(tracker.events) if x.get("event") == "action"]
    return bool(tracker.get_slot("requested_slot")) and all(name in (*_NO_ANSWER, form) for name in done)


def was_asked(events: Iterable[dict[str, Any]]) -> bool:
    """Whether the bot has asked a question in this turn, or told the customer to speak."""
    said = [event for event in since_customer(events) if event.get("event") == "bot"]
    return any(
        "？" in str(event.get("text")) or (event.get("metadata") or {}).get("utter_action") in _INVITING
        for event in said
    )


def yes_or_no(said: str, echo: str) -> bool | None:
    """A yes or a no in words that mean it only after the question, with its verbs `echo`: 退了吧, 不约了."""
    if re.match("不[对是].{3}", said) or re.search("[吗呢？?]|怎么|多少|什么", said):
        return None  # not that but something that was not understood, or a question
    if re.search("[不别没甭]|算了", said):
        return False
    return True if re.search(f"[{echo}]", said) else None


def has_left(events: Iterable[dict[str, Any]]) -> bool:
    """Whether the call has been handed over or ended in this turn."""
    sent = ((event.get("data") or {}).get("custom") or {} for event in since_customer(events))
    return any(message.get("type") in ("transfer", "hang_up") for message in sent)


def last_bot_turn(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bot events of the last turn in which the bot said something worth repeating."""
    turn: list[dict[str, Any]] = []
    for event in reversed(list(events)):
        if event.get("event") == "user" and turn:
            break
        said = event.get("event") == "bot" and event.get("text")
        if said and (event.get("metadata") or {}).get("utter_action") not in _NOT_WORTH_REPEATING:
            turn.append(event)
    return turn[::-1]


def spoken_amount(cents: int) -> str:
    """8642 -> 86.42元; the voice reads it as 八十六块四毛二. What is owed is below nought: -86.42元."""
    yuan, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{yuan}元" if rest == 0 else f"{sign}{yuan}.{rest:02d}".rstrip("0") + "元"
