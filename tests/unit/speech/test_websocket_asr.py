"""Frames that clients send, and what is said of wrong ones."""

import json
from typing import Any

import pytest

from yingda.speech.api.refusals import BadRequest
from yingda.speech.api.websocket_asr import Audio, message, parse_first, parse_later
from yingda.speech.hearing.recogniser import BOOST
from yingda.speech.hearing.streams import Heard, Wanted

GOOD: dict[str, Any] = {"sample_rate_hz": 8000, "encoding": "alaw"}
STREAM = Wanted("LINEAR_PCM", 16000)


def first(**change: Any) -> Wanted:
    return parse_first(json.dumps({**GOOD, **change}))[0]


@pytest.mark.requirement(8)
def test_the_least_that_opens_a_stream() -> None:
    wanted = first()
    assert (wanted.encoding, wanted.rate) == ("ALAW", 8000)
    assert wanted.interim and not wanted.punctuation
    assert wanted.options.endpoint_ms is None and wanted.options.boosts == ()


@pytest.mark.requirement(8)
def test_everything_that_can_be_asked() -> None:
    wanted = first(
        encoding="pcm16", sample_rate_hz=16000, interim=False, punctuation=True, endpoint_ms=800,
        hotwords={"余额": 12, "账单": 3.5}, language="zh-CN",
    )  # fmt: skip
    assert (wanted.encoding, wanted.rate, wanted.interim, wanted.punctuation) == (
        "LINEAR_PCM", 16000, False, True,
    )  # fmt: skip
    assert wanted.options.boosts == (("余额", 12.0), ("账单", 3.5))
    assert (wanted.options.endpoint_ms, wanted.options.language) == (800, "zh-CN")
    assert first(endpoint_ms=-1).options.endpoint_ms == -1
    assert first(hotwords=["余额"]).options.boosts == (("余额", BOOST),)


@pytest.mark.requirement(9)
def test_a_client_that_connects_again_says_where_its_audio_goes_on() -> None:
    wanted = first(offset_ms=1280)
    assert wanted.is_resumed and wanted.offset_s == 1.28
    assert first(offset_ms=0).is_resumed
    assert not first().is_resumed and first().offset_s == 0.0
    with pytest.raises(BadRequest, match="offset_ms: got -1, expected an integer"):
        first(offset_ms=-1)


@pytest.mark.requirement(8)
def test_a_client_may_speak_json_only() -> None:
    frame = '{"format": "pcm", "rate": 16000, "data": "AQACAA=="}'
    wanted, audio = parse_first(frame)
    assert (wanted.encoding, wanted.rate) == ("LINEAR_PCM", 16000)
    assert audio == Audio(b"\1\0\2\0")
    assert parse_later(frame, wanted) == Audio(b"\1\0\2\0")
    assert parse_later('{"data": "AQA=", "end": true}', wanted) == Audio(b"\1\0", is_last=True)


@pytest.mark.requirement(8)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sample_rate_hz": 44100}, "sample_rate_hz: got 44100, expected 8000 or 16000"),
        ({"sample_rate_hz": True}, "sample_rate_hz: got True, expected 8000 or 16000"),
        ({"sample_rate_hz": None}, "sample_rate_hz: it is missing, expected 8000 or 16000"),
        ({"rate": "8000"}, "rate: got '8000', expected 8000 or 16000"),
        ({"encoding": "opus"}, "encoding: got 'opus', expected pcm16 or pcm or alaw or ulaw"),
        ({"encoding": ["alaw"]}, "encoding: got ['alaw'], expected pcm16"),
        ({"interim": 1}, "interim: got 1, expected true or false"),
        ({"endpoint_ms": 5}, "endpoint_ms: got 5, expected an integer 80-60000, or -1 for never"),
        ({"endpoint_ms": 1e3}, "endpoint_ms: got 1000.0, expected an integer"),
        ({"hotwords": "余额"}, "hotwords: got '余额', expected {\"word\": boost} or a list of words"),
        ({"hotwords": {"余额": "8"}}, "hotwords.余额: got '8', expected a number 0-100"),
        ({"hotwords": {"余额": float("nan")}}, "hotwords.余额: got nan, expected a number 0-100"),
        ({"hotwords": [8]}, "hotwords: got 8, expected words of 1-64 characters"),
        ({"hotwords": ["词"] * 1001}, "hotwords: got ['词', '词'"),
        ({"language": 86}, "language: got 86, expected a text"),
        ({"data": "好"}, "data: got '好', expected a text, the base64 of audio"),
        ({"hotword": []}, "'hotword': unknown key, expected sample_rate_hz, encoding, interim, hotwords"),
    ],
)
def test_a_wrong_key_is_named_with_what_was_expected(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        first(**change)
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("text", ["", "hello", "[1]", "8", "[" * 100_000, '{"a": '])
def test_what_is_no_json_object(text: str) -> None:
    with pytest.raises(BadRequest, match="expected a JSON object"):
        parse_first(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", 'expected {"end": true}'),
        ('{"end": false}', 'expected {"end": true}'),
        ('{"end": "yes"}', "end: got 'yes', expected true or false"),
        ('{"sample_rate_hz": 8000}', "'sample_rate_hz': unknown key"),
        ('{"data": "", "rate": 8000}', "rate, format: expected those of the first frame"),
        ('{"data": 5}', "data: got 5, expected a text"),
    ],
)
def test_a_wrong_later_frame(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_later(text, STREAM)
    assert str(caught.value).startswith(said)


def test_transcripts_are_json() -> None:
    assert message(Heard("查余额", 0.98765, True, 0.5, 2.0004)) == {
        "type": "final", "text": "查余额", "confidence": 0.9877, "start_ms": 500, "end_ms": 2000,
    }  # fmt: skip
    assert message(Heard("查", 0.5, False, 0.0, 0.32))["type"] == "partial"


def test_alternatives_stand_in_finals_when_asked_for() -> None:
    final = Heard("查余额", 0.8, True, 0.5, 2.0, (("差余额", 0.1),))
    assert message(final, 2)["alternatives"] == [
        {"text": "查余额", "confidence": 0.8}, {"text": "差余额", "confidence": 0.1},
    ]  # fmt: skip
    assert "alternatives" not in message(final)
    assert "alternatives" not in message(Heard("查", 0.5, False, 0.0, 0.32), 2)
    assert message(Heard("", 0.0, True, 0.0, 0.32), 2)["alternatives"] == []
    assert first(alternatives=10).alternatives == 10 and first().alternatives == 1
    for wrong in (0, 11, True):
        with pytest.raises(BadRequest, match=r"alternatives: got .*, expected an integer 1-10"):
            first(alternatives=wrong)
