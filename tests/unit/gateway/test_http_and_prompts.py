"""Bodies of requests, metrics text, prompt files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from riva.client.proto import riva_tts_pb2

from yingda.gateway.http_api import BadRequest, parse_placement
from yingda.gateway.metrics import Metrics
from yingda.gateway.prompts import PromptError, Prompts, read_wav, write_wav
from yingda.gateway.settings import GatewaySettings, PromptSettings
from yingda.gateway.speech_link import SpeechUnavailable
from yingda.plumbing.settings import load
from yingda.speech.settings import SpeechSettings as SpeechServerSettings

GOOD = {"call_id": "c1", "from": "95000", "to": "13800000000", "trunk": "a", "ring_timeout_ms": 30000}


def test_placement():
    assert parse_placement(GOOD) == GOOD
    assert parse_placement({**GOOD, "record": False})["record"] is False


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": None}, "to: expected a text, it is missing"),
        ({"to": 138}, "to: expected a text"),
        ({"call_id": ""}, "call_id: expected a text"),
        ({"ring_timeout_ms": "30"}, "ring_timeout_ms: expected an integer"),
        ({"ring_timeout_ms": 10}, "ring_timeout_ms: expected an integer 1000-180000"),
        ({"ring_timeout_ms": True}, "ring_timeout_ms: expected an integer"),
        ({"record": "no"}, "record: expected true or false"),
        ({"callee": "1"}, "callee: unknown field; expected call_id, from, to"),
    ],
)
def test_wrong_placement_is_refused(change, said):
    with pytest.raises(BadRequest) as caught:
        parse_placement({**GOOD, **change})
    assert str(caught.value).startswith(said)


def test_placement_that_is_no_object():
    with pytest.raises(BadRequest, match="must be a JSON object"):
        parse_placement([])


def test_metrics_text():
    metrics = Metrics()
    metrics.count("calls_inbound")
    metrics.response(700)
    metrics.response(2500)
    lines = metrics.text({"calls": 3}).splitlines()
    assert "yingda_calls_inbound_total 1" in lines
    assert "yingda_calls 3" in lines
    assert 'yingda_response_latency_seconds_bucket{le="0.8"} 1' in lines
    assert 'yingda_response_latency_seconds_bucket{le="+Inf"} 2' in lines
    assert "yingda_response_latency_seconds_sum 3.200" in lines


def prompts(tmp_path, **settings) -> Prompts:
    folders = {"shipped_dir": str(tmp_path / "shipped"), "cache_dir": str(tmp_path / "cache")}
    return Prompts(PromptSettings(**folders, **settings), "voice")


@pytest.mark.requirement(88)
def test_shipped_prompt_is_used(tmp_path):
    pcm = np.arange(800, dtype=np.int16)
    write_wav(tmp_path / "shipped" / "apology.wav", pcm)
    found = prompts(tmp_path)
    found.load()
    audio = found.audio("apology")
    assert audio is not None and audio.tolist() == pcm.tolist()
    assert "apology" not in found.missing and "outage" in found.missing


def test_broken_prompt_file_is_named(tmp_path):
    path = tmp_path / "shipped" / "outage.wav"
    path.parent.mkdir()
    path.write_bytes(b"RIFF")
    with pytest.raises(PromptError, match=r"outage\.wav"):
        prompts(tmp_path).load()


def test_prompt_in_the_wrong_format_is_named(tmp_path):
    import wave

    path = tmp_path / "loud.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(400))
    with pytest.raises(PromptError, match="got 16000 Hz, 2 channels, 16 bits, expected 8000 Hz"):
        read_wav(path)


class Speech:
    """A link to a speech server that says its version in samples."""

    is_up = True

    def __init__(self, version: int) -> None:
        self.version, self.said = version, 0

    async def voice_config(self, timeout_s: float) -> object:
        if not self.is_up:
            raise SpeechUnavailable
        config = riva_tts_pb2.RivaSynthesisConfigResponse.Config(
            model_name="m", parameters={"voice_name": "voice", "model_version": str(self.version)}
        )
        return riva_tts_pb2.RivaSynthesisConfigResponse(model_config=[config])

    async def synthesise(self, text: str) -> AsyncIterator[np.ndarray]:
        self.said += 1
        yield np.full(80, self.version, np.int16)


async def follow(found: Prompts, speech: Speech) -> None:
    """One look at the speech server."""
    await found._follow(speech)  # type: ignore[arg-type]


@pytest.mark.requirement(20)
def test_shipped_fillers_are_held_by_the_speech_server():
    gateway = load("settings/gateway.yml", GatewaySettings, environ={})
    speech = load("settings/speech.yml", SpeechServerSettings, environ={})
    texts = gateway.prompts.texts()
    fillers = [texts[key] for key in texts if key.startswith("filler_")]
    assert len(fillers) == 3 and set(fillers) <= set(speech.prompts.texts)
    assert gateway.turns.filler_after_ms == 1500


@pytest.mark.requirement(88)
async def test_prompts_are_made_once_for_a_voice(tmp_path: Path):
    first, speech = prompts(tmp_path), Speech(7)
    first.load()
    await follow(first, speech)
    assert first.missing == [] and speech.said == len(first.texts)
    again = prompts(tmp_path)
    again.load()
    assert again.missing == []
    await follow(again, speech)
    assert speech.said == len(first.texts)


@pytest.mark.requirement(88)
async def test_another_voice_leaves_no_old_audio_behind(tmp_path: Path):
    found = prompts(tmp_path)
    await follow(found, Speech(7))
    (tmp_path / "cache" / "mine.wav").write_bytes(b"")
    await follow(found, Speech(8))
    assert {int(found.audio(key)[0]) for key in found.texts} == {8}
    files = {path.name for path in (tmp_path / "cache").glob("*.wav")}
    assert len(files) == len(found.texts) + 1 and "mine.wav" in files
    again = prompts(tmp_path)
    again.load()
    assert int(again.audio("outage")[0]) == 8


async def test_a_voice_that_changes_in_between_is_not_mixed(tmp_path: Path):
    found, speech = prompts(tmp_path), Speech(7)
    said = speech.synthesise

    async def changing(text: str) -> AsyncIterator[np.ndarray]:
        async for piece in said(text):
            yield piece
        speech.version = 8

    speech.synthesise = changing  # type: ignore[method-assign]
    with pytest.raises(SpeechUnavailable):
        await follow(found, speech)
    assert len(found.missing) == len(found.texts)
    await follow(found, speech)
    assert {int(found.audio(key)[0]) for key in found.texts} == {8}


async def test_old_audio_plays_while_the_speech_server_is_gone(tmp_path: Path):
    await follow(prompts(tmp_path), Speech(7))
    speech = Speech(8)
    speech.is_up = False
    found = prompts(tmp_path)
    found.load()
    task = asyncio.create_task(found.make_missing(speech))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert found.missing == [] and not task.done()
    task.cancel()
