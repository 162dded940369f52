"""The bot's turn: barge-in, false barge-in, protected prompts, generations, what was heard."""

from __future__ import annotations

import pytest

from tests.unit.sansio.turns.turn_scene import Scene, kinds
from yingda.sansio.turns import State
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev

BILL = "您本月的账单一共是一百二十八元五角。"  # 18 characters, 3600 ms


def answering(text: str = BILL, interruptible: bool = True, expect: str = "free") -> tuple[Scene, int]:
    """A scene in which the bot says ``text`` from 105.0 on, 200 ms a character."""
    scene = Scene().greet().ask()
    clip = scene.say(105.0, text, interruptible, *scene.done(expect))
    return scene, clip


@pytest.mark.requirement(35)
def test_voice_pauses_the_bot_within_300_ms():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    assert scene.at(106.15) == []
    commands = scene.at(106.16)
    assert commands == [cmd.PausePlayback(), cmd.StartRecognition(2, pytest.approx(105.7))]
    assert scene.state is State.PAUSED


@pytest.mark.requirement(35)
def test_words_stop_the_bot():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)
    commands = scene.at(106.6, ev.PartialTranscribed(2, "等一下"))
    assert kinds(commands) == ["NoteBotTurn", "StopPlayback"]
    assert scene.generation == 3
    assert scene.state is State.HEARING


@pytest.mark.requirement(35)
def test_only_heard_words_count_as_said():
    scene, clip = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)  # 1.16 of 3.6 s were played: 5 of 18 characters
    (noted, _) = scene.at(106.6, ev.PartialTranscribed(2, "等一下"))
    assert noted == cmd.NoteBotTurn(cmd.HeardTurn(2, BILL, BILL[:5], True))
    # the player knows better than the clock
    (noted,) = scene.at(106.62, ev.PlaybackStopped(clip, 800))
    assert noted == cmd.NoteBotTurn(cmd.HeardTurn(2, BILL, BILL[:4], True))
    scene.at(107.1, ev.SpeechEnded(107.0))
    scene.at(107.45)
    (sent,) = scene.at(107.6, ev.FinalTranscribed(2, "等一下我要改个号", 0.9))
    assert isinstance(sent, cmd.SendTurn)
    assert sent.heard == cmd.HeardTurn(2, BILL, BILL[:4], True)


def test_whole_sentences_before_the_cut_one_are_heard():
    scene = Scene().greet().ask()
    commands = scene.at(105.0, ev.BotSaid(2, "好的。您的余额是三十元。"), *scene.done())
    first, second = (c.clip for c in commands)
    scene.at(105.0, ev.PlaybackStarted(first, 105.0))
    scene.at(106.0, ev.PlaybackFinished(first), ev.SynthesisFinished(second, 2000))
    scene.at(106.0, ev.PlaybackStarted(second, 106.0))
    scene.at(107.0, ev.SpeechStarted(106.84))
    scene.at(107.0)  # paused after one of two seconds: half of nine characters
    (noted, *_) = scene.at(107.2, ev.PartialTranscribed(2, "不用了"))
    assert noted.heard.heard == "好的。您的余额"


@pytest.mark.requirement(35)
def test_noise_without_words_resumes_the_bot_where_it_was():
    scene, clip = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)
    scene.at(106.4, ev.SpeechEnded(106.3))
    commands = scene.at(107.16)
    assert cmd.ResumePlayback() in commands
    assert scene.state is State.SPEAKING
    assert scene.generation == 2
    # the pause of one second does not count as played
    scene.at(109.7, ev.PlaybackFinished(clip))
    assert scene.log[-1] == cmd.NoteBotTurn(cmd.HeardTurn(2, BILL, BILL, False))
    assert scene.state is State.LISTENING


def test_empty_transcript_resumes_at_once():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)
    scene.at(106.3, ev.SpeechEnded(106.2))
    scene.at(106.65)
    assert scene.at(106.8, ev.FinalTranscribed(2, "", 0)) == [cmd.ResumePlayback()]


def test_words_that_come_after_the_resume_still_stop_the_bot():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(107.16)
    assert scene.state is State.SPEAKING
    assert "StopPlayback" in kinds(scene.at(107.5, ev.PartialTranscribed(2, "我想问一下")))


@pytest.mark.requirement(35)
@pytest.mark.parametrize("nod", ["嗯", "对", "好的", "嗯嗯", "哦", "嗯，好的", "对对对"])
def test_a_nod_does_not_stop_the_bot(nod):
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)
    assert scene.at(106.5, ev.PartialTranscribed(2, nod)) == []
    scene.at(106.5, ev.SpeechEnded(106.4))
    assert scene.at(107.0, ev.FinalTranscribed(2, nod, 0.9))[-1] == cmd.ResumePlayback()
    assert scene.state is State.SPEAKING


@pytest.mark.requirement(35)
@pytest.mark.parametrize("answer", ["嗯", "对", "好的"])
def test_a_nod_answers_a_question(answer):
    scene, _ = answering("您要办理这个套餐，对吗？", expect="yes_no")
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)
    assert "StopPlayback" in kinds(scene.at(106.5, ev.PartialTranscribed(2, answer)))


def test_a_nod_before_the_question_is_a_nod():
    scene = Scene().greet().ask()
    clips = [c.clip for c in scene.at(105.0, ev.BotSaid(2, BILL + "对吗？"), *scene.done("yes_no"))]
    scene.at(105.0, ev.PlaybackStarted(clips[0], 105.0))
    scene.at(106.16, ev.SpeechStarted(106.0))
    scene.at(106.16)
    assert scene.at(106.5, ev.PartialTranscribed(2, "嗯")) == []


def test_one_character_waits_for_the_second():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.16)
    assert scene.at(106.4, ev.PartialTranscribed(2, "不")) == []
    assert "StopPlayback" in kinds(scene.at(106.5, ev.PartialTranscribed(2, "不是")))


def test_one_character_that_is_all_is_an_interruption():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.4, ev.SpeechEnded(106.3))
    commands = scene.at(106.9, ev.FinalTranscribed(2, "不", 0.9))
    assert kinds(commands)[-2:] == ["StopPlayback", "SendTurn"]


@pytest.mark.requirement(35)
def test_protected_prompt_is_never_cut():
    scene, clip = answering(interruptible=False)
    assert scene.at(106.08, ev.SpeechStarted(106.0)) == []
    assert scene.at(107.0) == []
    assert scene.at(107.1, ev.DigitReceived("1")) == []
    assert scene.state is State.SPEAKING
    # the key that was pressed meanwhile counts afterwards
    scene.at(108.7, ev.PlaybackFinished(clip))
    assert scene.state is State.KEYING


def test_speech_over_a_protected_prompt_is_heard_at_its_end():
    scene, clip = answering(interruptible=False)
    scene.at(108.1, ev.SpeechStarted(108.0))
    commands = scene.at(108.6, ev.PlaybackFinished(clip))
    assert commands[-1] == cmd.StartRecognition(2, pytest.approx(107.7))
    assert scene.state is State.HEARING


def test_speech_over_a_protected_sentence_interrupts_the_next_one():
    scene = Scene()
    scene.at(100.0, ev.CallConnected())
    notice = scene.say(100.1, "本次通话会被录音。", interruptible=False)
    greeting = scene.at(100.2, ev.BotSaid(1, BILL), *scene.done())[0].clip
    scene.at(101.1, ev.SpeechStarted(101.0))
    scene.at(102.0, ev.PlaybackFinished(notice), ev.PlaybackStarted(greeting, 102.0))
    assert "PausePlayback" in kinds(scene.at(102.16))


@pytest.mark.requirement(35)
def test_stale_generation_is_dropped():
    scene, _ = answering()
    scene.at(106.08, ev.SpeechStarted(106.0))
    scene.at(106.6, ev.PartialTranscribed(2, "等一下"))
    assert scene.at(106.7, ev.BotSaid(2, "另外您还有一笔欠费。"), ev.HangUpRequested(2, "done")) == []
    assert scene.machine.stale == 2
    assert scene.at(106.8, ev.BotTurnDone(2)) == []


def test_old_transcripts_are_dropped():
    scene = Scene().greet().ask()
    assert scene.at(105.0, ev.PartialTranscribed(1, "还有"), ev.FinalTranscribed(1, "还有", 0.9)) == []
    assert scene.state is State.WAITING


def test_a_key_takes_the_floor():
    scene, _ = answering()
    assert kinds(scene.at(106.0, ev.DigitReceived("1"))) == ["NoteBotTurn", "StopPlayback"]
    assert scene.generation == 3
    assert scene.state is State.KEYING


def test_customer_who_adds_something_before_the_answer():
    scene = Scene().greet().ask()
    scene.at(104.8, ev.SpeechStarted(104.7))
    assert kinds(scene.at(104.86)) == ["PausePlayback", "StartRecognition"]
    assert kinds(scene.at(104.9, ev.BotSaid(2, BILL))) == ["Synthesise"]
    scene.at(105.3, ev.PartialTranscribed(2, "上个月的"))
    assert scene.state is State.HEARING
    scene.at(105.6, ev.SpeechEnded(105.5))
    scene.at(105.95)
    (sent,) = scene.at(106.1, ev.FinalTranscribed(2, "上个月的", 0.9))
    assert isinstance(sent, cmd.SendTurn) and sent.generation == 4
    assert sent.heard == cmd.HeardTurn(2, BILL, "", True)


def test_bot_hangs_up_when_the_goodbye_has_been_said():
    scene = Scene().greet().ask()
    clip = scene.say(105.0, "再见。", True, ev.HangUpRequested(2, "done"), ev.BotTurnDone(2))
    assert scene.state is State.SPEAKING
    assert kinds(scene.at(106.0, ev.PlaybackFinished(clip))) == ["NoteBotTurn", "EndDialogue", "HangUp"]
    assert scene.state is State.ENDED


def test_customer_can_stop_the_goodbye():
    scene = Scene().greet().ask()
    scene.say(105.0, "好的，感谢您的来电，再见。", True, ev.HangUpRequested(2, "done"), ev.BotTurnDone(2))
    scene.at(105.5, ev.SpeechStarted(105.3))
    scene.at(106.0, ev.PartialTranscribed(2, "等等还有个问题"))
    scene.at(107.0, ev.SpeechEnded(106.9))
    scene.at(107.4, ev.FinalTranscribed(2, "等等还有个问题", 0.9))
    assert scene.state is State.WAITING
    assert not any(isinstance(c, cmd.HangUp) for c in scene.log)


def test_transfer_is_noted_and_the_call_goes_on():
    scene = Scene().greet().ask()
    assert scene.at(105.0, ev.TransferRequested(2, "人工", "cold", "费用争议")) == [
        cmd.NoteTransfer("人工", "cold", "费用争议")
    ]
    assert scene.state is State.WAITING


def test_turn_that_ends_after_its_last_sound_starts_listening():
    scene = Scene().greet().ask()
    clip = scene.say(105.0, BILL)
    scene.at(108.6, ev.PlaybackFinished(clip))
    assert scene.state is State.SPEAKING  # more may come
    scene.at(108.9, *scene.done())
    assert scene.state is State.LISTENING


def test_two_sentences_spoken_while_the_dialogue_still_thinks():
    scene = Scene().greet().ask()
    clip = scene.say(105.0, "我帮您查一下。")
    scene.at(106.0, ev.PlaybackFinished(clip))
    clip = scene.say(107.5, BILL, True, *scene.done())
    scene.at(111.0, ev.PlaybackFinished(clip))
    assert scene.state is State.LISTENING
    assert not any(isinstance(c, cmd.PlayFallback) for c in scene.log)
