"""A turn that was sent too early: the customer goes on, and one turn with all the words goes out."""

from __future__ import annotations

import pytest

from tests.unit.sansio.turns.turn_scene import PROMPTS, Scene, kinds
from yingda.sansio.turns import State, TurnSettings
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev

BILL = "您本月的账单一共是一百二十八元五角。"


def goes_on(scene: Scene, start: float, words: str = "上个月的话费") -> list[cmd.Command]:
    """The customer speaks from ``start`` on; the words are recognised half a second later."""
    scene.at(start + 0.07, ev.SpeechStarted(start))
    scene.at(start + 0.16)
    return scene.at(start + 0.5, ev.PartialTranscribed(recognition(scene), words))


def finishes(scene: Scene, end: float, words: str = "上个月的话费", confidence: float = 0.8) -> cmd.SendTurn:
    scene.at(end + 0.1, ev.SpeechEnded(end))
    scene.at(end + 0.45)
    scene.at(end + 0.6, ev.FinalTranscribed(recognition(scene), words, confidence))
    sent = scene.last(cmd.SendTurn)
    assert isinstance(sent, cmd.SendTurn)
    return sent


def recognition(scene: Scene) -> int:
    started = scene.last(cmd.StartRecognition)
    assert isinstance(started, cmd.StartRecognition)
    return started.recognition


def test_words_before_the_answer_are_joined():
    scene = Scene().greet().ask()  # 我要查话费, 103.0 to 104.0, sent at 104.6 as generation 2
    commands = goes_on(scene, 104.8)
    assert kinds(commands) == ["StopPlayback"]
    assert scene.generation == 3 and scene.state is State.HEARING
    sent = finishes(scene, 106.0)
    assert sent == cmd.SendTurn(4, 2, "我要查话费上个月的话费", 0.8, 3000, 6000, None, replaces=1)


def test_the_less_sure_part_counts():
    scene = Scene().greet().ask()
    goes_on(scene, 104.8)
    assert finishes(scene, 106.0, confidence=0.95).confidence == 0.9


def test_answer_that_is_being_made_is_cancelled_unheard():
    scene = Scene().greet().ask()
    scene.at(104.7, ev.BotSaid(2, BILL), *scene.done("digits", 4))
    assert kinds(goes_on(scene, 104.8)) == ["NoteBotTurn", "StopPlayback"]
    assert scene.at(105.4, ev.BotSaid(2, "另外您还有一笔欠费。")) == []
    assert scene.machine.stale == 1
    assert scene.machine.expects == "free"  # the question that came with the answer was not heard
    sent = finishes(scene, 106.0)
    assert sent.heard == cmd.HeardTurn(2, BILL, "", True)
    assert sent.replaces == 1


@pytest.mark.parametrize(("start", "replaces"), [(105.29, 1), (105.31, None)])
def test_the_first_moments_of_the_answer_do_not_count(start, replaces):
    scene = Scene().greet().ask()
    scene.say(105.0, BILL, True, *scene.done())
    goes_on(scene, start)
    sent = finishes(scene, 107.0)
    assert sent.replaces == replaces
    assert sent.text == ("我要查话费" if replaces else "") + "上个月的话费"


def test_final_without_a_partial_is_joined_and_sent():
    scene = Scene().greet().ask()
    scene.at(104.87, ev.SpeechStarted(104.8))
    scene.at(104.96)
    scene.at(105.2, ev.SpeechEnded(105.1))
    scene.at(105.6)
    commands = scene.at(105.7, ev.FinalTranscribed(2, "上个月的", 0.9))
    assert kinds(commands) == ["StopPlayback", "SendTurn"]
    assert commands[-1].text == "我要查话费上个月的"
    assert scene.state is State.WAITING


def test_answer_that_comes_while_the_words_are_awaited_is_dropped_too():
    scene = Scene().greet().ask()
    scene.at(104.87, ev.SpeechStarted(104.8))
    scene.at(104.96)
    assert kinds(scene.at(105.0, ev.BotSaid(2, BILL), *scene.done())) == ["Synthesise"]
    commands = scene.at(105.2, ev.PartialTranscribed(2, "上个月"))
    assert kinds(commands) == ["NoteBotTurn", "StopPlayback"]
    assert finishes(scene, 106.0, "上个月的话费").text == "我要查话费上个月的话费"


@pytest.mark.parametrize("sound", ["", "嗯", "好的"])
def test_a_cough_or_a_nod_only_delays_the_answer(sound):
    scene = Scene().greet().ask()
    scene.at(104.7, ev.BotSaid(2, "请问您要查哪个月？"), *scene.done())
    scene.at(104.87, ev.SpeechStarted(104.8))
    scene.at(104.96)
    scene.at(105.2, ev.SpeechEnded(105.1))
    scene.at(105.6)
    assert scene.at(105.7, ev.FinalTranscribed(2, sound, 0.9)) == [cmd.ResumePlayback()]
    assert scene.generation == 2 and scene.state is State.SPEAKING


def test_the_bot_does_not_talk_over_words_that_are_recognised_late():
    scene = Scene().greet().ask()
    scene.at(104.87, ev.SpeechStarted(104.8))
    assert kinds(scene.at(104.96)) == ["PausePlayback", "StartRecognition"]
    scene.at(105.0, ev.BotSaid(2, BILL), *scene.done())
    assert scene.at(107.9) == []  # an ordinary barge-in would be over at 105.96
    assert scene.at(107.97) == [cmd.ResumePlayback()]


@pytest.mark.parametrize(
    "answer",
    [
        ev.BotSaid(2, "本次通话会被录音。", interruptible=False),
        ev.HangUpRequested(2, "done"),
        ev.TransferRequested(2, "人工", "cold", "费用争议"),
    ],
    ids=["protected", "hangs up", "transfers"],
)
def test_an_answer_that_stands_is_not_cancelled_by_joining(answer):
    scene = Scene().greet().ask()
    scene.at(104.7, answer)
    goes_on(scene, 104.8)
    scene.at(106.1, ev.SpeechEnded(106.0))
    scene.at(106.6, ev.FinalTranscribed(2, "上个月的话费", 0.8))
    assert all(c.replaces is None for c in scene.log if isinstance(c, cmd.SendTurn))


@pytest.mark.parametrize(
    ("expect", "digits", "first", "text"),
    [
        ("digits", 4, "一二三四", "五六"),
        ("digits", 4, "一二", "一二五六"),
        ("yes_no", None, "对的", "五六"),
    ],
    ids=["all digits", "half the digits", "a plain yes"],
)
def test_a_whole_answer_is_not_joined(expect, digits, first, text):
    scene = Scene().greet(expect, digits)
    number = scene.hear(103.0, 104.0)
    scene.at(104.9, ev.FinalTranscribed(number, first, 0.9))
    goes_on(scene, 105.1, "五六")
    scene.at(106.1, ev.SpeechEnded(106.0))
    scene.at(107.0, ev.FinalTranscribed(recognition(scene), "五六", 0.8))
    sent = scene.last(cmd.SendTurn)
    assert isinstance(sent, cmd.SendTurn) and sent.text == text


def test_half_a_number_goes_on_with_the_hints_of_the_number():
    scene = Scene().greet("digits", 4)
    number = scene.hear(103.0, 104.0)
    scene.at(104.9, ev.FinalTranscribed(number, "一二", 0.9))
    goes_on(scene, 105.1, "五六")
    scene.at(106.1, ev.SpeechEnded(106.0))
    assert kinds(scene.at(106.22)) == ["FinishRecognition"]  # four digits are a whole answer


def test_joining_comes_to_an_end():
    scene = Scene(TurnSettings(continuations=2)).greet().ask()
    texts = []
    for start in (104.8, 106.8, 108.8):
        goes_on(scene, start, "话费")
        texts.append(finishes(scene, start + 1, "话费").text)
    assert texts == ["我要查话费话费", "我要查话费话费话费", "话费"]
    goes_on(scene, 110.8, "话费")  # what follows may be joined to that again
    assert finishes(scene, 111.8, "话费").text == "话费话费"


def test_words_after_an_apology_are_a_repetition():
    scene = Scene().greet().ask()
    assert scene.at(110.61)[-1] == cmd.PlayFallback(3, 3, "apology")
    goes_on(scene, 110.8, "我要查话费")
    assert finishes(scene, 111.8, "我要查话费").text == "我要查话费"


def test_a_filler_is_no_answer():
    scene = Scene().greet().ask()
    (filler,) = scene.at(106.1)
    scene.at(106.1, ev.PlaybackStarted(filler.clip, 106.1), ev.SynthesisFinished(filler.clip, 800))
    scene.at(106.9, ev.PlaybackFinished(filler.clip))
    goes_on(scene, 107.0)
    assert finishes(scene, 108.0).text == "我要查话费上个月的话费"
    assert PROMPTS["filler"] not in str(scene.last(cmd.SendTurn))


def test_a_key_after_the_words_is_a_turn_of_its_own():
    scene = Scene().greet().ask()
    goes_on(scene, 104.8)
    scene.at(105.5, ev.DigitReceived("1"))
    scene.at(107.5)
    digits = scene.last(cmd.SendDigits)
    assert isinstance(digits, cmd.SendDigits) and digits.digits == "1"


def test_no_audio_of_the_pause_is_lost_and_no_words_are_heard_twice():
    scene = Scene().greet()
    number = scene.hear(103.0, 104.0)
    scene.at(104.45)  # the stream has all audio to here
    scene.at(104.6, ev.FinalTranscribed(number, "我要查话费", 0.9))
    scene.at(105.27, ev.SpeechStarted(105.2))
    scene.at(105.36)
    started = scene.last(cmd.StartRecognition)
    assert started == cmd.StartRecognition(2, pytest.approx(104.45))


def test_pre_roll_does_not_reach_back_into_words_of_the_stream_before():
    scene = Scene().greet("yes_no")
    number = scene.hear(103.0, 104.0)
    scene.at(104.3)
    scene.at(104.32, ev.SpeechStarted(104.25))  # began just before the half-close
    scene.at(104.4, ev.FinalTranscribed(number, "对的", 0.9))
    assert scene.log[-1] == cmd.StartRecognition(2, pytest.approx(104.0))
    assert scene.state is State.HEARING


def test_customer_who_speaks_again_while_the_final_is_overdue_is_heard():
    scene = Scene().greet()
    number = scene.hear(103.0, 104.0)
    scene.at(104.2, ev.PartialTranscribed(number, "我要查"))
    scene.at(104.57, ev.SpeechStarted(104.5))
    commands = scene.at(105.96)
    assert kinds(commands) == ["CancelRecognition", "StartRecognition"]
    sent = finishes(scene, 106.5, "话费", 0.9)
    assert (sent.text, sent.confidence) == ("我要查话费", 0.5)
