"""The tokenizer and the two number components."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import ENTITIES, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from extensions.nlu.numerals import SpokenNumbers, ValueEntities
from extensions.nlu.tokenizer import CharTokenizer


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("查余额", ["查", "余", "额"]),
        ("多了100元", ["多", "了", "100", "元"]),
        ("86.42元 304X", ["86.42", "元", "304X"]),
        ("上午10:30，AI客服", ["上", "午", "10:30", "，", "AI", "客", "服"]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    tokenizer = CharTokenizer(CharTokenizer.get_default_config())
    found = tokenizer.tokenize(Message({TEXT: text}), TEXT)
    assert [token.text for token in found] == tokens
    assert all(text[token.start : token.end] == token.text for token in found)


def test_spoken_amounts_become_entities_with_values() -> None:
    message = Message({TEXT: "我账单上怎么多了一百块"})
    ValueEntities().process(SpokenNumbers().process([message]))
    assert message.get(TEXT) == "我账单上怎么多了100元"
    (entity,) = message.get(ENTITIES)
    assert (entity["entity"], entity["value"], entity["cents"]) == ("amount", 100, 10000)
    assert message.as_dict(only_output_properties=True)["text"] == "我账单上怎么多了100元"


def test_relative_dates_are_counted_from_the_day_of_the_call() -> None:
    call = {"started_at": "2026-11-20T16:30:00Z"}  # in China it is the 21st, a Saturday
    message = Message({TEXT: "改到下周三上午十点半", METADATA: {"call": call}})
    ValueEntities().process(SpokenNumbers().process([message]))
    assert [(x["entity"], x["value"]) for x in message.get(ENTITIES)] == [
        ("date", "2026-11-25"),
        ("time", "10:30"),
    ]


def test_values_win_over_learned_entities_and_the_others_stay() -> None:
    learned = [
        {"entity": "service", "start": 0, "end": 3, "value": "流量包"},
        {"entity": "service", "start": 3, "end": 6, "value": "30元"},
    ]
    message = Message({TEXT: "流量包30元", ENTITIES: learned})
    ValueEntities().process([message])
    assert [(item["entity"], item["value"]) for item in message.get(ENTITIES)] == [
        ("service", "流量包"),
        ("amount", 30),
    ]


def test_a_message_without_text_passes() -> None:
    message = Message({})
    ValueEntities().process(SpokenNumbers().process([message]))
    assert message.get(ENTITIES) == []
