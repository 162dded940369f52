"""The accepted part of SSML."""

import pytest

from yingda.speech.text.ssml import Span, SsmlError, parse
from yingda.speech.voice.manner import AS_SET, Manner


def test_plain_text_is_one_span() -> None:
    assert parse("1 < 2") == [Span("1 < 2")]


def test_breaks_rates_and_readings() -> None:
    text = (
        '<speak>您好<break time="300ms"/><prosody rate="150%">快一点</prosody>'
        '<say-as interpret-as="digits">110</say-as></speak>'
    )
    fast = Manner(pace=1.5)
    assert parse(text) == [Span("您好"), Span("", AS_SET, 300), Span("快一点", fast), Span("幺幺零")]


def test_text_that_goes_on_in_one_manner_is_said_in_one_breath() -> None:
    text = (
        '<speak>共<say-as interpret-as="cardinal">10,086</say-as>人，'
        '<say-as interpret-as="ordinal">2</say-as><sub alias="客户">CRM</sub></speak>'
    )
    assert [span.text for span in parse(text)] == ["共一万零八十六人，第二客户"]


@pytest.mark.requirement(18)
@pytest.mark.requirement(21)
def test_what_stands_inside_adds_up_with_what_is_around() -> None:
    text = (
        '<speak><voice name="male_1"><prosody rate="slow" pitch="+2st" volume="-6dB">好'
        '<prosody rate="90%" pitch="low" volume="loud">的</prosody></prosody></voice>嗯</speak>'
    )
    outer, inner, rest = parse(text)
    assert outer.manner == Manner("male_1", 0.8, 2.0, -6.0)
    assert (inner.text, inner.manner.voice) == ("的", "male_1")
    assert inner.manner.pace == pytest.approx(0.72)
    assert (inner.manner.pitch_semitones, inner.manner.volume_db) == (0.0, -3.0)
    assert rest == Span("嗯")


@pytest.mark.requirement(18)
@pytest.mark.parametrize(
    ("attribute", "manner"),
    [
        ('pitch="+12.25%"', Manner(pitch_semitones=2.0)),
        ('pitch="x-low"', Manner(pitch_semitones=-4.0)),
        ('pitch="-1.5st"', Manner(pitch_semitones=-1.5)),
        ('volume="silent"', Manner(volume_db=-96.0)),
        ('volume="+6dB"', Manner(volume_db=6.0)),
        ('rate="-10%"', Manner(pace=0.9)),
    ],
)
def test_words_and_changes_are_read(attribute: str, manner: Manner) -> None:
    (span,) = parse(f"<speak><prosody {attribute}>好</prosody></speak>")
    assert span.manner.pace == pytest.approx(manner.pace)
    assert span.manner.pitch_semitones == pytest.approx(manner.pitch_semitones, abs=0.01)
    assert span.manner.volume_db == manner.volume_db


def test_emphasis_is_slower_and_louder() -> None:
    before, stressed = parse("<speak>请<emphasis>核对</emphasis></speak>")
    assert stressed.manner.pace < before.manner.pace
    assert stressed.manner.volume_db > before.manner.volume_db


def test_an_unknown_tag_is_told_and_its_text_is_said() -> None:
    told: list[str] = []
    spans = parse("<speak>您<blink>好</blink><mark name='x'/></speak>", told.append)
    assert [span.text for span in spans] == ["您好"]
    assert told == ["blink", "mark"]


@pytest.mark.parametrize(
    "text",
    [
        "<speak>您好",
        '<speak><prosody rate="warp">好</prosody></speak>',
        '<speak><prosody rate="9">好</prosody></speak>',
        '<speak><prosody pitch="200Hz">好</prosody></speak>',
        '<speak><prosody pitch="+7st">好</prosody></speak>',
        '<speak><prosody pitch="-100%">好</prosody></speak>',
        '<speak><prosody volume="50">好</prosody></speak>',
        '<speak><prosody volume="+13dB">好</prosody></speak>',
        '<speak><!DOCTYPE a [<!ENTITY b "c">]></speak>',
    ],
)
def test_bad_ssml_is_refused(text: str) -> None:
    with pytest.raises(SsmlError):
        parse(text)
