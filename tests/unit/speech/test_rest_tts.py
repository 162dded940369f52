"""Bodies of POST /v1/tts, and the headers of its answers."""

import asyncio
import io
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from yingda.speech.api import rest_tts
from yingda.speech.api.refusals import BadRequest
from yingda.speech.api.rest_tts import Wanted, content_type, parse, wav_header
from yingda.speech.voice.manner import AS_SET, Manner


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.requirement(19)
def test_text_alone_gives_wav_for_the_telephone() -> None:
    assert parse(body(text="您好。")) == Wanted("您好。", 8000, "wav", AS_SET)
    assert parse(body(text="好", sample_rate_hz=16000, encoding="ulaw", pace=2)) == Wanted(
        "好", 16000, "ulaw", Manner(pace=2.0)
    )


@pytest.mark.requirement(18)
@pytest.mark.requirement(19)
def test_voice_speed_pitch_and_volume_are_wishes() -> None:
    wanted = parse(body(text="好", voice="male_1", speed=1.2, pitch=-2, volume=3))
    assert wanted.manner == Manner("male_1", 1.2, -2.0, 3.0)


@pytest.mark.requirement(19)
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "text: it is missing, expected a text"),
        ({"text": 5}, "text: got 5, expected a text"),
        ({"text": "\ud800"}, "text: got '\\ud800', expected a text"),
        ({"sample_rate_hz": 4000}, "sample_rate_hz: got 4000, expected an integer 8000-48000"),
        ({"sample_rate_hz": 0}, "sample_rate_hz: got 0, expected an integer"),
        ({"encoding": "mp3"}, "encoding: got 'mp3', expected wav or pcm16 or alaw or ulaw"),
        ({"pace": 0.1}, "pace: got 0.1, expected a number 0.25-4"),
        ({"pace": float("nan")}, "pace: got nan, expected a number 0.25-4"),
        ({"pace": True}, "pace: got True, expected a number"),
        ({"speed": 0.1}, "speed: got 0.1, expected a number 0.25-4"),
        ({"speed": 1, "pace": 1}, "speed: got it beside pace, which is the same; expected one of them"),
        ({"pitch": 7}, "pitch: got 7, expected a number -6-6"),
        ({"volume": "loud"}, "volume: got 'loud', expected a number -96-12"),
        ({"voice": 1}, "voice: got 1, expected a text"),
        (
            {"tempo": 1},
            "'tempo': unknown key, expected text, voice, speed, pace, pitch, volume, sample_rate_hz",
        ),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], said: str) -> None:
    given = {"text": "好", **fields} if fields and "text" not in fields else fields
    with pytest.raises(BadRequest) as caught:
        parse(body(**given))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("data", [b"", b"text=hello", b"\xff\xfe", b"[]"])
def test_what_is_no_json_object(data: bytes) -> None:
    with pytest.raises(BadRequest, match="expected a JSON object"):
        parse(data)


def test_media_types() -> None:
    assert content_type("wav", 16000) == "audio/wav"
    assert content_type("ulaw", 8000) == "audio/basic"
    assert content_type("ulaw", 16000) == "audio/PCMU;rate=16000"
    assert content_type("alaw", 8000) == "audio/PCMA;rate=8000"
    assert content_type("pcm16", 8000) == "audio/pcm;rate=8000"


def test_a_wav_of_unknown_length_is_read_to_its_end() -> None:
    pcm = np.arange(-400, 400, dtype="<i2")
    samples, rate = soundfile.read(io.BytesIO(wav_header(16000) + pcm.tobytes()), dtype="int16")
    assert rate == 16000
    assert np.array_equal(samples, pcm)


async def test_a_client_who_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_tts, "WRITE_S", 0.01)
    cut: list[str] = []
    transport = SimpleNamespace(abort=lambda: cut.append("abort"), close=lambda: cut.append("close"))
    request: Any = SimpleNamespace(transport=transport)
    with pytest.raises(ConnectionError, match="does not read"):
        async with rest_tts._to_a_client_who_reads(request):
            await asyncio.Event().wait()
    assert cut == ["abort"], "close() waits until what is written is read"
