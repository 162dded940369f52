"""Short phrases while an answer is slow."""

from __future__ import annotations

import pytest

from tests.unit.sansio.turns.test_deadlines import BILL, prompts
from tests.unit.sansio.turns.turn_scene import PROMPTS, Scene
from yingda.sansio.turns import State, TurnMachine, TurnSettings
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev

pytestmark = pytest.mark.requirement(88)
THREE = {**{k: v for k, v in PROMPTS.items() if k != "filler"}, "filler_1": "嗯。", "filler_2": "请稍等。"}


def scene_with(fillers: dict[str, str], settings: TurnSettings | None = None) -> Scene:
    scene = Scene(settings)
    scene.machine = TurnMachine(settings or TurnSettings(), fillers)
    return scene


def test_fillers_take_turns():
    scene, now, played = scene_with(THREE).greet(), 103.0, []
    for _ in range(3):
        scene.ask(now)  # sent at now + 1.6
        played += prompts(scene.at(now + 3.1))
        clip = scene.say(now + 3.5, BILL, True, *scene.done())
        scene.at(now + 6.5, ev.PlaybackFinished(scene.last(cmd.PlayFallback).clip))
        scene.at(now + 7, ev.PlaybackFinished(clip))
        assert scene.state is State.LISTENING
        now += 8
    assert played == ["filler_1", "filler_2", "filler_1"]


@pytest.mark.parametrize(
    ("fillers", "settings"),
    [(THREE, TurnSettings(filler_after_ms=0)), ({"apology": "抱歉。"}, TurnSettings())],
)
def test_fillers_may_be_off(fillers, settings):
    scene = scene_with(fillers, settings).greet().ask()
    assert prompts(scene.at(110.6)) == ["apology"]


def test_how_long_it_takes_is_set():
    scene = scene_with(THREE, TurnSettings(filler_after_ms=700)).greet().ask()  # sent at 104.6
    assert scene.at(105.29) == []
    assert prompts(scene.at(105.31)) == ["filler_1"]


def test_one_clock_for_dialogue_and_voice():
    """The customer does not care who is slow: the wait counts from the customer's own last word."""
    scene = Scene().greet().ask()  # sent at 104.6
    scene.at(106.0, ev.BotSaid(2, BILL), *scene.done())
    assert prompts(scene.at(106.11)) == ["filler"]
    assert prompts(scene.at(110.0)) == [], "one filler a turn"


def test_an_answer_in_time_needs_none():
    scene = Scene().greet().ask()
    scene.say(106.0, BILL, True, *scene.done())
    assert prompts(scene.at(108.0)) == []


def test_never_over_the_customers_voice():
    scene = Scene().greet().ask()
    scene.at(106.05, ev.SpeechStarted(106.0))
    assert prompts(scene.at(106.12)) == []
    assert scene.state is State.WAITING
    scene.at(106.15, ev.SpeechEnded(106.14))
    assert prompts(scene.at(106.49)) == []
    assert prompts(scene.at(106.51)) == ["filler"]


def test_nor_while_a_sound_has_paused_the_bot():
    scene = Scene().greet().ask()
    scene.at(105.8, ev.SpeechStarted(105.7))
    scene.at(106.0)
    assert scene.state is State.PAUSED
    assert prompts(scene.at(106.4)) == []
    scene.at(106.41, ev.SpeechEnded(106.4))
    commands = scene.at(110.0)
    assert prompts(commands) == ["filler"]
    resumed = next(i for i, c in enumerate(commands) if isinstance(c, cmd.ResumePlayback))
    assert isinstance(
        commands[resumed + 1 :][0], cmd.CancelRecognition | cmd.PlayFallback | cmd.FinishRecognition
    )


def test_a_filler_is_interrupted_by_words_and_was_never_said():
    scene = Scene().greet().ask()
    (filler,) = scene.at(106.1)
    scene.at(106.15, ev.PlaybackStarted(filler.clip, 106.15))
    scene.at(106.3, ev.SpeechStarted(106.2))
    scene.at(106.4)
    assert scene.state is State.PAUSED
    number = scene.last(cmd.StartRecognition).recognition
    commands = scene.at(106.9, ev.PartialTranscribed(number, "等一下我还想问"))
    assert any(isinstance(c, cmd.StopPlayback) for c in commands)
    assert not any(isinstance(c, cmd.NoteBotTurn) for c in commands)
    assert scene.state is State.HEARING


def test_the_answer_queues_behind_the_filler():
    scene = Scene().greet().ask()
    (filler,) = scene.at(106.1)
    scene.at(106.15, ev.PlaybackStarted(filler.clip, 106.15))
    commands = scene.at(106.3, ev.BotSaid(2, BILL), *scene.done())
    assert [type(c) for c in commands] == [cmd.Synthesise]
