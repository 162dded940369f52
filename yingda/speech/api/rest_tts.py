"""Synthesis over HTTP, POST /v1/tts. docs/speech-api.md has the keys."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import cast

from aiohttp import web

from yingda.speech import audio
from yingda.speech.api import refusals
from yingda.speech.api.json_fields import Fields
from yingda.speech.api.refusals import BadRequest, Refusal, Why
from yingda.speech.hearing.streams import HIGHEST_RATE, LOWEST_RATE
from yingda.speech.metrics import Metrics
from yingda.speech.voice.manner import FASTEST, HIGHEST, LOUDEST_DB, LOWEST, SLOWEST, SOFTEST_DB, Manner
from yingda.speech.voice.synthesiser import Spoken, Synthesiser

log = logging.getLogger(__name__)
DEFAULT_RATE = 8000  # Hz
BODY_S, WRITE_S = 5.0, 30.0  # how long a client may take to send its request, and to take a clause
_KEYS = ("text", "voice", "speed", "pace", "pitch", "volume", "sample_rate_hz", "encoding")
_WIRE = {"wav": "LINEAR_PCM", "pcm16": "LINEAR_PCM", "alaw": "ALAW", "ulaw": "MULAW"}
_STATUSES = {
    Why.BAD_REQUEST: 400, Why.TOO_LONG: 413, Why.BUSY: 503, Why.STOPPING: 503, Why.SLOW: 504, Why.BROKEN: 500,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is to be said, and how the audio is wanted."""

    text: str
    rate: int
    encoding: str
    manner: Manner


def parse(body: bytes) -> Wanted:
    """The body of a request. Raises BadRequest."""
    fields = Fields(body, _KEYS)
    rate = fields.integer("sample_rate_hz", LOWEST_RATE, HIGHEST_RATE, DEFAULT_RATE) or DEFAULT_RATE
    encoding = fields.choice("encoding", {name: name for name in _WIRE}, "wav")
    return Wanted(fields.text("text"), rate, encoding, _manner(fields))


def _manner(fields: Fields) -> Manner:
    if fields.data.get("speed") is not None and fields.data.get("pace") is not None:
        raise BadRequest("speed: got it beside pace, which is the same; expected one of them")
    pace = fields.number("pace", SLOWEST, FASTEST, fields.number("speed", SLOWEST, FASTEST, 1.0))
    voice = fields.text("voice") if fields.data.get("voice") is not None else ""
    pitch = fields.number("pitch", LOWEST, HIGHEST, 0.0)
    return Manner(voice, pace, pitch, fields.number("volume", SOFTEST_DB, LOUDEST_DB, 0.0))


def content_type(encoding: str, rate: int) -> str:
    """The media type of the audio."""
    if encoding == "ulaw" and rate == 8000:
        return "audio/basic"
    types = {"alaw": "audio/PCMA", "ulaw": "audio/PCMU", "pcm16": "audio/pcm"}
    return f"{types[encoding]};rate={rate}" if encoding in types else "audio/wav"


def wav_header(rate: int) -> bytes:
    """Of 16-bit WAV whose length is not known yet: the sizes say "until the end"."""
    unknown = 0xFFFFFFFF
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", unknown, b"WAVE") + form + struct.pack("<4sI", b"data", unknown)


class RestSynthesis:
    """The handler."""

    def __init__(self, synthesiser: Synthesiser, metrics: Metrics) -> None:
        self._synthesiser, self._metrics = synthesiser, metrics

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One text."""
        self._metrics.count("speech_rest_tts_total")
        try:
            wanted = parse(await _body(request))
            self._synthesiser.check(wanted.text)
            spoken = self._synthesiser.say(wanted.text, wanted.rate, wanted.manner)
            async with contextlib.aclosing(cast("AsyncGenerator[Spoken, None]", spoken)) as parts:
                first = await anext(parts, None)
                if first is None:
                    raise BadRequest("text: there is nothing to say in it")
                return await self._stream(request, wanted, first, parts)
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(Refusal(Why.TOO_LONG, "the request is too long"))
        except Exception as error:
            return self._refuse(refusals.explain(error))

    def _refuse(self, refusal: Refusal) -> web.Response:
        self._metrics.count("speech_refused_total")
        headers = {"Retry-After": "1"} if refusal.why is Why.BUSY else {}
        return web.json_response({"error": refusal.text}, status=_STATUSES[refusal.why], headers=headers)

    async def _stream(
        self, request: web.Request, wanted: Wanted, first: Spoken, parts: AsyncGenerator[Spoken, None]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": content_type(wanted.encoding, wanted.rate), "Cache-Control": "no-store"}
        )
        wire = _WIRE[wanted.encoding]
        head = wav_header(wanted.rate) if wanted.encoding == "wav" else b""
        try:
            async with _to_a_client_who_reads(request):
                await response.prepare(request)
                await response.write(head + audio.encode(first.pcm, wire))
            async for part in parts:
                async with _to_a_client_who_reads(request):
                    await response.write(audio.encode(part.pcm, wire))
        except Exception as error:  # too late for a status: the answer breaks off, which the client sees
            self._metrics.count("speech_refused_total")
            if not isinstance(error, ConnectionError):
                log.warning("an answer broke off: %s", refusals.explain(error).why.value)
            if request.transport is not None:
                request.transport.close()
        return response


@contextlib.asynccontextmanager
async def _to_a_client_who_reads(request: web.Request) -> AsyncIterator[None]:
    """Raises ConnectionError when writing takes too long. The connection is cut: to close it would wait for
    ever until what it holds is read."""
    try:
        async with asyncio.timeout(WRITE_S):
            yield
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError("the client does not read") from None


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise BadRequest(f"the body did not come within {BODY_S:g} s") from None
    except web.RequestPayloadError:
        raise BadRequest("the body is broken") from None
