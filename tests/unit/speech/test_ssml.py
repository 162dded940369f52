"""The accepted part of SSML."""

import pytest

from yingda.speech.ssml import Span, SsmlError, parse


def test_plain_text_is_one_span() -> None:
    assert parse("1 < 2") == [Span("1 < 2")]


def test_breaks_rates_and_readings() -> None:
    text = (
        '<speak>您好<break time="300ms"/><prosody rate="150%">快一点</prosody>'
        '<say-as interpret-as="digits">110</say-as></speak>'
    )
    assert parse(text) == [Span("您好"), Span("", 1.0, 300), Span("快一点", 1.5), Span("幺幺零")]


def test_a_number_can_be_said_as_a_cardinal_or_an_ordinal() -> None:
    text = (
        '<speak>共<say-as interpret-as="cardinal">10,086</say-as>'
        '<say-as interpret-as="ordinal">2</say-as></speak>'
    )
    assert [span.text for span in parse(text)] == ["共", "一万零八十六", "第二"]


@pytest.mark.parametrize(
    "text",
    [
        "<speak>您好",
        '<speak><prosody rate="warp">好</prosody></speak>',
        '<speak><prosody rate="9">好</prosody></speak>',
        '<speak><!DOCTYPE a [<!ENTITY b "c">]></speak>',
    ],
)
def test_bad_ssml_is_refused(text: str) -> None:
    with pytest.raises(SsmlError):
        parse(text)
