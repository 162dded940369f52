"""Every message there and back; every malformed one refused with words that say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yingda.messages import dialogue as d
from yingda.messages.wire import MessageError

DATA = Path("tests/data/dialogue")
GOOD = sorted((DATA / "good").glob("*.json"))
BAD = sorted((DATA / "bad").glob("*.json"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_message_survives_the_journey(path):
    message = d.parse(path.read_text(encoding="utf-8"))
    assert d.parse(d.to_json(message)) == message


def test_there_is_a_good_example_of_every_message():
    assert {type(d.parse(path.read_text(encoding="utf-8"))) for path in GOOD} == {*d.UP, *d.DOWN}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_message_is_refused(path):
    example = json.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(MessageError) as caught:
        d.parse(json.dumps(example["message"]))
    assert str(caught.value).startswith(example["expected_error"])


def test_errors_never_hold_the_customers_words():
    with pytest.raises(MessageError) as caught:
        d.parse(json.dumps({"v": 1, "type": "keypad", "generation": "我的密码", "digits": "1"}))
    assert "密码" not in str(caught.value)


def test_text_that_is_not_json():
    with pytest.raises(MessageError, match="not JSON"):
        d.parse('{"v": 1')


def test_direction_of_travel_is_checked():
    with pytest.raises(MessageError, match="does not go from the gateway"):
        d.parse_up(d.to_json(d.Say(1, "您好")))
    with pytest.raises(MessageError, match="does not go from the dialogue"):
        d.parse_down(d.to_json(d.CallEnded("failed")))


def test_chinese_is_sent_as_it_is():
    assert "您好" in d.to_json(d.Say(1, "您好"))


def test_every_truncation_of_a_message_is_refused():
    text = d.to_json(d.Keypad(1, "12"))
    for length in range(len(text)):
        with pytest.raises(MessageError):
            d.parse(text[:length])


@given(st.text())
def test_any_text_is_parsed_or_refused(text):
    with pytest.raises(MessageError):
        d.parse(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(sorted(d._BY_TYPE)),
    st.dictionaries(
        st.sampled_from(["generation", "text", "digits", "heard", "count", "reason", "boost"]), _JSON
    ),
)
def test_any_object_is_parsed_or_refused(kind, values):
    try:
        message = d.parse(json.dumps({"v": 1, "type": kind, **values}))
    except MessageError:
        return
    assert d.parse(d.to_json(message)) == message
