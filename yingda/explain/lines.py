"""A turn as lines for a terminal: a word on the left says what the line is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from yingda.explain import reasons
from yingda.explain.turns import FALLBACK, LISTEN, Conversation, Decision, Said, SlotChange, Turn
from yingda.explain.written import DialogueFiles
from yingda.messages import spoken

LONGEST_VALUE = 60
_CODES = {"dim": "2", "bold": "1", "green": "32", "yellow": "33", "red": "31", "cyan": "36", "blue": "34"}


@dataclass(frozen=True)
class Paint:
    """Colours where there is a terminal; without one the text as it is."""

    on: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        codes = ";".join(_CODES[style] for style in styles)
        return f"\033[{codes}m{text}\033[0m" if self.on and codes and text else text

    def line(self, about: str, text: str) -> str:
        """One line of a turn."""
        return f"  {self(f'{about:<7}', 'dim')} {text}"


def whole(
    turn: Turn, conversation: Conversation, files: DialogueFiles, paint: Paint | None = None
) -> list[str]:
    """What was understood, decided, changed, and is open after it."""
    paint = paint or Paint()
    return [
        *understood(turn, paint),
        *decided(turn, conversation, files, paint),
        *changed(turn, paint),
        *open_now(turn, paint),
    ]


def understood(turn: Turn, paint: Paint) -> list[str]:
    """The text as it was read, the intent and its rival, and the values in it."""
    found = []
    if not turn.is_event and turn.read != turn.text:
        found.append(paint.line("read as", turn.read))
    if turn.is_event and not turn.entities:
        return [*found, paint.line("event", paint(turn.intent, "cyan"))]
    found.append(paint.line("event" if turn.is_event else "intent", _intent(turn, paint)))
    if turn.entities:
        found.append(paint.line("values", "  ".join(_entity(entity, turn) for entity in turn.entities)))
    return found


def _intent(turn: Turn, paint: Paint) -> str:
    if turn.is_event:
        return paint(turn.intent, "cyan")
    sure = "red" if turn.intent == FALLBACK else "green"
    shown = paint(f"{turn.intent} {turn.confidence:.2f}", sure)
    if turn.intent == FALLBACK:
        readings = [reading for reading in turn.ranking if reading[0] != FALLBACK][:2]
        told = " or ".join(f"{name} {confidence:.2f}" for name, confidence in readings)
        return f"{shown}, not sure enough" + (f": {told}" if told else "")
    second = turn.second
    return shown + (paint(f"  next {second[0]} {second[1]:.2f}", "dim") if second else "")


def _entity(entity: Mapping[str, Any], turn: Turn) -> str:
    shown = f"{entity.get('entity')}={value(entity.get('value'))}"
    if entity.get("cents") is not None:
        shown += f" ({entity['cents']} cents)"
    start, end = entity.get("start"), entity.get("end")
    if not turn.is_event and isinstance(start, int) and isinstance(end, int) and turn.read[start:end]:
        shown += f" 「{turn.read[start:end]}」"
    return shown


def decided(turn: Turn, conversation: Conversation, files: DialogueFiles, paint: Paint) -> list[str]:
    """Each action, the policy that chose it, and why."""
    found, before = [], reasons.Reason("")
    for item in turn.decisions:
        reason = reasons.why(item, conversation, files)
        same = reason.source is not None and reason == before
        found.append(paint.line("why", _decision(item, None if same else reason, paint)))
        before = reason
    if turn.taken_back:
        found.append(paint.line("", "the turn was taken back: the dialogue stands where it stood before"))
    return found


def _decision(item: Decision, reason: reasons.Reason | None, paint: Paint) -> str:
    """`reason` None: the same as before."""
    words = [paint("waits" if item.action == LISTEN else item.action, "bold")]
    if reason is None:
        return f"{words[0]}  " + paint("the same", "dim")
    if item.policy:
        words.append(paint(f"{item.policy} {item.confidence:.2f}", "dim"))
    if reason.words:
        words.append(reason.words)
    if reason.source:
        words.append(f'{reason.source.kind} "{reason.source.name}"')
        words.append(paint(reason.source.place, "blue"))
    return "  ".join(words)


def changed(turn: Turn, paint: Paint) -> list[str]:
    """The slots that have other values than before."""
    shown = [_change(change) for change in turn.changes]
    return [paint.line("slots" if not place else "", line) for place, line in enumerate(_wrapped(shown))]


def _change(change: SlotChange) -> str:
    if change.before is None:
        return f"{change.name}={value(change.after)}"
    return f"{change.name}: {value(change.before)} -> {value(change.after)}"


def open_now(turn: Turn, paint: Paint) -> list[str]:
    """The form or question that waits for an answer."""
    asked, awaited = turn.slots.get("requested_slot"), turn.slots.get("awaiting")
    if turn.loop:
        return [
            paint.line(
                "open", paint(f"form {turn.loop}", "yellow") + (f", asks for {asked}" if asked else "")
            )
        ]
    if awaited and awaited != "nothing":
        return [paint.line("open", paint(f"question: awaiting {awaited}", "yellow"))]
    return []


def said(sentence: Said, files: DialogueFiles, paint: Paint) -> str:
    """What the bot says, how, and the response that it is."""
    shown = paint(sentence.text, "bold")
    how = voice(sentence.metadata)
    if how:
        shown += f"  ({how})"
    if sentence.response:
        place = files.responses.get(sentence.response, "")
        shown += "  " + paint(f"{sentence.response} {place}".strip(), "dim")
    return paint.line("bot", shown)


def voice(metadata: Mapping[str, Any]) -> str:
    """The speaking keys of a response's metadata, in short."""
    shown = [f"{key} {metadata[key]}" for key in spoken.KEYS if key in metadata]
    if metadata.get("interruptible") is False:
        shown.append("heard to its end")
    return ", ".join(shown)


def listening(expect: str, max_digits: int | None, boost: Iterable[str], paint: Paint) -> str:
    """What the bot listens for, and the words that recognition favours."""
    words = " ".join(boost)
    shown = expect + (f", at most {max_digits}" if max_digits else "")
    return paint.line("listens", shown + (f", favours {words}" if words else ""))


def value(found: Any) -> str:
    """A slot's or entity's value on one line."""
    shown = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def _wrapped(parts: Iterable[str], width: int = 100) -> Iterator[str]:
    line = ""
    for part in parts:
        if line and len(line) + len(part) + 2 > width:
            yield line
            line = ""
        line += ("  " if line else "") + part
    if line:
        yield line
