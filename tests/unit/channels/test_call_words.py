"""Words of a call: kept to its end, bounded, and never in the log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from channels.call_words import MOST_WORDS, CallWords
from channels.voice import VoiceCall
from yingda.messages.dialogue import CustomerTurn, Listen, parse


@pytest.mark.requirement(13)
def test_the_words_of_a_call_stand_in_every_later_listen() -> None:
    sent: list[Any] = []

    async def send(frame: str) -> None:
        sent.append(parse(frame))

    async def agent(message: UserMessage) -> None:
        out = message.output_channel
        if message.text == "一":
            await out.send_response("c1", {"custom": {"type": "hotwords", "words": ["王丽", "畅享套餐"]}})
        if message.text == "二":
            await out.send_response("c1", {"text": "？", "metadata": {"listen": {"boost": ["余额", "王丽"]}}})

    async def run() -> None:
        call = VoiceCall("c1", agent)
        call.attach(send)
        for number, text in enumerate("一二三", 1):
            await call.handle(CustomerTurn(number, number, text, 0.9, 0, 1))

    asyncio.run(run())
    boosts = [message.boost for message in sent if isinstance(message, Listen)]
    assert boosts == [("王丽", "畅享套餐"), ("余额", "王丽", "畅享套餐"), ("王丽", "畅享套餐")]


def test_what_is_no_word_is_dropped_and_counted() -> None:
    words = CallWords()
    assert words.add(["王丽", " 王丽 ", "", 7, None, "王", "长" * 33]) == [
        "hotwords: 5 of 7 are no texts of 2-32 characters; dropped"
    ]
    assert words.beside(()) == ("王丽",)
    assert words.add("王丽") == ["hotwords: got words of type str, expected a list of texts; dropped"]
    assert words.add(None) == ["hotwords: got words of type NoneType, expected a list of texts; dropped"]
    assert words.beside(()) == ("王丽",)


def test_a_call_has_at_most_200_words() -> None:
    words = CallWords()
    assert words.add([f"词语{n}" for n in range(199)]) == []
    assert words.add(["词语0", "甲甲", "乙乙", "丙丙"]) == [
        "hotwords: 2 too many, a call has at most 200 words; dropped"
    ]
    assert len(words.beside(())) == MOST_WORDS == 200
    assert words.beside(())[-1] == "甲甲"


def test_the_log_names_no_word(caplog: pytest.LogCaptureFixture) -> None:
    async def agent(message: UserMessage) -> None:
        await message.output_channel.send_response(
            "c1", {"custom": {"type": "hotwords", "words": ["王丽", "名" * 40]}}
        )

    with caplog.at_level(logging.INFO):
        asyncio.run(VoiceCall("c1", agent).handle(CustomerTurn(1, 1, "好", 0.9, 0, 1)))
    assert "call c1: hotwords: 1 of 2 are no texts" in caplog.text
    assert "王丽" not in caplog.text and "名名" not in caplog.text
