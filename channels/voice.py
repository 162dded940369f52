"""The voice channel: one WebSocket per call between the gateway and Rasa, turns only, no audio.

Up come what the customer said, keyed in or left unsaid; down go sentences as they are produced, listening
hints, transfer and hang-up, then turn_done. The messages are in yingda.messages.dialogue. A call's id is
its conversation id. The gateway may lose the socket and come back: a turn that runs is finished first.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, response
from sanic.exceptions import WebsocketClosed
from sanic.request import Request
from sanic.response import HTTPResponse
from websockets.exceptions import ConnectionClosed

from channels.call_words import CallWords
from extensions import patches
from extensions.patches import action_session
from extensions.stores import tracker
from yingda.messages import spoken
from yingda.messages.dialogue import (
    CallEnded,
    CallStarted,
    CustomerTurn,
    Error,
    HangUp,
    Keypad,
    Listen,
    Message,
    Say,
    Silence,
    StopRecording,
    Transfer,
    TurnDone,
    Up,
    parse_up,
    to_json,
)
from yingda.messages.wire import MessageError

logger = logging.getLogger(__name__)

Send = Callable[[str], Awaitable[None]]
OnMessage = Callable[[UserMessage], Awaitable[Any]]

LastEventAt = Callable[[str], Awaitable[float]]

NOTHING_HEARD = "/nlu_fallback"
GONE_S = 60.0  # a gateway that lives is back in a second, and asks into silence long before
LEAVE_SECONDS = 8.0  # for turns that are under way when the process is asked to stop


class VoiceOutput(OutputChannel):
    """What the bot does in one turn, sent at once and stamped with the turn's generation.

    A response's `metadata` in domain.yml decides how it is said and what is listened for:
    `interruptible: false`, `listen: {expect: digits, max_digits: 4, boost: [...], secret: true}`, `record:
    false` (or `record: erase`: no more recording, and none of what was recorded), and the keys of
    yingda.messages.spoken: voice, style, rate, pitch, volume, pause_before_ms.
    """

    def __init__(
        self, generation: int, send: Callable[[Message], Awaitable[None]], words: CallWords | None = None
    ) -> None:
        """`send` takes messages of yingda.messages.dialogue; `words` are those of the call so far."""
        self._generation = generation
        self._words = words or CallWords()
        self._send = send
        self._listen = Listen(generation=generation)
        self._leaving = False

    @classmethod
    def name(cls) -> str:
        """Rasa's name of the channel."""
        return "voice"

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Say `text`."""
        metadata = kwargs.get("metadata") or {}
        self._expect(metadata.get("listen"))
        await self._stop_recording(metadata.get("record", True))
        interruptible = metadata.get("interruptible", True) is not False
        for key, mistake in spoken.mistakes(metadata).items():
            logger.warning("voice channel: a response's metadata.%s is left out: %s", key, mistake)
        said = spoken.markup(text.strip(), metadata)
        evidence = kwargs.get("evidence")
        await self._send(
            Say(
                generation=self._generation,
                text=said,
                interruptible=interruptible,
                evidence=evidence if isinstance(evidence, dict) else {},
            )
        )

    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **kwargs: Any) -> None:
        """Do what an action asked for: `{"type": "listen" | "hotwords" | "record" |
        "transfer" | "hang_up", ...}`."""
        kind, generation = json_message.get("type"), self._generation
        if kind == "listen":
            self._expect(json_message)
        elif kind == "hotwords":
            for mistake in self._words.add(json_message.get("words")):
                logger.warning("voice channel: call %s: %s", recipient_id, mistake)
        elif kind == "record":
            await self._stop_recording(json_message.get("record", False))
        elif kind == "transfer":
            self._leaving = True
            await self._send(
                Transfer(
                    generation=generation,
                    target=str(json_message.get("target", "")),
                    mode="warm" if json_message.get("mode") == "warm" else "cold",
                    summary=str(json_message.get("summary", "")),
                )
            )
        elif kind == "hang_up":
            self._leaving = True
            await self._send(
                HangUp(generation=generation, reason=str(json_message.get("reason", "bot_hung_up")))
            )
        else:
            logger.warning("voice channel: an action sent json of unknown type %r; it is dropped", kind)

    async def _stop_recording(self, record: Any) -> None:
        if record is True:
            return
        if record not in (False, "erase"):
            logger.warning("voice channel: record: got %r, expected false or erase; taken for false", record)
        await self._send(StopRecording(generation=self._generation, erase=record == "erase"))

    async def finish(self) -> None:
        """Say what is expected next, then that the turn is complete."""
        if not self._leaving:
            boost = self._words.beside(self._listen.boost)
            await self._send(replace(self._listen, boost=boost))
        await self._send(TurnDone(generation=self._generation))

    def _expect(self, hint: dict[str, Any] | None) -> None:
        if hint:
            self._listen = Listen(
                generation=self._generation,
                expect=hint.get("expect", "free"),
                max_digits=hint.get("max_digits"),
                boost=tuple(hint.get("boost", ())),
                secret=bool(hint.get("secret", False)),  # anything odd is taken for yes
            )


class VoiceCall:
    """One call in this worker. Its turns run one after another; sockets may come and go."""

    def __init__(self, call_id: str, on_new_message: OnMessage) -> None:
        """`on_new_message` hands a message to Rasa and returns when the turn is over and saved."""
        self.call_id = call_id
        self.ended = False
        self._on_new_message = on_new_message
        self._words = CallWords()
        self._turn = asyncio.Lock()
        self._send: Send | None = None
        self._about: dict[str, Any] = {}
        self._generation = 0
        self._answered: tuple[Any, list[Message]] = (None, [])  # the customer's last turn, and the answer
        self.last_turn_at = 0.0  # time.time(), as Rasa stamps events

    @property
    def attached(self) -> bool:
        """Whether there is a gateway to talk to."""
        return self._send is not None

    def attach(self, send: Send) -> None:
        """Bot turns go to this socket from now on."""
        self._send = send

    def detach(self, send: Send) -> None:
        """This socket is gone; if it is still the call's own, what the bot says is dropped until the next."""
        if self._send is send:
            self._send = None

    async def handle(self, up: Up) -> None:
        """One message from the gateway, after those before it."""
        async with self._turn:
            self._generation = getattr(up, "generation", self._generation)
            if isinstance(up, CustomerTurn) and _same_turn(up) == self._answered[0]:
                await self._answer_again()
                return
            if isinstance(up, CallStarted):
                self._about = {**asdict(up)}
            self.ended = isinstance(up, CallEnded)
            answer: list[Message] = []
            output = VoiceOutput(self._generation, functools.partial(self._note, answer), self._words)
            message = UserMessage(
                text=text_for_rasa(up),
                output_channel=output,
                sender_id=self.call_id,
                input_channel=VoiceOutput.name(),
                metadata=self._metadata(up),
            )
            try:
                await self._on_new_message(message)
            except Exception as error:  # the caller must hear something whatever broke
                logger.exception("voice channel: a turn of call %s failed", self.call_id)
                await self._deliver(Error(generation=self._generation, reason=type(error).__name__))
            else:
                if isinstance(up, CustomerTurn):
                    self._answered = (_same_turn(up), answer)
            self.last_turn_at = time.time()
            if not self.ended:
                await output.finish()

    async def _answer_again(self) -> None:
        """The line broke before the answer was there, and the gateway has sent the turn once more. What was
        done for it is done: Rasa is not asked twice."""
        for message in self._answered[1]:
            await self._deliver(replace(message, generation=self._generation))

    async def _note(self, answer: list[Message], message: Message) -> None:
        answer.append(message)
        await self._deliver(message)

    async def close(self, socket: Any) -> None:
        """Close the socket as soon as no turn is under way."""
        async with self._turn:
            self._send = None
            await socket.close()

    async def _deliver(self, message: Message) -> None:
        send = self._send
        if send is None or self.ended:
            return
        try:
            await send(to_json(message))
        except Exception as error:  # a socket that just closed; the gateway comes back with resumed=true
            logger.info("voice channel: call %s lost its socket (%s)", self.call_id, type(error).__name__)
            self.detach(send)

    def _metadata(self, up: Up) -> dict[str, Any]:
        metadata: dict[str, Any] = {"call": self._about}
        if isinstance(up, CustomerTurn):
            metadata["confidence"] = up.confidence
            metadata["turn"] = {"number": up.turn, "started_ms": up.started_ms, "ended_ms": up.ended_ms}
        heard = getattr(up, "heard", None)
        if heard is not None:
            metadata["heard"] = asdict(heard)
        return metadata


class VoiceInput(InputChannel):
    """Named in credentials.yml. Serves /webhooks/voice/ws/<call_id> and /webhooks/voice/health."""

    def __init__(self, patched: bool = True, gone_s: float = GONE_S) -> None:
        """Applies the patches that a telephone call needs, unless `patched` is False. A call whose gateway is
        away for `gone_s` is over."""
        if patched:
            patches.apply_all()
        self._gone_s = gone_s
        self._calls: dict[str, VoiceCall] = {}
        self._sockets: dict[Any, VoiceCall] = {}
        self._leaving = False
        self._workers: set[asyncio.Future[None]] = set()

    @classmethod
    def name(cls) -> str:
        """Rasa's name of the channel and part of its address."""
        return VoiceOutput.name()

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """`patches: false` leaves Rasa's own code as it is, to compare or to find a culprit."""
        return cls(patched=(credentials or {}).get("patches", True) is not False)

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Routes of the channel."""
        webhook = Blueprint("voice_webhook", "voice_webhook")

        @webhook.get("/health")
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            if agent is not None and agent.is_ready():
                return response.json({"status": "ok"})
            return response.json({"status": "no model loaded; run `rasa train`"}, status=503)

        @webhook.listener("before_server_stop")
        async def leave(app: Any, loop: Any) -> None:
            await self.leave()

        @webhook.listener("after_server_stop")
        async def close(app: Any, loop: Any) -> None:
            await tracker.close()
            await action_session.close()

        @webhook.websocket("/ws/<call_id>")
        async def call(request: Request, socket: Any, call_id: str) -> None:
            store = request.app.ctx.agent.tracker_store
            await self.serve(call_id, socket, on_new_message, functools.partial(_last_event_at, store))

        return webhook

    async def serve(
        self,
        call_id: str,
        socket: Any,
        on_new_message: OnMessage,
        last_event_at: LastEventAt | None = None,
    ) -> None:
        """Read one socket to its end. Turns that were begun or waiting are still worked off.

        `last_event_at` tells when anything last happened in a conversation, in whichever worker.
        """
        if self._leaving:
            await socket.close()
            return
        voice_call = self._calls.setdefault(call_id, VoiceCall(call_id, on_new_message))
        send: Send = socket.send
        voice_call.attach(send)
        self._sockets[socket] = voice_call
        waiting: asyncio.Queue[Up | None] = asyncio.Queue()
        worker = asyncio.ensure_future(self._work(voice_call, waiting))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)
        try:
            while (frame := await socket.recv()) is not None:
                try:
                    up = parse_up(frame)
                    waiting.put_nowait(up)
                    if isinstance(up, CallEnded):
                        break  # which closes the socket, and so tells the gateway that we have it all
                except MessageError as error:
                    logger.warning("voice channel: call %s: %s", call_id, error)
                    await send(to_json(Error(generation=0, reason=str(error))))
        except (asyncio.CancelledError, ConnectionClosed, WebsocketClosed):
            pass  # all three are how sanic says that the socket was closed
        finally:
            waiting.put_nowait(None)
            self._sockets.pop(socket, None)
            voice_call.detach(send)
            asyncio.get_running_loop().call_later(self._gone_s, self._look_after, voice_call, last_event_at)

    def _look_after(self, voice_call: VoiceCall, last_event_at: LastEventAt | None) -> None:
        """The gateway did not say that the call ended, and is not back: it died."""
        if not voice_call.ended and not voice_call.attached:
            giving_up = asyncio.ensure_future(self._give_up(voice_call, last_event_at))
            self._workers.add(giving_up)
            giving_up.add_done_callback(self._workers.discard)

    async def _give_up(self, voice_call: VoiceCall, last_event_at: LastEventAt | None) -> None:
        """End the call, unless another worker of Rasa goes on with it."""
        last = await last_event_at(voice_call.call_id) if last_event_at else 0.0
        if last <= voice_call.last_turn_at and not voice_call.attached:
            await voice_call.handle(CallEnded("connection_lost"))
        self._calls.pop(voice_call.call_id, None)

    async def leave(self) -> None:
        """Before the process stops: each call ends the turn that it is in, then its socket closes.

        The gateway goes on with another worker, or with this one once it is back.
        """
        self._leaving = True
        closing = [asyncio.ensure_future(call.close(socket)) for socket, call in self._sockets.items()]
        if closing:
            await asyncio.wait(closing, timeout=LEAVE_SECONDS)

    async def _work(self, voice_call: VoiceCall, waiting: asyncio.Queue[Up | None]) -> None:
        while (up := await waiting.get()) is not None:
            await voice_call.handle(up)
        if voice_call.ended:
            self._calls.pop(voice_call.call_id, None)


def _same_turn(up: CustomerTurn) -> tuple[Any, ...]:
    """Alike for a turn and the same turn sent again, which has another generation."""
    return up.turn, up.text, up.started_ms, up.ended_ms


async def _last_event_at(store: Any, call_id: str) -> float:
    """time.time() of the newest event of a conversation."""
    tracker = await store.retrieve(call_id)
    return float(tracker.events[-1].timestamp) if tracker and tracker.events else 0.0


def text_for_rasa(up: Up) -> str:
    """The text of one message: recognised words, or an /EXTERNAL_ event with its values.

    A leading slash would let words pass for a command of ours, so it is taken off them.
    """
    if isinstance(up, CustomerTurn):
        return up.text.strip().lstrip("/／ ") or NOTHING_HEARD
    if isinstance(up, CallStarted):
        return "/EXTERNAL_call_resumed" if up.resumed else "/EXTERNAL_call_started"
    if isinstance(up, Keypad):
        return "/EXTERNAL_keypad" + json.dumps({"digits": up.digits})
    if isinstance(up, Silence):
        return "/EXTERNAL_silence" + json.dumps({"count": up.count})
    return "/EXTERNAL_call_ended" + json.dumps({"reason": up.reason})
