"""Recognition over a WebSocket, GET /v1/asr. docs/speech-api.md has the frames."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import logging
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from yingda.speech.api import json_fields, refusals
from yingda.speech.api.json_fields import Fields
from yingda.speech.api.refusals import BadRequest, Why
from yingda.speech.hearing.recogniser import BOOST, StreamOptions
from yingda.speech.hearing.streams import MOST_ALTERNATIVES, Heard, Hearing, Wanted
from yingda.speech.metrics import Metrics

log = logging.getLogger(__name__)
LARGEST_FRAME = 1 << 20  # bytes: a minute of 8 kHz PCM, and no more work than that for who has hung up
MOST_HOTWORDS, LONGEST_HOTWORD, HIGHEST_BOOST = 1000, 64, 100.0
_ENCODINGS = {"pcm16": "LINEAR_PCM", "pcm": "LINEAR_PCM", "alaw": "ALAW", "ulaw": "MULAW"}
_RATES = {8000: 8000, 16000: 16000}
_AUDIO_KEYS = ("data", "format", "rate", "end")
_CONFIG_KEYS = (
    "sample_rate_hz", "encoding", "interim", "hotwords", "endpoint_ms", "punctuation", "language",
    "alternatives", "offset_ms", "written",
)  # fmt: skip
AWAY, WRONG_KIND, BAD_DATA, POLICY, BROKEN, LATER = 1001, 1003, 1007, 1008, 1011, 1013  # RFC 6455
_CODES = {Why.BUSY: LATER, Why.STOPPING: AWAY, Why.SLOW: BROKEN, Why.BROKEN: BROKEN}
_LONGEST_MS = 30 * 24 * 3600 * 1000  # of what a client may have sent before


@dataclass(frozen=True)
class Limits:
    """How long the server waits, in seconds."""

    first_s: float = 5.0  # for the first frame
    idle_s: float = 30.0  # for each further one
    send_s: float = 10.0  # for a client that does not read
    close_s: float = 2.0  # for its close frame


class FrameError(BadRequest):
    """A frame that is no part of the conversation; `code` closes it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class HungUp(Exception):
    """The client is gone, or does not read any more."""


@dataclass(frozen=True)
class Audio:
    """What one frame brings; `is_last` after which the last final is wanted."""

    data: bytes = b""
    is_last: bool = False


def parse_first(text: str) -> tuple[Wanted, Audio]:
    """The first frame: what the stream is, and audio if it brings some. Raises BadRequest."""
    fields = Fields(text, (*_CONFIG_KEYS, *_AUDIO_KEYS))
    rate_key = "rate" if "rate" in fields.data else "sample_rate_hz"
    format_key = "format" if "format" in fields.data else "encoding"
    options = StreamOptions(
        language=fields.text("language") if fields.data.get("language") is not None else None,
        endpoint_ms=_endpoint(fields),
        boosts=_hotwords(fields.data.get("hotwords")),
    )
    offset_ms = fields.integer("offset_ms", 0, _LONGEST_MS)
    wanted = Wanted(
        fields.choice(format_key, _ENCODINGS),
        fields.choice(rate_key, _RATES),
        options,
        fields.flag("interim", True),
        fields.flag("punctuation", False),
        written=fields.flag("written", False),
        alternatives=fields.integer("alternatives", 1, MOST_ALTERNATIVES) or 1,
        is_resumed=offset_ms is not None,
        offset_s=(offset_ms or 0) / 1000,
    )
    return wanted, _audio(fields)


def parse_later(text: str, wanted: Wanted) -> Audio:
    """Any other text frame. Raises BadRequest."""
    fields = Fields(text, _AUDIO_KEYS)
    same = fields.choice("rate", _RATES, wanted.rate), fields.choice("format", _ENCODINGS, wanted.encoding)
    if same != (wanted.rate, wanted.encoding):
        raise BadRequest(
            "rate, format: expected those of the first frame; open another stream to change them"
        )
    audio = _audio(fields)
    if "data" not in fields.data and not audio.is_last:
        raise BadRequest('expected {"end": true}, {"data": "base64 of audio"}, or a binary frame of audio')
    return audio


def _audio(fields: Fields) -> Audio:
    data = fields.data.get("data", "")
    try:
        pcm = base64.b64decode(data, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise json_fields.wrong("data", data, "a text, the base64 of audio") from None
    return Audio(pcm, fields.flag("end", False))


def _endpoint(fields: Fields) -> int | None:
    if fields.data.get("endpoint_ms") == -1:
        return -1
    try:
        return fields.integer("endpoint_ms", 80, 60000)
    except BadRequest as error:
        raise BadRequest(f"{error}, or -1 for never") from None


def _hotwords(given: Any) -> tuple[tuple[str, float], ...]:
    if given is None:
        return ()
    if not isinstance(given, (dict, list)) or len(given) > MOST_HOTWORDS:
        expected = f'{{"word": boost}} or a list of words, at most {MOST_HOTWORDS}'
        raise json_fields.wrong("hotwords", given, expected)
    pairs = list(given.items()) if isinstance(given, dict) else [(word, BOOST) for word in given]
    for word, boost in pairs:
        if not isinstance(word, str) or not 0 < len(word.strip()) <= LONGEST_HOTWORD:
            raise json_fields.wrong("hotwords", word, f"words of 1-{LONGEST_HOTWORD} characters")
        json_fields.number(f"hotwords.{word}", boost, 0.0, HIGHEST_BOOST)
    return tuple((word, float(boost)) for word, boost in pairs)


def message(heard: Heard, alternatives: int = 1) -> dict[str, Any]:
    """A transcript as the client reads it; a final with `alternatives` when it asked for several."""
    content: dict[str, Any] = {
        "type": "final" if heard.is_final else "partial",
        "text": heard.text,
        "confidence": round(heard.confidence, 4),
        "start_ms": round(heard.start_s * 1000),
        "end_ms": round(heard.end_s * 1000),
    }
    if heard.is_final and alternatives > 1:
        texts = ((heard.text, heard.confidence), *heard.others) if heard.text else ()
        content["alternatives"] = [{"text": text, "confidence": round(sure, 4)} for text, sure in texts]
    return content


class WebSocketRecognition:
    """The handler."""

    def __init__(self, hearing: Hearing, metrics: Metrics, limits: Limits | None = None) -> None:
        self._hearing, self._metrics, self._limits = hearing, metrics, limits or Limits()
        self._open: set[web.WebSocketResponse] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One stream, from the upgrade to the close."""
        socket = web.WebSocketResponse(
            timeout=self._limits.close_s, max_msg_size=LARGEST_FRAME, compress=False
        )
        if not socket.can_prepare(request):
            text = "expected a WebSocket: connect to ws://HOST:PORT/v1/asr"
            return web.json_response({"error": text}, status=426, headers={"Upgrade": "websocket"})
        await socket.prepare(request)
        self._metrics.count("speech_websocket_asr_total")
        self._open.add(socket)
        try:
            await self._serve(_Line(socket, request, self._limits))
        finally:
            self._open.discard(socket)
        return socket

    async def stop(self) -> None:
        """Tell every client that the server goes away."""
        await asyncio.gather(*[socket.close(code=AWAY) for socket in self._open], return_exceptions=True)

    async def _serve(self, line: _Line) -> None:
        try:
            await self._converse(line)
            await line.close(1000)
        except HungUp:
            return
        except Exception as error:
            self._metrics.count("speech_refused_total")
            refusal = refusals.explain(error)
            code = error.code if isinstance(error, FrameError) else _CODES.get(refusal.why, POLICY)
            log.debug("a WebSocket stream was ended with %d", code)
            with contextlib.suppress(HungUp):
                message: dict[str, str | int] = {"type": "error", "message": refusal.text}
                if refusal.retry_after_s is not None:
                    message["retry_after_ms"] = round(refusal.retry_after_s * 1000)
                await line.send(message)
                await line.close(code)

    async def _converse(self, line: _Line) -> None:
        wanted, audio = await line.first()
        stream = self._hearing.open(wanted)
        try:
            while True:
                async for heard in stream.feed(audio.data):
                    await line.send(message(heard, wanted.alternatives))
                if audio.is_last:
                    break
                audio = await line.next(wanted)
            await line.send(message(await stream.finish(), wanted.alternatives))
        finally:
            stream.close()
        await line.send({"type": "end"})


class _Line:
    """One client's socket, with a deadline for every wait."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, limits: Limits) -> None:
        self._socket, self._request, self._limits = socket, request, limits

    async def first(self) -> tuple[Wanted, Audio]:
        """Raises FrameError, HungUp."""
        expected = "expected first a text frame, JSON with sample_rate_hz and encoding"
        kind, data = await self._receive(self._limits.first_s, expected)
        if kind is not WSMsgType.TEXT:
            raise FrameError(WRONG_KIND, f"{expected}; got a binary frame")
        try:
            return parse_first(data)
        except BadRequest as error:
            raise FrameError(BAD_DATA, str(error)) from None

    async def next(self, wanted: Wanted) -> Audio:
        """Raises FrameError, HungUp."""
        kind, data = await self._receive(self._limits.idle_s, 'expected audio or {"end": true}')
        if kind is WSMsgType.BINARY:
            return Audio(data)
        try:
            return parse_later(data, wanted)
        except BadRequest as error:
            raise FrameError(BAD_DATA, str(error)) from None

    async def send(self, content: dict[str, Any]) -> None:
        """Raises HungUp."""
        try:
            async with asyncio.timeout(self._limits.send_s):
                await self._socket.send_str(json.dumps(content, ensure_ascii=False))
        except (TimeoutError, ConnectionError, RuntimeError):
            self._cut()
            raise HungUp from None

    async def close(self, code: int) -> None:
        """Say goodbye; waits a little for the client's."""
        try:
            async with asyncio.timeout(self._limits.close_s + self._limits.send_s):
                await self._socket.close(code=code)
        except (TimeoutError, ConnectionError):
            self._cut()

    async def _receive(self, limit_s: float, expected: str) -> tuple[WSMsgType, Any]:
        """A text or binary frame. Pings do not prolong the wait."""
        try:
            async with asyncio.timeout(limit_s):
                frame = await self._socket.receive()
        except TimeoutError:
            raise FrameError(POLICY, f"nothing came for {limit_s:g} s; {expected}") from None
        if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise HungUp
        return frame.type, frame.data

    def _cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
