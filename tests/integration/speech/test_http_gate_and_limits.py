"""Tokens, deadlines and overload of the HTTP API, with models that wait for a gate. Client: websockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from threading import Event
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from yingda.speech.api.http_api import HttpApi
from yingda.speech.api.websocket_asr import Limits
from yingda.speech.hearing.recogniser import Recogniser, StepRequest, StepResult
from yingda.speech.hearing.streams import Hearing
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Recogniser as RecogniserSettings
from yingda.speech.settings import Token, Voice
from yingda.speech.voice.model import Prosody
from yingda.speech.voice.prompt_cache import PromptCache
from yingda.speech.voice.synthesiser import Synthesiser
from yingda.speech.words.transcript import Transcriber

pytestmark = pytest.mark.integration
TOKEN = Token("crm", "correct-horse-battery")
CONFIG = '{"sample_rate_hz": 8000, "encoding": "alaw"}'
CHUNK = b"\xd5" * 1280
Answer = asyncio.Future[tuple[int, str, bytes]]


class Ears:
    name, sample_rate, chunk_samples, kind, syllables = "ears", 8000, 1280, "ctc", False
    languages: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.gate, self.steps = Event(), 0
        self.gate.set()

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        self.steps += 1
        self.gate.wait(10)
        return [StepResult(final="好") if r.last else StepResult(partial="好") for r in requests]

    def drop(self, streams: Sequence[int]) -> None:
        pass


class Mouth:
    name, sample_rate = "mouth", 8000

    def __init__(self) -> None:
        self.gate = Event()
        self.gate.set()
        self.began, self.stop_at = Event(), ""

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> np.ndarray:
        self.began.set()
        if text == self.stop_at:
            self.gate.clear()
        self.gate.wait(10)
        return np.full(8000, 0.1, np.float32)


class System:
    """An API on a port of its own, and what is behind it."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.metrics, self.ears, self.mouth = Metrics(), Ears(), Mouth()
        self.reason: str | None = "loading the models"
        self.recogniser = Recogniser(lambda: self.ears, 2, 8, 0.0, self.metrics)
        settings = Voice(deadline_s=1.0, max_waiting=1)
        self.voice = Synthesiser(lambda: self.mouth, settings, PromptCache(None, 0), self.metrics)
        self.api = HttpApi(lambda: self.reason, self.metrics, tokens, 10_000)

    async def start(self) -> None:
        await self.api.start("127.0.0.1", 0)

    def open(self) -> None:
        self.recogniser.begin().result(10)
        self.voice.begin().result(10)
        settings = RecogniserSettings(step_deadline_s=0.3)
        hearing = Hearing(self.recogniser, self.ears, Transcriber(None), settings, self.metrics)
        self.api.open(hearing, self.voice, Limits(first_s=0.3, idle_s=0.4, send_s=0.5, close_s=0.5))
        self.reason = None

    async def stop(self) -> None:
        await self.api.stop()
        for model in (self.ears, self.mouth):
            model.gate.set()
        for thread in (self.recogniser, self.voice):
            if thread.alive:
                thread.stop()

    def dial(self, **headers: str) -> Any:
        uri = f"ws://127.0.0.1:{self.api.port}/v1/asr"
        return connect(uri, additional_headers=headers, open_timeout=5, close_timeout=2)

    async def ask(self, head: str, body: str = "") -> tuple[int, str, bytes]:
        """Status, head and body of an answer, by hand."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.api.port)
        data = body.encode()
        writer.write(
            f"{head}Host: x\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data
        )
        try:
            answer = await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.transport.abort()
        lines, _, content = answer.partition(b"\r\n\r\n")
        return int(lines.split()[1]), lines.decode(), content

    async def tts(self, text: str, more: str = "") -> tuple[int, str, bytes]:
        return await self.ask(f"POST /v1/tts HTTP/1.1\r\n{more}", json.dumps({"text": text}))


@contextlib.asynccontextmanager
async def running(tokens: Sequence[Token] = ()) -> AsyncIterator[System]:
    system = System(tokens)
    await system.start()
    try:
        system.open()
        yield system
    finally:
        await system.stop()


@pytest.fixture(name="system")
async def make_system() -> AsyncIterator[System]:
    async with running() as system:
        yield system


async def rest(socket: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    messages = []
    try:
        while True:
            messages.append(json.loads(await asyncio.wait_for(socket.recv(), 5)))
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return messages, closed.rcvd.code


async def until(true: Callable[[], bool], limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110 (what it asks about has no event)
            await asyncio.sleep(0.01)


@pytest.mark.requirement(8)
@pytest.mark.requirement(19)
async def test_with_tokens_set_only_their_holders_are_served(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    right, wrong = f"Bearer {TOKEN.token}", "Bearer correct-horse-batterie"
    async with running([TOKEN]) as system:
        for header in ({}, {"Authorization": wrong}):
            with pytest.raises(InvalidStatus) as refused:
                await system.dial(**header)
            assert refused.value.response.status_code == 401
            assert refused.value.response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert (await system.tts("好。"))[0] == 401
        status, head, body = await system.tts("好。", f"Authorization: {wrong}\r\n")
        assert status == 401 and 'error="invalid_token"' in head
        assert json.loads(body) == {"error": "the bearer token is unknown"}
        assert system.metrics.value("speech_denied_total") == 4

        async with system.dial(Authorization=right) as socket:
            await socket.send(CONFIG)
            await socket.send('{"end": true}')
            assert (await rest(socket))[1] == 1000
        assert (await system.tts("好。", f"Authorization: {right}\r\n"))[0] == 200
        for path in ("/health", "/metrics"):
            assert (await system.ask(f"GET {path} HTTP/1.1\r\n"))[0] == 200
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("websockets.client")]
    assert "correct-horse" not in "".join(ours)


@pytest.mark.requirement(8)
async def test_without_tokens_pages_and_proxies_are_refused(system: System) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await system.dial(Origin="https://page.example")
    assert refused.value.response.status_code == 403
    status, _, body = await system.tts("好。", "X-Forwarded-For: 203.0.113.9\r\n")
    assert status == 403 and "server.http_tokens" in json.loads(body)["error"]
    assert (await system.tts("好。"))[0] == 200


async def test_until_the_models_are_there_only_health_and_metrics_answer() -> None:
    system = System([])
    await system.start()
    status, _, body = await system.ask("GET /health HTTP/1.1\r\n")
    assert (status, json.loads(body)) == (503, {"status": "starting", "reason": "loading the models"})
    status, head, body = await system.tts("好。")
    assert status == 503 and "Retry-After: 5" in head
    assert json.loads(body) == {"error": "not ready: loading the models"}
    with pytest.raises(InvalidStatus) as refused:
        await system.dial()
    assert refused.value.response.status_code == 503
    status, head, body = await system.ask("GET /metrics HTTP/1.1\r\n")
    assert status == 200 and "text/plain; version=0.0.4" in head and b"speech_streams{model=" in body
    system.open()
    assert (await system.ask("GET /health HTTP/1.1\r\n"))[0] == 200
    await system.stop()


@pytest.mark.requirement(8)
async def test_every_wait_for_a_client_ends(system: System) -> None:
    async with system.dial() as silent:
        messages, code = await rest(silent)
        assert code == 1008
        assert messages[0]["message"].startswith("nothing came for 0.3 s; expected first a text frame")
    async with system.dial() as idle:
        await idle.send(CONFIG)
        await idle.send(CHUNK)
        pinging = asyncio.ensure_future(keep_pinging(idle))  # pings are no audio
        messages, code = await rest(idle)
        pinging.cancel()
        assert code == 1008
        assert [m["type"] for m in messages] == ["partial", "error"]
        assert messages[1]["message"] == 'nothing came for 0.4 s; expected audio or {"end": true}'
    await until(lambda: system.recogniser.open_streams == 0)


async def keep_pinging(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.ping()
            await asyncio.sleep(0.05)


@pytest.mark.requirement(8)
async def test_a_client_that_vanishes_in_a_step_frees_its_slot_at_once(system: System) -> None:
    socket = await system.dial()
    await socket.send(CONFIG)
    await socket.send(CHUNK)
    await asyncio.wait_for(socket.recv(), 5)
    system.ears.gate.clear()
    await socket.send(CHUNK * 4)
    await until(lambda: system.ears.steps == 2)
    socket.transport.abort()
    await asyncio.sleep(0.05)
    system.ears.gate.set()  # long before the step's deadline and the idle one
    await until(lambda: system.recogniser.open_streams == 0, 0.2)
    assert system.ears.steps == 2, "audio of a client who has gone was heard"


@pytest.mark.requirement(8)
async def test_a_slow_model_and_a_frame_that_is_too_large(system: System) -> None:
    async with system.dial() as socket:
        system.ears.gate.clear()
        await socket.send(CONFIG)
        await socket.send(CHUNK)
        assert await rest(socket) == ([{"type": "error", "message": "the model was too slow"}], 1011)
        system.ears.gate.set()
    async with system.dial() as socket:
        await socket.send(CONFIG)
        await socket.send(b"\xd5" * ((1 << 20) + 1))
        assert (await rest(socket))[1] == 1009
    async with system.dial() as socket:
        await socket.send(CONFIG)
        await system.api.stop()
        assert (await rest(socket))[1] == 1001
    await until(lambda: system.recogniser.open_streams == 0)


async def keep_busy(system: System) -> tuple[Answer, Answer]:
    """One text with the voice, and one behind it: all that the settings allow."""
    system.mouth.gate.clear()
    spoken = asyncio.ensure_future(system.tts("一。"))
    await until(system.mouth.began.is_set)
    waiting = asyncio.ensure_future(system.tts("二。"))
    await until(system.voice._work.has_live)
    return spoken, waiting


@pytest.mark.requirement(19)
async def test_too_many_texts_and_a_slow_voice(system: System) -> None:
    spoken, waiting = await keep_busy(system)
    status, head, body = await system.tts("三。")
    assert status == 503 and "Retry-After: 1" in head
    assert json.loads(body) == {"error": "1 clauses are waiting for the voice"}
    for late in (await spoken, await waiting):
        assert (late[0], json.loads(late[2])) == (504, {"error": "the model was too slow"})


@pytest.mark.requirement(19)
async def test_an_answer_that_cannot_go_on_breaks_off(system: System) -> None:
    system.mouth.stop_at = "二。"
    status, _, body = await system.tts("一。二。")
    assert status == 200 and len(body) > 16_000
    assert not body.endswith(b"0\r\n\r\n"), "the client must see that the end is missing"


@pytest.mark.requirement(19)
async def test_a_client_that_hangs_up_leaves_the_queue(system: System) -> None:
    spoken, gone = await keep_busy(system)
    gone.cancel()
    await asyncio.sleep(0.1)
    system.mouth.gate.set()
    await until(lambda: system.metrics.observations("speech_clause_seconds") == 1)
    assert (await spoken)[0] == 200
    assert (await system.tts("三。"))[0] == 200
    assert system.metrics.observations("speech_clause_seconds") == 2, "二 was spoken to nobody"
