"""One call in text over the dialogue contract: what the gateway would send, with typed words for speech."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pymongo.errors import PyMongoError
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from yingda.messages import dialogue
from yingda.messages.wire import MessageError

TURN_DEADLINE_S = 30.0
EVENTS_DEADLINE_S = 3.0
POLL_S = 0.02
SURE = 0.95  # typed words count as heard well


class CallBroken(Exception):
    """The assistant does not answer; the text says where to look."""


@dataclass(frozen=True)
class Caller:
    """Who calls, or is called."""

    number: str
    direction: dialogue.Direction = "inbound"
    campaign: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)


@dataclass
class BotTurn:
    """What came down in one turn; times in ms since the message went up."""

    messages: list[dialogue.Down] = field(default_factory=list)
    first_ms: float | None = None
    ms: float = 0.0

    def of(self, kind: type[Any]) -> list[Any]:
        """The messages of one kind."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def ends_call(self) -> bool:
        """The bot hangs up or hands over."""
        return bool(self.of(dialogue.HangUp) or self.of(dialogue.Transfer))


class TextCall:
    """Messages up, a turn down, one after another."""

    def __init__(self, url: str, caller: Caller) -> None:
        """`url`: the voice channel's, without the call's id. Raises CallBroken."""
        self.call_id = f"talk-{uuid.uuid4().hex[:12]}"
        self.caller = caller
        self._generation = self._silences = 0
        self._begun = time.monotonic()
        try:
            self._socket: ClientConnection = connect(
                f"{url}/{self.call_id}", open_timeout=10, close_timeout=1
            )
        except (OSError, WebSocketException) as error:
            raise CallBroken(f"the assistant cannot be reached at {url}: {error}") from None

    def begin(self) -> BotTurn:
        """The call is answered; the greeting."""
        started = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        caller = self.caller
        return self._turn(
            lambda generation: dialogue.CallStarted(
                call_id=self.call_id,
                direction=caller.direction,
                customer_number=caller.number,
                our_number="95000",
                started_at=started,
                generation=generation,
                campaign=caller.campaign,
                profile=caller.profile,
            )
        )

    def says(self, text: str) -> BotTurn:
        """The caller's words."""
        self._silences = 0
        at = round((time.monotonic() - self._begun) * 1000)
        return self._turn(lambda n: dialogue.CustomerTurn(n, n, text, SURE, at, at))

    def keys(self, digits: str) -> BotTurn:
        """Digits from the keypad."""
        self._silences = 0
        return self._turn(lambda generation: dialogue.Keypad(generation, digits))

    def is_silent(self) -> BotTurn:
        """Nobody speaks, once more."""
        self._silences += 1
        return self._turn(lambda generation: dialogue.Silence(generation, self._silences))

    def end(self, reason: str) -> None:
        """Tell the assistant that the call is over, and close."""
        try:
            self._socket.send(dialogue.to_json(dialogue.CallEnded(reason)))
            self._socket.close()
        except (OSError, WebSocketException):
            pass  # it is gone already, and nothing more is expected of it

    def _turn(self, message: Callable[[int], dialogue.Up]) -> BotTurn:
        self._generation += 1
        turn, begun = BotTurn(), time.monotonic()
        try:
            self._socket.send(dialogue.to_json(message(self._generation)))
            while not turn.of(dialogue.TurnDone):
                left = TURN_DEADLINE_S - (time.monotonic() - begun)
                down = dialogue.parse_down(self._socket.recv(timeout=max(0.0, left)))
                took = (time.monotonic() - begun) * 1000
                if isinstance(down, dialogue.Say) and turn.first_ms is None:
                    turn.first_ms = took
                turn.messages.append(down)
                turn.ms = took
        except TimeoutError:
            raise CallBroken(f"no answer within {TURN_DEADLINE_S:.0f} s") from None
        except (OSError, WebSocketException, MessageError) as error:
            raise CallBroken(f"the connection to the assistant broke: {error}") from None
        return turn


class EventReader:
    """The events of one conversation as the assistant records them in MongoDB."""

    def __init__(self, database: Any, call_id: str) -> None:
        self._collection, self._call_id, self._read = database["events_tracker"], call_id, 0

    def new(self) -> list[dict[str, Any]]:
        """Those of the turn that is done. They may come a little after it. Raises CallBroken."""
        deadline = time.monotonic() + EVENTS_DEADLINE_S
        found: list[dict[str, Any]] = []
        while time.monotonic() < deadline and not _is_whole(found):
            if found:
                time.sleep(POLL_S)
            try:
                query = {"sender_id": self._call_id, "seq": {"$gt": self._read - 1}}
                rows = list(self._collection.find(query).sort("seq", 1))
            except PyMongoError as error:
                raise CallBroken(f"the record cannot be read: {type(error).__name__}") from None
            found = [row["event"] for row in rows]
        self._read += len(found)
        return found


def _is_whole(events: list[dict[str, Any]]) -> bool:
    """A turn ends with listening."""
    acts = [event for event in events if event.get("event") in ("action", "user")]
    return bool(acts) and acts[-1].get("name") == "action_listen" and any(e["event"] == "user" for e in acts)
