"""The customer's turn: endpointing, transcripts, keys, silence."""

from __future__ import annotations

import pytest

from tests.unit.sansio.turns.turn_scene import Scene, kinds
from yingda.sansio.turns import State, TurnSettings
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev


def test_greeting_starts_with_the_call():
    scene = Scene()
    assert scene.at(100.0, ev.CallConnected()) == [cmd.StartDialogue(1)]
    assert scene.state is State.WAITING


def test_each_sentence_is_synthesised_in_order():
    scene = Scene()
    scene.at(100.0, ev.CallConnected())
    commands = scene.at(100.1, ev.BotSaid(1, "您好。本次通话会录音！请问有什么可以帮您？"))
    assert [c.text for c in commands if isinstance(c, cmd.Synthesise)] == [
        "您好。",
        "本次通话会录音！",
        "请问有什么可以帮您？",
    ]


def test_recognition_gets_the_audio_before_the_detected_start():
    scene = Scene().greet()
    assert scene.at(103.07, ev.SpeechStarted(103.0)) == [cmd.StartRecognition(1, pytest.approx(102.7))]
    assert scene.state is State.HEARING


@pytest.mark.parametrize(
    ("expect", "wait_s"), [("free", 0.45), ("yes_no", 0.30), ("digits", 0.80), ("amount", 0.45)]
)
def test_silence_that_ends_a_turn_depends_on_what_was_asked(expect, wait_s):
    scene = Scene().greet(expect)
    recognition = scene.hear(103.0, 104.0)
    assert scene.at(104.0 + wait_s - 0.01) == []
    assert scene.at(104.0 + wait_s) == [cmd.FinishRecognition(recognition)]
    assert scene.state is State.FINISHING


def test_all_digits_heard_end_the_turn_sooner():
    scene = Scene().greet("digits", max_digits=4)
    scene.at(103.07, ev.SpeechStarted(103.0))
    scene.at(104.1, ev.PartialTranscribed(1, "一二三"), ev.SpeechEnded(104.0))
    assert scene.at(104.15, ev.PartialTranscribed(1, "一二三四")) == []
    assert scene.at(104.22) == [cmd.FinishRecognition(1)]


def test_three_of_four_digits_wait_for_the_fourth():
    scene = Scene().greet("digits", max_digits=4)
    scene.at(103.07, ev.SpeechStarted(103.0))
    scene.at(104.1, ev.PartialTranscribed(1, "一二三"), ev.SpeechEnded(104.0))
    assert scene.at(104.79) == []


def test_a_plain_yes_ends_the_turn_sooner():
    scene = Scene().greet("yes_no")
    scene.at(103.07, ev.SpeechStarted(103.0))
    scene.at(103.5, ev.PartialTranscribed(1, "对的"), ev.SpeechEnded(103.4))
    assert scene.at(103.62) == [cmd.FinishRecognition(1)]


def test_speech_that_goes_on_takes_the_endpoint_back():
    scene = Scene().greet()
    scene.hear(103.0, 104.0)
    scene.at(104.3, ev.SpeechStarted(104.25))
    assert scene.at(106.0) == []
    scene.at(106.1, ev.SpeechEnded(106.0))
    assert kinds(scene.at(106.45)) == ["FinishRecognition"]


def test_turn_is_sent_with_its_times():
    scene = Scene().greet()
    recognition = scene.hear(103.0, 104.0)
    scene.at(104.45)
    sent = scene.at(104.6, ev.FinalTranscribed(recognition, "我要查话费", 0.9))
    assert sent == [cmd.SendTurn(2, 1, "我要查话费", 0.9, 3000, 4000, sent[0].heard)]
    assert sent[0].heard == cmd.HeardTurn(
        1, "您好，请问有什么可以帮您？", "您好，请问有什么可以帮您？", False
    )


def test_customer_who_goes_on_after_the_half_close_is_heard_out():
    scene = Scene().greet()
    recognition = scene.hear(103.0, 104.0)
    scene.at(104.5)
    scene.at(104.57, ev.SpeechStarted(104.5))
    commands = scene.at(104.7, ev.FinalTranscribed(recognition, "我要查", 0.9))
    assert kinds(commands) == ["StartRecognition"]
    scene.at(105.1, ev.SpeechEnded(105.0))
    scene.at(105.5)
    (sent,) = scene.at(105.6, ev.FinalTranscribed(recognition + 1, "上个月的话费", 0.8))
    assert isinstance(sent, cmd.SendTurn)
    assert (sent.text, sent.started_ms, sent.ended_ms) == ("我要查上个月的话费", 3000, 5000)


def test_endless_turn_is_cut():
    scene = Scene(TurnSettings(max_turn_s=10)).greet()
    scene.at(103.07, ev.SpeechStarted(103.0))
    assert kinds(scene.at(113.07)) == ["FinishRecognition"]
    (sent,) = scene.at(113.3, ev.FinalTranscribed(1, "说了很多很多", 0.9))
    assert isinstance(sent, cmd.SendTurn)


def test_no_final_transcript_in_time_takes_the_last_partial():
    scene = Scene().greet()
    recognition = scene.hear(103.0, 104.0)
    scene.at(104.2, ev.PartialTranscribed(recognition, "查话费"))
    assert kinds(scene.at(105.94)) == ["FinishRecognition"]
    commands = scene.at(105.95)
    assert kinds(commands) == ["CancelRecognition", "SendTurn"]
    assert commands[1].text == "查话费"


def test_no_transcript_at_all_asks_again():
    scene = Scene().greet()
    scene.hear(103.0, 104.0)
    commands = scene.at(105.96)
    assert kinds(commands) == ["FinishRecognition", "CancelRecognition", "PlayFallback"]
    assert commands[2].prompt_key == "ask_again"
    assert scene.state is State.SPEAKING


def test_words_that_come_to_nothing_ask_again():
    scene = Scene().greet()
    recognition = scene.hear(103.0, 104.0)
    commands = scene.at(104.6, ev.FinalTranscribed(recognition, "", 0.0))
    assert commands[-1] == cmd.PlayFallback(2, 2, "ask_again")


def test_a_cough_is_not_answered():
    scene = Scene().greet()
    recognition = scene.hear(103.0, 103.2)
    commands = scene.at(103.9, ev.FinalTranscribed(recognition, "", 0.0))
    assert kinds(commands) == ["FinishRecognition"]
    assert scene.state is State.LISTENING


def test_a_cough_does_not_put_the_silence_off_for_ever():
    scene = Scene().greet()
    recognition = scene.hear(103.0, 103.2)
    scene.at(103.9, ev.FinalTranscribed(recognition, "", 0.0))
    assert kinds(scene.at(108.0)) == ["SendSilence"]


def test_hints_of_the_last_question_hold_while_the_bot_asks_again():
    scene = Scene().greet("digits", max_digits=4)
    scene.hear(103.0, 104.0)
    clip = scene.at(106.3)[-1].clip
    scene.at(108.0, ev.PlaybackFinished(clip))
    scene.hear(109.0, 110.0)
    assert scene.at(110.79) == []
    assert kinds(scene.at(110.8)) == ["FinishRecognition"]


@pytest.mark.requirement(33)
def test_silence_ladder_asks_twice_then_says_goodbye():
    scene = Scene().greet()
    assert scene.at(107.99) == []
    assert scene.at(108.0)[0] == cmd.SendSilence(2, 1, scene.log[-1].heard)
    for number, start in ((2, 109.0), (3, 118.0)):
        clip = scene.say(start, "您好，请问您还在吗？", True, *scene.done())
        scene.at(start + 2, ev.PlaybackFinished(clip))
        command = scene.at(start + 8)[0]
        if number == 2:
            assert isinstance(command, cmd.SendSilence) and command.count == 2
    assert command == cmd.PlayFallback(4, 4, "goodbye")
    assert scene.state is State.CLOSING
    commands = scene.at(130.0, ev.PlaybackFinished(4))
    assert kinds(commands) == ["NoteBotTurn", "EndDialogue", "HangUp"]
    assert commands[-1] == cmd.HangUp("customer_silent")


def test_speech_starts_the_silence_ladder_anew():
    scene = Scene().greet()
    scene.at(108.0)
    clip = scene.say(109.0, "您还在吗？", True, *scene.done())
    scene.at(110.0, ev.PlaybackFinished(clip))
    scene.ask(111.0)
    clip = scene.say(113.0, "您的话费是三十元。", True, *scene.done())
    scene.at(115.0, ev.PlaybackFinished(clip))
    assert scene.at(121.0)[0].count == 1


@pytest.mark.parametrize(
    ("keys", "sent_at", "digits"),
    [("1234", 103.3, "1234"), ("12#", 103.2, "12"), ("12", 105.1, "12")],
    ids=["as many as asked for", "closed by #", "no further key for two seconds"],
)
def test_keys_are_collected(keys, sent_at, digits):
    scene = Scene().greet("digits", max_digits=4)
    for i, key in enumerate(keys):
        scene.at(103.0 + i / 10, ev.DigitReceived(key))
    commands = scene.at(sent_at)
    sent = scene.last(cmd.SendDigits)
    assert isinstance(sent, cmd.SendDigits)
    assert sent.digits == digits
    assert scene.state is State.WAITING
    assert not any(isinstance(c, cmd.StopPlayback) for c in commands)


def test_one_key_alone_is_enough_when_one_is_asked_for():
    scene = Scene().greet("digits", max_digits=1)
    scene.at(103.0, ev.DigitReceived("1"))
    scene.at(103.0)
    assert isinstance(scene.log[-1], cmd.SendDigits)


def test_a_key_drops_the_recognition():
    scene = Scene().greet()
    scene.at(103.07, ev.SpeechStarted(103.0))
    assert cmd.CancelRecognition(1) in scene.at(103.5, ev.DigitReceived("1"))
    assert scene.state is State.KEYING


def test_events_after_the_end_change_nothing():
    scene = Scene().greet()
    assert kinds(scene.at(103.0, ev.CustomerHungUp())) == ["EndDialogue"]
    assert scene.at(104.0, ev.SpeechStarted(104.0), ev.BotSaid(1, "喂？")) == []
    assert scene.machine.get_timer() is None


def test_call_that_never_ends_is_ended():
    scene = Scene(TurnSettings(max_call_s=5)).greet()
    assert scene.at(105.0)[-1] == cmd.PlayFallback(2, 2, "goodbye")
    assert scene.state is State.CLOSING
    assert scene.at(117.0)[-1] == cmd.HangUp("customer_silent")
