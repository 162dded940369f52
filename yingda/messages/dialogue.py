"""Gateway and dialogue: one WebSocket per call, ``/webhooks/voice/ws/<call_id>``, JSON text frames.

Each frame is one object with ``"v": 1`` and ``"type"``.  The gateway numbers every bot turn (the generation),
puts the number into each message up, and everything that answers it comes down with the same number; an older
number than the gateway's present one is stale and is dropped there.

Up (gateway to dialogue): CallStarted, CustomerTurn, Keypad, Silence, CallEnded.
Down (dialogue to gateway): Say, Listen, StopRecording, Transfer, HangUp, TurnDone, Error.

>>> text = to_json(Say(generation=3, text="您好"))
>>> parse(text)
Say(generation=3, text='您好', interruptible=True, final_listen=False, evidence={})
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from yingda.messages.wire import MessageError, fields_from, plain

VERSION = 1

Expect = Literal["free", "yes_no", "digits", "amount", "date", "name"]
Direction = Literal["inbound", "outbound"]


@dataclass(frozen=True)
class Heard:
    """What the customer really heard of a bot turn: when ``interrupted``, a prefix of ``intended``."""

    generation: int
    intended: str
    heard: str
    interrupted: bool


@dataclass(frozen=True)
class CallStarted:
    """First message on a socket.  ``resumed``: the conversation exists, do not greet again."""

    type: ClassVar[str] = "call_started"
    call_id: str
    direction: Direction
    customer_number: str
    our_number: str
    started_at: str  # UTC, ISO 8601
    generation: int
    resumed: bool = False
    campaign: str | None = None
    script_id: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CustomerTurn:
    """What the customer said in one turn; times are milliseconds since the call was connected."""

    type: ClassVar[str] = "customer_turn"
    turn: int
    generation: int
    text: str
    confidence: float
    started_ms: int
    ended_ms: int
    heard: Heard | None = None


@dataclass(frozen=True)
class Keypad:
    """Digits (0-9 * # A-D) that the customer keyed in, without the closing #."""

    type: ClassVar[str] = "keypad"
    generation: int
    digits: str
    heard: Heard | None = None


@dataclass(frozen=True)
class Silence:
    """Nobody spoke after the bot had finished; ``count`` is 1 the first time in a row, then 2, ..."""

    type: ClassVar[str] = "silence"
    generation: int
    count: int
    heard: Heard | None = None


@dataclass(frozen=True)
class CallEnded:
    """The call is over: ``reason`` is customer_hung_up, bot_hung_up, transferred, media_timeout or failed.

    The dialogue closes the socket when it has this message; the gateway waits for that, so that nothing is
    lost.
    """

    type: ClassVar[str] = "call_ended"
    reason: str
    heard: Heard | None = None


@dataclass(frozen=True)
class Say:
    """Say one sentence or more, plain or SSML.  Not ``interruptible``: played to the end whatever the
    customer does.

    ``final_listen``: the last ``Say`` of the turn, to be answered (a hint; TurnDone still follows).
    ``evidence``: what the sentence rests on (article, version, source, validity), for the record of the call.
    """

    type: ClassVar[str] = "say"
    generation: int
    text: str
    interruptible: bool = True
    final_listen: bool = False
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listen:
    """What the customer is expected to say next, and words that recognition should favour.

    ``secret``: a password or the like; until the next Listen neither keys nor words are recorded or kept.
    """

    type: ClassVar[str] = "listen"
    generation: int
    expect: Expect = "free"
    max_digits: int | None = None
    boost: tuple[str, ...] = ()
    secret: bool = False


@dataclass(frozen=True)
class StopRecording:
    """Record no more of this call, from now on; ``erase`` deletes what was recorded."""

    type: ClassVar[str] = "stop_recording"
    generation: int
    erase: bool = False


@dataclass(frozen=True)
class Transfer:
    """Hand the call to ``target`` once the turn has been said; ``mode`` is cold or warm."""

    type: ClassVar[str] = "transfer"
    generation: int
    target: str
    mode: Literal["cold", "warm"] = "cold"
    summary: str = ""


@dataclass(frozen=True)
class HangUp:
    """End the call once the turn has been said."""

    type: ClassVar[str] = "hang_up"
    generation: int
    reason: str = "bot_hung_up"


@dataclass(frozen=True)
class TurnDone:
    """Nothing more follows for this generation."""

    type: ClassVar[str] = "turn_done"
    generation: int


@dataclass(frozen=True)
class Error:
    """The dialogue could not answer; ``reason`` is for logs and holds no personal data."""

    type: ClassVar[str] = "error"
    generation: int
    reason: str


Up = CallStarted | CustomerTurn | Keypad | Silence | CallEnded
Down = Say | Listen | StopRecording | Transfer | HangUp | TurnDone | Error
Message = Up | Down

UP: tuple[type[Any], ...] = (CallStarted, CustomerTurn, Keypad, Silence, CallEnded)
DOWN: tuple[type[Any], ...] = (Say, Listen, StopRecording, Transfer, HangUp, TurnDone, Error)
_BY_TYPE: dict[str, type[Any]] = {kind.type: kind for kind in UP + DOWN}


def to_json(message: Message) -> str:
    """One text frame."""
    return json.dumps({"v": VERSION, "type": message.type, **plain(message)}, ensure_ascii=False)


def parse(text: str | bytes) -> Message:
    """One text frame to a message; MessageError names what is wrong with it."""
    data = _object(text)
    version = data.pop("v", None)
    if version != VERSION or isinstance(version, bool):
        raise MessageError(f"dialogue message: version v={version!r}, expected {VERSION}")
    name = data.pop("type", None)
    kind = _BY_TYPE.get(name) if isinstance(name, str) else None
    if kind is None:
        raise MessageError(f"dialogue message: unknown type {name!r}; expected one of {', '.join(_BY_TYPE)}")
    message: Message = fields_from(kind, data, str(name))
    return message


def parse_up(text: str | bytes) -> Up:
    """A frame from the gateway; a message that only the dialogue sends raises MessageError."""
    message = parse(text)
    if not isinstance(message, (CallStarted, CustomerTurn, Keypad, Silence, CallEnded)):
        raise MessageError(f"dialogue message: {message.type!r} does not go from the gateway to the dialogue")
    return message


def parse_down(text: str | bytes) -> Down:
    """A frame from the dialogue; a message that only the gateway sends raises MessageError."""
    message = parse(text)
    if not isinstance(message, (Say, Listen, StopRecording, Transfer, HangUp, TurnDone, Error)):
        raise MessageError(f"dialogue message: {message.type!r} does not go from the dialogue to the gateway")
    return message


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError("dialogue message: not JSON") from error
    if not isinstance(data, dict):
        raise MessageError("dialogue message: expected a JSON object")
    return data
