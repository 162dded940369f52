"""Whole calls through the real models: every shipped scene, and baresip as a peer that is not ours."""

from __future__ import annotations

import asyncio
import itertools
import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from softphone import Softphone

from bench import _system
from yingda.caller import records
from yingda.caller.alaw import decode, read_clip
from yingda.caller.call import Options, place

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
SCENES = ("keypad", "cough", "human", "silence", "out_of_scope")
OFFSET = 340
GREETING = "您好，这里是应答客服，我是智能语音助手，本次通话将会录音。"
TEACHER = ROOT / "tests" / "data" / "speech" / "greeting_teacher.wav"
MOST_CER_POINTS = 10.0


@pytest.fixture(scope="module")
def system() -> Iterator[_system.System]:
    with _system.running(OFFSET) as running:
        yield running


@pytest.mark.requirement(203)
@pytest.mark.requirement(206)
@pytest.mark.parametrize("name", SCENES)
async def test_scene(system: _system.System, name: str) -> None:
    options = Options(ROOT / "tests" / "scenes" / f"{name}.yml", system.sip, mongo=system.mongo_url)
    outcome = await place(options, print)
    assert [f"{failure.turn}: {failure.why}" for failure in outcome.verdict.failures] == []


@pytest.mark.requirement(206)
async def test_a_softphone_calls_hears_the_greeting_and_keys_digits(
    system: _system.System, tmp_path: Path
) -> None:
    since = datetime.now(timezone.utc)
    async with Softphone(tmp_path, "13600136000") as phone:
        await phone.do("dial", f"sip:yingda@127.0.0.1:{system.sip[1]}")
        await asyncio.sleep(12.0)  # the greeting and the question behind it
        await phone.press("6721")
        await asyncio.sleep(4.0)
        await phone.do("hangup")
        await asyncio.sleep(1.0)
    call_id = await recorded(system, "13600136000", since)
    turns = records.read_turns(system.database, call_id)
    assert [turn.text for turn in turns if turn.side == "customer"] == ["6721"]
    heard, reference = phone.heard(), decode(read_clip(TEACHER))
    errors = [cer(GREETING, recognised(system, audio)) for audio in (greeting_of(heard), reference)]
    print(f"CER of the greeting: through baresip {errors[0]:.1f} %, teacher's audio {errors[1]:.1f} %")
    assert errors[0] <= errors[1] + MOST_CER_POINTS


@pytest.mark.requirement(206)
async def test_a_softphone_is_called_and_greeted(system: _system.System, tmp_path: Path) -> None:
    since = datetime.now(timezone.utc)
    async with Softphone(tmp_path, "13700137000") as phone:
        to = f"sip:13700137000@127.0.0.1:{phone.port}"
        body = {"call_id": f"out-{since:%H%M%S%f}", "from": "95588", "to": to}
        await asyncio.to_thread(post, system.plan.gateway_url("/internal/calls"), body)
        await asyncio.sleep(10.0)
        await phone.do("hangup")
        await asyncio.sleep(1.0)
    turns = records.read_turns(system.database, body["call_id"])
    assert "智能语音助手" in "".join(turn.text for turn in turns if turn.side == "bot")
    assert float(np.sqrt(np.mean(phone.heard().astype(np.float64) ** 2))) > 200


async def recorded(system: _system.System, number: str, since: datetime) -> str:
    for _ in range(40):
        call_id = records.find_call(system.database, number, since)
        if call_id is not None and not records.read_call(system.database, call_id, ROOT).problems:
            return call_id
        await asyncio.sleep(0.2)
    raise AssertionError(f"no complete record of the call from {number}")


def post(url: str, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 202


def greeting_of(heard: np.ndarray) -> np.ndarray:
    """What was heard up to the pause behind the disclosure, the question left away."""
    frames = heard[: len(heard) // 160 * 160].reshape(-1, 160).astype(np.float64)
    voiced = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 200)
    share = len(GREETING) / len(GREETING + "陈先生，请问有什么可以帮您？")
    middle = voiced[0] + (voiced[-1] - voiced[0]) * share
    pauses = [(a, b) for a, b in itertools.pairwise(voiced) if b - a > 8]
    end = min(pauses, key=lambda pause: abs(pause[0] - middle), default=(voiced[-1], 0))[0]
    return heard[max(0, voiced[0] - 10) * 160 : (end + 10) * 160]


def recognised(system: _system.System, pcm: np.ndarray) -> str:
    """What the system's own recogniser makes of it, asked through NVIDIA's client."""
    import riva.client

    service = riva.client.ASRService(riva.client.Auth(uri=f"127.0.0.1:{system.plan.port(50051)}"))
    config = riva.client.RecognitionConfig(
        encoding=riva.client.AudioEncoding.LINEAR_PCM, sample_rate_hertz=8000, language_code="zh-CN"
    )
    streaming = riva.client.StreamingRecognitionConfig(config=config, interim_results=False)
    audio = np.concatenate([np.zeros(1600, np.int16), pcm, np.zeros(2400, np.int16)])
    pieces = [audio[i : i + 320].tobytes() for i in range(0, len(audio), 320)]
    results = [r for a in service.streaming_response_generator(pieces, streaming) for r in a.results]
    return "".join(r.alternatives[0].transcript for r in results if r.is_final)


def cer(wanted: str, found: str) -> float:
    """Character error rate in per cent, punctuation and blanks left out."""
    a, b = ([c for c in text if c.isalnum()] for text in (wanted, found))
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return 100.0 * row[-1] / len(a)
