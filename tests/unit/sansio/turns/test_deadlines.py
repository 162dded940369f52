"""Every wait has a deadline, and every deadline has words."""

from __future__ import annotations

import pytest

from tests.unit.sansio.turns.turn_scene import Scene, kinds
from yingda.sansio.turns import State
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.commands import HeardTurn

BILL = "您本月的账单一共是一百二十八元五角。"


def prompts(commands) -> list[str]:
    return [command.prompt_key for command in commands if isinstance(command, cmd.PlayFallback)]


@pytest.mark.requirement(88)
def test_slow_answer_is_bridged_by_a_filler():
    scene = Scene().greet().ask()  # sent at 104.6
    assert scene.at(106.09) == []
    assert prompts(scene.at(106.1)) == ["filler"]
    assert kinds(scene.at(106.5, ev.BotSaid(2, BILL))) == ["Synthesise"]
    assert scene.state is State.SPEAKING


def test_filler_is_not_part_of_what_was_said():
    scene = Scene().greet().ask()
    (filler,) = scene.at(106.1)
    clip = scene.say(106.5, BILL, True, *scene.done())
    scene.at(107.0, ev.PlaybackFinished(filler.clip))
    scene.at(110.0, ev.PlaybackFinished(clip))
    assert scene.log[-1] == cmd.NoteBotTurn(cmd.HeardTurn(2, BILL, BILL, False))


def test_greeting_is_not_announced_by_a_filler():
    scene = Scene()
    scene.at(100.0, ev.CallConnected())
    assert scene.at(105.9) == []


@pytest.mark.requirement(88)
def test_no_answer_is_apologised_for_and_late_words_are_stale():
    scene = Scene().greet().ask()
    assert prompts(scene.at(110.6)) == ["filler", "apology"]
    assert scene.at(110.7, ev.BotSaid(2, BILL)) == []
    assert scene.machine.stale == 1


@pytest.mark.requirement(88)
def test_empty_answer_is_apologised_for_at_once():
    scene = Scene().greet().ask()
    assert prompts(scene.at(104.9, ev.BotTurnDone(2))) == ["apology"]


@pytest.mark.requirement(88)
def test_repeated_failure_ends_politely():
    scene = Scene().greet()
    now = 103.0
    for _ in range(2):
        scene.ask(now)
        (clip,) = (c.clip for c in scene.at(now + 2, ev.DialogueFailed(scene.generation)))
        scene.at(now + 4, ev.PlaybackFinished(clip))
        assert scene.state is State.LISTENING
        now += 5
    scene.ask(now)
    commands = scene.at(now + 2, ev.DialogueFailed(scene.generation))
    assert prompts(commands) == ["goodbye_failure"]
    scene.at(now + 5, ev.PlaybackFinished(commands[-1].clip))
    assert scene.log[-1] == cmd.HangUp("failed")


def test_an_answer_restores_patience():
    scene = Scene().greet()
    now = 103.0
    for _ in range(4):
        scene.ask(now)
        (clip,) = (c.clip for c in scene.at(now + 2, ev.DialogueFailed(scene.generation)))
        scene.at(now + 3, ev.PlaybackFinished(clip))
        scene.ask(now + 3.1)
        clip = scene.say(now + 5, BILL, True, *scene.done())
        scene.at(now + 6, ev.PlaybackFinished(clip))
        now += 8
    assert "goodbye_failure" not in prompts(scene.log)


@pytest.mark.requirement(88)
def test_slow_synthesis_is_bridged_then_apologised_for():
    scene = Scene().greet().ask()
    scene.at(105.0, ev.BotSaid(2, BILL), *scene.done())
    assert prompts(scene.at(106.5)) == ["filler"]
    assert prompts(scene.at(111.0)) == ["apology"]


def test_failed_synthesis_with_a_living_server_is_apologised_for():
    scene = Scene().greet().ask()
    (synthesis,) = scene.at(105.0, ev.BotSaid(2, BILL))
    commands = scene.at(105.2, ev.SynthesisFailed(synthesis.clip))
    assert prompts(commands) == ["apology"]


def test_sound_stops_the_synthesis_clock():
    scene = Scene().greet().ask()
    clip = scene.say(105.0, BILL, True, *scene.done())
    assert scene.at(108.5) == []
    scene.at(108.6, ev.PlaybackFinished(clip))
    assert scene.state is State.LISTENING


def test_turn_done_that_never_comes():
    scene = Scene().greet().ask()
    clip = scene.say(105.0, BILL)
    scene.at(108.6, ev.PlaybackFinished(clip))
    scene.at(114.6)
    assert scene.state is State.LISTENING


@pytest.mark.requirement(88)
def test_dialogue_lost_while_it_owes_an_answer():
    scene = Scene().greet().ask()
    scene.at(104.7, ev.DialogueLost())
    outage = scene.at(105.7)
    assert prompts(outage) == ["outage"]
    scene.at(105.8, ev.PlaybackStarted(outage[-1].clip, 105.8))
    assert scene.state is State.RECOVERING
    assert prompts(scene.at(113.7)) == ["please_wait"]
    commands = scene.at(115.0, ev.DialogueRestored())
    assert kinds(commands) == ["StartDialogue", "NoteBotTurn", "SendTurn"]
    assert commands[0].resumed
    assert commands[1].heard == HeardTurn(2, "请稍等一下。", "请稍等一下。", interrupted=False)
    assert commands[2].text == "我要查话费" and commands[2].generation == 3
    scene.say(116.0, BILL, True)
    assert scene.state is State.SPEAKING


def test_dialogue_back_before_anybody_notices():
    scene = Scene().greet().ask()
    scene.at(104.7, ev.DialogueLost())
    assert kinds(scene.at(105.2, ev.DialogueRestored())) == ["StartDialogue", "SendTurn"]
    assert "outage" not in prompts(scene.at(106.0))


def test_dialogue_lost_while_the_customer_speaks():
    scene = Scene().greet()
    scene.at(103.07, ev.SpeechStarted(103.0))
    scene.at(103.5, ev.DialogueLost())
    scene.at(104.1, ev.SpeechEnded(104.0))
    scene.at(104.6, ev.FinalTranscribed(1, "我要查话费", 0.9))
    assert prompts(scene.at(104.8)) == ["outage"]


def test_dialogue_lost_while_nobody_speaks():
    scene = Scene().greet()
    scene.at(103.0, ev.DialogueLost())
    assert prompts(scene.at(104.0)) == ["outage"]
    commands = scene.at(107.0, ev.DialogueRestored())
    assert prompts(commands) == ["go_on"]


def test_dialogue_lost_before_the_greeting():
    scene = Scene()
    scene.at(100.0, ev.CallConnected())
    scene.at(100.1, ev.DialogueLost())
    assert prompts(scene.at(101.1)) == ["outage"]
    assert scene.at(103.0, ev.DialogueRestored()) == [cmd.StartDialogue(2)]


def test_services_that_stay_away_end_the_call_politely():
    scene = Scene().greet().ask()
    scene.at(104.7, ev.DialogueLost())
    commands = scene.at(145.8)
    assert prompts(commands)[-1] == "goodbye_failure"
    scene.at(160.0)
    assert scene.log[-1] == cmd.HangUp("failed")


@pytest.mark.requirement(88)
def test_speech_server_lost_while_the_customer_speaks():
    scene = Scene().greet()
    scene.at(103.07, ev.SpeechStarted(103.0))
    assert prompts(scene.at(104.0, ev.SpeechServiceFailed())) == ["outage"]
    assert prompts(scene.at(109.0, ev.SpeechServiceRestored())) == ["go_on"]


@pytest.mark.requirement(88)
def test_speech_server_lost_while_the_bot_speaks():
    scene = Scene().greet().ask()
    first, second = (c.clip for c in scene.at(105.0, ev.BotSaid(2, "好的。" + BILL), *scene.done()))
    scene.at(105.0, ev.PlaybackStarted(first, 105.0), ev.SpeechServiceFailed())
    scene.at(105.5, ev.PlaybackFinished(first))
    assert prompts(scene.at(105.6, ev.SynthesisFailed(second))) == ["outage"]
    commands = scene.at(110.0, ev.SpeechServiceRestored())
    assert [c.text for c in commands if isinstance(c, cmd.Synthesise)] == [BILL]
    clip = commands[-1].clip
    scene.at(110.1, ev.PlaybackStarted(clip, 110.1))
    scene.at(114.0, ev.PlaybackFinished(clip))
    assert scene.state is State.LISTENING
    assert scene.last(cmd.NoteBotTurn).heard.intended.endswith(BILL)


def test_what_is_said_of_an_outage_follows_what_was_said_before():
    scene = Scene().greet()
    scene.at(103.0, ev.DialogueLost())
    outage = scene.at(104.0)[-1].clip
    scene.at(104.1, ev.PlaybackStarted(outage, 104.1))
    scene.at(106.0, ev.PlaybackFinished(outage))
    scene.at(107.0, ev.DialogueRestored())
    heard = [c.heard.heard for c in scene.log if isinstance(c, cmd.NoteBotTurn)]
    assert heard[-1] == "您好，请问有什么可以帮您？请稍等一下。"


def test_answer_that_comes_while_speech_is_away_is_kept():
    scene = Scene().greet()
    scene.at(103.0, ev.SpeechServiceFailed())
    assert prompts(scene.at(104.0)) == ["outage"]
    assert scene.at(105.0, ev.BotSaid(1, BILL)) == []
    commands = scene.at(110.0, ev.SpeechServiceRestored())
    assert [c.text for c in commands] == [BILL]


def test_broken_recognition_asks_again():
    scene = Scene().greet()
    scene.at(103.07, ev.SpeechStarted(103.0))
    assert prompts(scene.at(103.5, ev.RecognitionFailed(1))) == ["ask_again"]


def test_operator_ends_the_call_politely():
    scene = Scene().greet()
    assert prompts(scene.at(103.0, ev.CloseRequested("drain"))) == ["goodbye"]
    scene.at(116.0)
    assert scene.log[-1] == cmd.HangUp("drain")
