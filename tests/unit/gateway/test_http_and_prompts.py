"""Bodies of requests, metrics text, prompt files."""

from __future__ import annotations

import numpy as np
import pytest

from yingda.gateway.http_api import BadRequest, parse_placement
from yingda.gateway.metrics import Metrics
from yingda.gateway.prompts import PromptError, Prompts, read_wav, write_wav
from yingda.gateway.settings import PromptSettings

GOOD = {"call_id": "c1", "from": "95000", "to": "13800000000", "trunk": "a", "ring_timeout_ms": 30000}


def test_placement():
    assert parse_placement(GOOD) == GOOD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": None}, "to: expected a text, it is missing"),
        ({"to": 138}, "to: expected a text"),
        ({"call_id": ""}, "call_id: expected a text"),
        ({"ring_timeout_ms": "30"}, "ring_timeout_ms: expected an integer"),
        ({"ring_timeout_ms": 10}, "ring_timeout_ms: expected an integer 1000-180000"),
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
