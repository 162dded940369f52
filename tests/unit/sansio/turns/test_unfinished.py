"""Endpointing by content: words that break off are given time."""

from __future__ import annotations

import pytest

from tests.unit.sansio.turns.turn_scene import Scene, kinds
from yingda.sansio.turns import State, TurnSettings
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.wording import digits_are_missing, looks_complete, looks_unfinished

S = TurnSettings()


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "你好，",
        "喂，你好",
        "嗯",
        "那个",
        "请问",
        "我想",
        "你好我想",
        "查一下我的",
        "麻烦你",
        "不对",
        "我要",
        "因为",
        "套餐和",
        "还有",
        "我的号码是",
    ],
)
def test_words_that_break_off(text):
    assert looks_unfinished(text, S.unfinished_openers, S.unfinished_endings)


@pytest.mark.parametrize("text", ["", "好的", "是的", "对", "是", "我要查话费", "转人工", "没有了", "谢谢你"])
def test_words_that_do_not(text):
    assert not looks_unfinished(text, S.unfinished_openers, S.unfinished_endings)


def test_lists_may_be_empty_but_not_their_entries():
    assert not looks_unfinished("你好", (), ())
    with pytest.raises(ValueError, match="blank"):
        TurnSettings(unfinished_openers=("你好", " "))


@pytest.mark.parametrize(
    ("expect", "words", "wait_s"),
    [
        ("free", "你好", 0.9),
        ("free", "我要查话费", 0.45),
        ("amount", "那个", 0.9),
        ("yes_no", "嗯", 0.22),
        ("yes_no", "那个", 0.3),
        ("digits", "是", 0.8),
        ("digits", "后四位是六七", 1.4),
        ("digits", "后四位是六七二一", 0.22),
    ],
)
def test_how_long_silence_must_be(expect, words, wait_s):
    scene = Scene().greet(expect, 4 if expect == "digits" else None)
    scene.at(103.07, ev.SpeechStarted(103.0))
    scene.at(103.6, ev.PartialTranscribed(1, words))
    scene.at(103.7, ev.SpeechEnded(103.6))
    assert scene.at(103.6 + wait_s - 0.01) == []
    assert scene.at(103.6 + wait_s + 0.001) == [cmd.FinishRecognition(1)]


def test_comma_pause_of_a_greeting_does_not_end_the_turn():
    scene = Scene().greet()
    scene.at(103.07, ev.SpeechStarted(103.0))
    scene.at(103.5, ev.PartialTranscribed(1, "你好"))
    scene.at(103.6, ev.SpeechEnded(103.5))
    assert scene.at(104.3, ev.SpeechStarted(104.25)) == []
    scene.at(105.3, ev.PartialTranscribed(1, "你好我想问点事情"), ev.SpeechEnded(105.2))
    assert kinds(scene.at(105.65)) == ["FinishRecognition"]
    (sent,) = scene.at(105.8, ev.FinalTranscribed(1, "你好我想问点事情", 0.9))
    assert isinstance(sent, cmd.SendTurn) and (sent.turn, sent.text) == (1, "你好我想问点事情")


def early_final() -> Scene:
    """No partial came; the final at 104.0 says that the words of 103.0 to 103.4 break off."""
    scene = Scene().greet()
    number = scene.hear(103.0, 103.4)
    assert kinds(scene.at(103.851)) == ["FinishRecognition"]
    assert scene.at(104.0, ev.FinalTranscribed(number, "你好", 0.9)) == [
        cmd.StartRecognition(2, pytest.approx(103.4))
    ]
    assert scene.state is State.HEARING
    return scene


def test_final_that_breaks_off_waits_the_rest_of_the_time():
    scene = early_final()
    assert scene.at(104.29) == []
    commands = scene.at(104.31)
    assert kinds(commands) == ["CancelRecognition", "SendTurn"]
    assert (commands[1].text, commands[1].confidence) == ("你好", 0.9)
    assert (commands[1].started_ms, commands[1].ended_ms) == (3000, 3400)


def test_final_that_breaks_off_is_gone_on_from():
    scene = early_final()
    assert scene.at(104.25, ev.SpeechStarted(104.18)) == []
    assert scene.at(105.0, ev.PartialTranscribed(2, "我想问点事情")) == []
    scene.at(105.3, ev.SpeechEnded(105.2))
    scene.at(105.65)
    (sent,) = scene.at(105.8, ev.FinalTranscribed(2, "我想问点事情", 0.8))
    assert isinstance(sent, cmd.SendTurn)
    assert (sent.text, sent.confidence, sent.turn) == ("你好我想问点事情", 0.8, 1)


def test_voice_after_it_without_words_still_sends_the_words():
    scene = early_final()
    scene.at(104.25, ev.SpeechStarted(104.18))
    scene.at(104.5, ev.SpeechEnded(104.4))
    assert kinds(scene.at(105.31)) == ["FinishRecognition"]
    (sent,) = scene.at(105.4, ev.FinalTranscribed(2, "", 0.0))
    assert isinstance(sent, cmd.SendTurn) and (sent.text, sent.confidence) == ("你好", 0.9)


def test_last_final_may_be_empty():
    scene = Scene().greet()
    number = scene.hear(103.0, 104.0)
    scene.at(104.2, ev.PartialTranscribed(number, "我要查话费"))
    (_, sent) = scene.at(104.6, ev.FinalTranscribed(number, "", 0.0))
    assert isinstance(sent, cmd.SendTurn) and (sent.text, sent.confidence) == ("我要查话费", 0.5)


@pytest.mark.parametrize(
    ("words", "missing", "whole"),
    [
        ("六七", True, False),
        ("后四位是六七", True, False),
        ("后四位是六七二", True, False),  # 四 is none of them
        ("后四位是六七二一", False, True),
        ("最后4位数6721", False, True),
        ("6721", False, True),
        ("我不记得了", False, False),
        ("", False, False),
    ],
)
def test_digits_that_were_asked_for(words, missing, whole):
    assert digits_are_missing(words, "digits", 4) is missing
    assert looks_complete(words, "digits", 4) is whole
    assert not digits_are_missing(words, "free", 4) and not digits_are_missing(words, "digits", None)
