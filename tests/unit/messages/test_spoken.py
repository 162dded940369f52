"""The speaking keys of a response's metadata."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from yingda.messages.spoken import STYLES, markup, mistakes


@pytest.mark.parametrize("metadata", [None, {}, "loud", {"listen": {"expect": "free"}}, {"style": "neutral"}])
def test_a_text_of_which_nothing_is_asked_stays_as_it_is(metadata: Any) -> None:
    assert markup("您好 < 5 & 再见。", metadata) == "您好 < 5 & 再见。"
    assert mistakes(metadata) == {}


@pytest.mark.requirement(18)
def test_all_keys_together() -> None:
    metadata = {"voice": "male_1", "rate": 0.9, "pitch": "+1st", "volume": "+3dB", "pause_before_ms": 300}
    assert markup("您好。", metadata) == (
        '<speak><break time="300ms"/><voice name="male_1">'
        '<prosody rate="0.9" pitch="+1st" volume="+3dB">您好。</prosody></voice></speak>'
    )


@pytest.mark.requirement(18)
def test_a_style_is_a_set_of_values_and_a_key_beside_it_wins() -> None:
    assert markup("抱歉。", {"style": "apologetic", "rate": 1.1}) == (
        '<speak><break time="200ms"/><prosody rate="1.1" pitch="-1st" volume="-1dB">抱歉。</prosody></speak>'
    )
    assert set(STYLES) == {"neutral", "warm", "apologetic", "cheerful", "serious"}
    assert all(mistakes(values) == {} for values in STYLES.values())


def test_a_text_is_escaped_and_ssml_is_not() -> None:
    said = markup('A&B<"C">\x07。', {"rate": 2})
    assert ElementTree.fromstring(said)[0].text == 'A&B<"C">。'
    inner = '<break time="1s"/>好'
    assert markup(f"<speak>{inner}</speak>", {"rate": 2}) == (
        f'<speak><prosody rate="2">{inner}</prosody></speak>'
    )
    assert markup("<speak>坏", {"rate": 2}) == "<speak>坏"


@pytest.mark.requirement(21)
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("style", "angry", "one of neutral, warm, apologetic, cheerful, serious"),
        ("style", ["warm"], "one of neutral"),
        ("rate", 3, "a number 0.5-2"),
        ("rate", "fast", "a number 0.5-2"),
        ("rate", True, "a number 0.5-2"),
        ("pitch", 1, "-6st to +6st, such as +1st"),
        ("pitch", "+7st", "-6st to +6st"),
        ("volume", "+30dB", "-20dB to +12dB"),
        ("volume", "+3", "-20dB to +12dB"),
        ("pause_before_ms", 5000, "milliseconds 0-3000"),
        ("pause_before_ms", 0.5, "milliseconds 0-3000"),
        ("voice", "a voice", "the name of a voice"),
    ],
)
def test_a_wrong_value_is_told_and_left_out(key: str, value: Any, expected: str) -> None:
    (found,) = mistakes({key: value}).items()
    assert found[0] == key and found[1].startswith(f"got {value!r}, expected {expected}")
    assert markup("好。", {key: value}) == "好。"
