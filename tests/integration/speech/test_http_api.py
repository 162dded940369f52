"""The WebSocket and the REST API with real (tiny, random) NeMo models; clients: websockets, http.client."""

from __future__ import annotations

import base64
import http.client
import io
import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import riva.client
import soundfile
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from yingda.speech import audio

pytestmark = pytest.mark.integration
CONFIG = {"sample_rate_hz": 8000, "encoding": "alaw"}
SLOTS = 10  # of the server in conftest.py
DEADLINE_S = 20.0


def noise(seconds: float, rate: int = 8000) -> np.ndarray:
    """Syllable-like bursts, int16."""
    t = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * f * t) for f in (200, 700, 1900))
    grain = np.random.default_rng(0).standard_normal(len(t))
    return ((0.2 * tone + 0.1 * grain) * np.abs(np.sin(4 * np.pi * t)) * 8000).astype(np.int16)


def dial(server: Any) -> ClientConnection:
    return connect(server.http.replace("http:", "ws:") + "/v1/asr", open_timeout=DEADLINE_S)


def read(socket: ClientConnection) -> dict[str, Any]:
    return dict(json.loads(socket.recv(DEADLINE_S)))


def rest(socket: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """All that comes, and the code of the close."""
    messages = []
    try:
        while True:
            messages.append(read(socket))
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return messages, closed.rcvd.code


def metric(server: Any, name: str) -> float:
    with urllib.request.urlopen(server.http + "/metrics") as answer:
        text = answer.read().decode()
    return float(next(x.split()[-1] for x in text.splitlines() if x.split("{")[0].split(" ")[0] == name))


def wait_for_streams(server: Any, number: int, limit_s: float = 10.0) -> None:
    give_up_at = time.monotonic() + limit_s
    while metric(server, "speech_streams") != number and time.monotonic() < give_up_at:
        time.sleep(0.02)
    assert metric(server, "speech_streams") == number


def ask(server: Any, body: Any, method: str = "POST", path: str = "/v1/tts") -> tuple[Any, bytes]:
    connection = http.client.HTTPConnection(server.http.removeprefix("http://"), timeout=DEADLINE_S)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(method, path, data)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


@pytest.mark.requirement(1)
@pytest.mark.requirement(8)
def test_partials_come_during_speech_then_a_final_and_the_end(server: Any) -> None:
    before = metric(server, "speech_websocket_asr_total")
    data = audio.encode(noise(1.6), "ALAW")
    with dial(server) as socket:
        socket.send(json.dumps({**CONFIG, "hotwords": {"余额": 8.0}}))
        for at in range(0, 9600, 320):  # 1.2 s
            socket.send(data[at : at + 320])
        early = read(socket)
        assert early["type"] == "partial" and early["text"], "no partial before the end of the audio"
        socket.send(data[9600:])
        socket.send('{"end": true}')
        messages, code = rest(socket)
    assert code == 1000
    *others, final, end = messages
    assert all(m["type"] == "partial" and m["text"] for m in others)
    assert final["type"] == "final" and final["text"] and 0 <= final["confidence"] <= 1
    assert (final["start_ms"], final["end_ms"]) == (0, 1600)
    assert end == {"type": "end"}
    assert metric(server, "speech_websocket_asr_total") == before + 1


@pytest.mark.requirement(8)
def test_json_alone_gives_what_binary_frames_and_riva_give(server: Any) -> None:
    data = audio.encode(noise(1.0, 16000), "LINEAR_PCM")
    pieces = [data[at : at + 3200] for at in range(0, len(data), 3200)]  # 100 ms
    with dial(server) as socket:
        for piece in pieces:
            frame = {"format": "pcm", "rate": 16000, "data": base64.b64encode(piece).decode()}
            socket.send(json.dumps(frame))
        socket.send('{"end": true}')
        from_json = rest(socket)[0]
    with dial(server) as socket:
        socket.send('{"sample_rate_hz": 16000, "encoding": "pcm16", "interim": false}')
        socket.send(data)
        socket.send('{"end": true}')
        from_binary = rest(socket)[0]
    config = riva.client.RecognitionConfig(
        encoding=riva.client.AudioEncoding.Value("LINEAR_PCM"), sample_rate_hertz=16000, language_code="zh-CN"
    )
    asr = riva.client.ASRService(riva.client.Auth(uri=server.grpc))
    wanted = riva.client.StreamingRecognitionConfig(config=config)
    *_, by_riva = asr.streaming_response_generator(audio_chunks=pieces, streaming_config=wanted)
    said = by_riva.results[0].alternatives[0].transcript
    assert said and from_json[-2]["text"] == said
    assert [m["type"] for m in from_binary] == ["final", "end"]
    assert from_binary[0]["text"] == said


@pytest.mark.requirement(8)
@pytest.mark.parametrize(
    ("frames", "code", "said"),
    [
        ([b"\xd5" * 160], 1003, "expected first a text frame"),
        (["hello"], 1007, "expected a JSON object"),
        ([json.dumps({**CONFIG, "sample_rate_hz": 44100})], 1007, "sample_rate_hz: got 44100, expected 8000"),
        ([json.dumps({**CONFIG, "hotword": []})], 1007, "'hotword': unknown key, expected"),
        ([json.dumps(CONFIG), b"\xd5" * 160, '{"stop": 1}'], 1007, "'stop': unknown key, expected"),
    ],
)
def test_what_is_wrong_is_said_before_the_close(server: Any, frames: list[Any], code: int, said: str) -> None:
    with dial(server) as socket:
        for frame in frames:
            socket.send(frame)
        messages, closed_with = rest(socket)
    assert closed_with == code
    assert [m["type"] for m in messages] == ["error"]
    assert messages[0]["message"].startswith(said)
    wait_for_streams(server, 0)


@pytest.mark.requirement(8)
def test_a_client_that_hangs_up_frees_its_slot(server: Any) -> None:
    for number in range(SLOTS + 2):
        socket = dial(server)
        socket.send(json.dumps(CONFIG))
        socket.send(audio.encode(noise(0.8), "ALAW"))
        assert read(socket)["type"] == "partial"
        if number % 2:
            socket.close()
        else:
            socket.socket.close()  # without a word
            socket.close()
    wait_for_streams(server, 0, 2.0)


@pytest.mark.requirement(8)
def test_one_stream_too_many_is_told_to_come_later(server: Any) -> None:
    sockets = [dial(server) for _ in range(SLOTS)]
    try:
        for socket in sockets:
            socket.send(json.dumps(CONFIG))
        wait_for_streams(server, SLOTS)
        with dial(server) as late:
            late.send(json.dumps(CONFIG))
            error = {"type": "error", "message": f"all {SLOTS} streams are taken", "retry_after_ms": 1000}
            assert rest(late) == ([error], 1013)
        for socket in sockets:
            socket.send('{"end": true}')
        finals = [rest(socket) for socket in sockets]
    finally:
        for socket in sockets:
            socket.close()
    assert all(code == 1000 and messages[-1] == {"type": "end"} for messages, code in finals)
    wait_for_streams(server, 0)


@pytest.mark.requirement(19)
def test_text_in_wav_out(server: Any) -> None:
    before = metric(server, "speech_rest_tts_total")
    answer, data = ask(server, {"text": "您好，您的余额是128.50元。请问还有什么可以帮您？"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 8000 and len(samples) > 4000 and np.abs(samples).max() > 10_000
    assert metric(server, "speech_rest_tts_total") == before + 1
    tts = riva.client.SpeechSynthesisService(riva.client.Auth(uri=server.grpc))
    by_riva = tts.synthesize(
        "您好，您的余额是128.50元。请问还有什么可以帮您？", language_code="zh-CN", sample_rate_hz=8000
    )
    assert samples.astype("<i2").tobytes() == by_riva.audio  # one voice, one memory of clauses


@pytest.mark.requirement(19)
def test_clauses_are_streamed_as_they_are_spoken(server: Any) -> None:
    text = "".join(f"现在说第{n}句话。" for n in range(10, 24))
    connection = http.client.HTTPConnection(server.http.removeprefix("http://"), timeout=DEADLINE_S)
    connection.request("POST", "/v1/tts", json.dumps({"text": text}).encode())
    answer = connection.getresponse()
    assert answer.headers["Transfer-Encoding"] == "chunked"
    before = metric(server, "speech_clause_seconds_count")
    assert answer.read1(100)
    answer.read()
    connection.close()
    assert metric(server, "speech_clause_seconds_count") > before + 10, (
        "all was spoken before the answer began"
    )


@pytest.mark.requirement(10)
@pytest.mark.requirement(19)
def test_encodings_and_pace(server: Any) -> None:
    text = "<speak>好的<break time='500ms'/>请稍等</speak>"
    sizes, kinds = {}, {}
    for encoding in ("pcm16", "alaw", "ulaw", "wav"):
        answer, data = ask(server, {"text": text, "encoding": encoding})
        sizes[encoding], kinds[encoding] = len(data), answer.headers["Content-Type"]
    assert sizes["alaw"] == sizes["ulaw"] == sizes["pcm16"] // 2 and sizes["alaw"] > 4000
    assert sizes["wav"] == sizes["pcm16"] + 44
    assert kinds["ulaw"] == "audio/basic" and kinds["alaw"] == "audio/PCMA;rate=8000"
    fast = ask(server, {"text": text, "encoding": "alaw", "pace": 2.0})[1]
    assert 4000 < len(fast) < 0.8 * sizes["alaw"]
    wide = ask(server, {"text": text, "encoding": "alaw", "sample_rate_hz": 16000})[1]
    assert len(wide) == pytest.approx(2 * sizes["alaw"], abs=4)


@pytest.mark.requirement(19)
@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"text=hello", 400, "expected a JSON object"),
        ({"text": " "}, 400, "text is empty"),
        ({"text": "好", "pace": 9}, 400, "pace: got 9, expected a number 0.25-4"),
        ({"text": "<speak>好"}, 400, "SSML is not well-formed"),
        ({"text": "<speak></speak>"}, 400, "text: there is nothing to say"),
        (
            {"text": "<speak><prosody rate='x-slow'>好</prosody></speak>", "pace": 0.3},
            400,
            "pace of the request and its SSML together is 0.18, expected 0.25 to 4",
        ),
        ({"text": "好" * 2001}, 413, "text has 2001 characters; at most 2000"),
        ({"text": "好" * 30_000}, 413, "the request is too long"),
    ],
)
def test_wrong_requests_are_answered_with_the_reason(server: Any, body: Any, status: int, said: str) -> None:
    answer, data = ask(server, body)
    assert answer.status == status
    assert json.loads(data)["error"].startswith(said)


def test_other_paths_methods_and_plain_http(server: Any) -> None:
    assert ask(server, b"", "GET", "/else")[0].status == 404
    answer, data = ask(server, b"", "GET", "/v1/tts")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    answer, data = ask(server, b"", "GET", "/v1/asr")
    assert answer.status == 426 and "expected a WebSocket" in json.loads(data)["error"]
    assert json.loads(ask(server, b"", "GET", "/health")[1]) == {"status": "ok"}


def test_both_apis_at_once_and_a_quiet_log(server: Any) -> None:
    heard: list[Any] = []

    def hear() -> None:
        with dial(server) as socket:
            socket.send(json.dumps({**CONFIG, "hotwords": ["保密的词"]}))
            socket.send(audio.encode(noise(1.0), "ALAW"))
            socket.send('{"end": true}')
            heard.append(rest(socket)[0][-2]["text"])

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert ask(server, {"text": "保密的话。"})[0].status == 200
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(heard) == 4 and len(set(heard)) == 1
    text = Path(server.log).read_text(encoding="utf-8")
    assert "保密" not in text and "Traceback" not in text
