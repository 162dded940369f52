"""Who is let in, who is let go, how the server ends: models are scripted, the rest is the real process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from riva.client.proto import riva_asr_pb2, riva_asr_pb2_grpc, riva_audio_pb2
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.integration.speech.servers import ROOT, WordServer
from tests.integration.speech.word_server import say
from yingda.speech.server import grpc_options

pytestmark = [pytest.mark.integration]


@pytest.fixture(name="server")
def make_server(tmp_path: Path) -> Iterator[WordServer]:
    server = WordServer(tmp_path)
    server.start()
    yield server
    server.close()


class Talker:
    """A gRPC stream fed by hand."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._messages: list[Any] = []
        self._change = threading.Condition()
        self.finals: list[str] = []
        config = riva_asr_pb2.RecognitionConfig(
            encoding=riva_audio_pb2.LINEAR_PCM,
            sample_rate_hertz=8000,
            language_code="zh-CN",
            verbatim_transcripts=True,
        )
        streaming = riva_asr_pb2.StreamingRecognitionConfig(config=config, interim_results=True)
        self._put(riva_asr_pb2.StreamingRecognizeRequest(streaming_config=streaming))
        self.call = riva_asr_pb2_grpc.RivaSpeechRecognitionStub(channel).StreamingRecognize(self._requests())

    def say(self, words: str) -> None:
        self._put(riva_asr_pb2.StreamingRecognizeRequest(audio_content=say(words).astype("<i2").tobytes()))

    def end(self) -> None:
        self._put(None)

    def text(self) -> str:
        """All finals, once it has ended."""
        return "".join(r.alternatives[0].transcript for x in self.call for r in x.results if r.is_final)

    def hear_something(self) -> None:
        next(iter(self.call))

    def _put(self, message: Any) -> None:
        with self._change:
            self._messages.append(message)
            self._change.notify()

    def _requests(self) -> Iterator[Any]:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._messages, timeout=30)
                message = self._messages.pop(0) if self._messages else None
            if message is None:
                return
            yield message


def ws_url(server: WordServer) -> str:
    return server.url.replace("http:", "ws:") + "/v1/asr"


CONFIG = '{"sample_rate_hz": 8000, "encoding": "pcm16"}'


@pytest.mark.requirement(8)
def test_sigterm_lets_streams_end_and_nobody_in(server: WordServer) -> None:
    with grpc.insecure_channel(server.grpc) as channel, connect(ws_url(server)) as websocket:
        talker = Talker(channel)
        talker.say("一二")
        talker.hear_something()
        websocket.send(CONFIG)
        websocket.send(say("五六").astype("<i2").tobytes())
        assert json.loads(websocket.recv(5))["type"] == "partial"
        server.terminate()
        deadline = time.monotonic() + 5
        while server.get("/health")[0] == 200 and time.monotonic() < deadline:
            time.sleep(0.02)
        status, body = server.get("/health")
        assert status == 503 and json.loads(body) == {"status": "stopping", "reason": "stopping"}
        with grpc.insecure_channel(server.grpc) as late_channel:
            late = Talker(late_channel)
            late.end()
            with pytest.raises(grpc.RpcError) as refused:
                late.text()
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(InvalidStatus) as not_now:
            connect(ws_url(server))
        assert not_now.value.response.status_code == 503
        talker.say("三四")
        talker.end()
        assert talker.text() == "一二三四"
        websocket.send(say("七").astype("<i2").tobytes())
        websocket.send('{"end": true}')
        messages = [json.loads(text) for text in websocket]
        assert [m["text"] for m in messages if m["type"] == "final"] == ["五六七"]
    assert server.process is not None and server.process.wait(3) == 0


@pytest.mark.requirement(8)
def test_a_stream_that_does_not_end_is_ended(tmp_path: Path) -> None:
    server = WordServer(tmp_path, drain_s=0.7)
    server.start()
    with grpc.insecure_channel(server.grpc) as channel:
        talker = Talker(channel)
        talker.say("一二")
        talker.hear_something()
        began = time.monotonic()
        server.terminate()
        assert server.process is not None and server.process.wait(5) == 0
        assert 0.6 < time.monotonic() - began < 3.0
        talker.end()
        with pytest.raises(grpc.RpcError):
            talker.text()


def test_who_asks_twice_does_not_wait(server: WordServer) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        talker = Talker(channel)
        talker.say("一二")
        talker.hear_something()
        server.terminate()
        while server.get("/health")[0] == 200:
            time.sleep(0.02)
        began = time.monotonic()
        server.terminate()
        assert server.process is not None and server.process.wait(5) == 0
        assert time.monotonic() - began < 3.0  # drain_s is 5
        talker.end()


@pytest.mark.requirement(8)
def test_load_keeps_newcomers_out_and_says_when_to_come_again(tmp_path: Path) -> None:
    # a step of one stream takes 3 ms of 160, and no two share one
    server = WordServer(tmp_path, recogniser="most_load: 0.05, chunk_ms: 160, max_batch: 1")
    server.start()
    try:
        with grpc.insecure_channel(server.grpc) as channel:
            talkers = [Talker(channel) for _ in range(4)]
            for talker in talkers:
                talker.say("一二")
                talker.hear_something()
            began = time.monotonic()
            late = Talker(channel)
            with pytest.raises(grpc.RpcError) as refused:
                late.text()
            assert time.monotonic() - began < 1.0
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "fully loaded" in refused.value.details()
            assert dict(refused.value.trailing_metadata())["retry-pushback-ms"] == "1000"
            with connect(ws_url(server)) as websocket:
                websocket.send(CONFIG)
                error = json.loads(websocket.recv(5))
                assert error["type"] == "error" and error["retry_after_ms"] == 1000
                with pytest.raises(ConnectionClosed) as closed:
                    websocket.recv(5)
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
            shown = server.get("/metrics")[1]
            assert 'reason="load"} 2.0' in shown
            for talker in talkers:
                talker.say("三")
                talker.end()
            assert [talker.text() for talker in talkers] == ["一二三"] * 4
    finally:
        server.close()


CLIENT = """
import sys, time
from tests.integration.speech.test_serving import CONFIG, Talker, connect, grpc, say
kind, address = sys.argv[1:]
if kind == "grpc":
    channel = grpc.insecure_channel(address)
    talkers = [Talker(channel) for _ in range(3)]
    for talker in talkers:
        talker.say("一二")
        talker.hear_something()
else:
    sockets = [connect(address) for _ in range(3)]
    for socket in sockets:
        socket.send(CONFIG)
        socket.send(say("一二").astype("<i2").tobytes())
        socket.recv(10)
print("talking", flush=True)
time.sleep(60)
"""


@pytest.mark.requirement(8)
@pytest.mark.parametrize("kind", ["grpc", "websocket"])
def test_a_client_that_is_killed_frees_its_slots(server: WordServer, kind: str) -> None:
    address = server.grpc if kind == "grpc" else ws_url(server)
    command = [sys.executable, "-c", CLIENT, kind, address]
    client = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert client.stdout is not None and client.stdout.readline() == "talking\n"
        server.wait_for_streams(3, 2.0)
        client.send_signal(signal.SIGKILL)
        assert server.wait_for_streams(0, 5.0) < 1.0
    finally:
        client.kill()
        client.communicate(timeout=10)


class BlackHole:
    """A line in the middle that goes silent: both sides stay connected, and nothing comes any more."""

    def __init__(self, target: int) -> None:
        self._target, self._ends = target, []
        self.is_open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._target))
        self._ends = [near, far]
        for a, b in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if self.is_open:
                    sink.sendall(data)
        except OSError:
            return

    def close(self) -> None:
        for end in (*self._ends, self._listener):
            end.close()


@pytest.mark.requirement(8)
async def test_a_client_whose_line_went_dead_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody closes anything: only pings can tell. With 0.3 s instead of 10, and the answer within 0.3."""
    import asyncio

    ended = asyncio.Event()

    class Ears(riva_asr_pb2_grpc.RivaSpeechRecognitionServicer):
        async def StreamingRecognize(self, requests: Any, context: Any) -> Any:
            try:
                async for _ in requests:
                    yield riva_asr_pb2.StreamingRecognizeResponse()
            finally:
                ended.set()

    server = grpc.aio.server(options=grpc_options(0.3, 0.3))
    riva_asr_pb2_grpc.add_RivaSpeechRecognitionServicer_to_server(Ears(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    line = BlackHole(port)
    channel = grpc.insecure_channel(f"127.0.0.1:{line.port}")
    talker = Talker(channel)
    await asyncio.to_thread(talker.hear_something)
    await asyncio.sleep(1.0)
    assert not ended.is_set(), "a client that answers its pings was cut off"
    line.is_open = False
    try:
        await asyncio.wait_for(ended.wait(), 5.0)
    finally:
        talker.end()
        line.close()
        await server.stop(0)
        await asyncio.to_thread(channel.close)


def test_what_the_words_sound_like() -> None:
    """The scripted recogniser is no tautology: silence, halves and levels count."""
    from tests.integration.speech.word_server import read

    assert read(say("一二。九九").astype(np.float32) / 32768) == "一二九九"
    assert read(np.zeros(8000, np.float32)) == ""
