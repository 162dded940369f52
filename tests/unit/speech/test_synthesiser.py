"""The voice's thread and its memory, with a model that hums."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from yingda.speech.metrics import Metrics
from yingda.speech.settings import OneVoice, Voice
from yingda.speech.voice import synthesiser
from yingda.speech.voice.manner import Manner, MannerError
from yingda.speech.voice.model import Prosody
from yingda.speech.voice.prompt_cache import PromptCache
from yingda.speech.voice.synthesiser import GaveWay, Synthesiser, TooBusy
from yingda.speech.voice.voices import UnknownVoice


class Hum:
    name, sample_rate = "hum", 8000

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []
        self.told: list[Prosody] = []
        self.gave_way: list[str] = []
        self.gate, self.began = Event(), Event()
        self.gate.set()

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> np.ndarray:
        self.began.set()
        while not self.gate.wait(0.005):
            if give_way is not None and give_way():
                self.gave_way.append(text)
                self.gate.set()
                raise GaveWay
        self.said.append((text, prosody.pace))
        self.told.append(prosody)
        return np.full(100 * len(text), 0.1, np.float32)


@pytest.fixture(name="hum")
def make_hum() -> Hum:
    return Hum()


@pytest.fixture(name="voice")
async def make_voice(hum: Hum, tmp_path: Path) -> AsyncIterator[Synthesiser]:
    settings = Voice(deadline_s=0.2, max_waiting=1)
    voice = Synthesiser(lambda: hum, settings, PromptCache(tmp_path, 10_000_000), Metrics())
    voice.begin().result(10)
    yield voice
    hum.gate.set()
    voice.stop()


async def test_a_requests_pace_comes_on_top(voice: Synthesiser, hum: Hum) -> None:
    text = '<speak><prosody rate="fast">快</prosody>好</speak>'
    assert [part.text async for part in voice.say(text, 8000, Manner(pace=0.5))] == ["快", "好"]
    assert hum.said == [("快", 0.6), ("好", 0.5)]
    with pytest.raises(MannerError, match=r"pace of the request and its SSML together is 4\.8, expected"):
        _ = [part async for part in voice.say(text, 8000, Manner(pace=4.0))]


@pytest.fixture(name="two")
async def make_two(hum: Hum, tmp_path: Path) -> AsyncIterator[Synthesiser]:
    """A synthesiser of two voices."""
    voices = [OneVoice("female_1"), OneVoice("male_1", 1, pace=0.5, pitch_semitones=-1.0)]
    cache = PromptCache(tmp_path, 10_000_000)
    two = Synthesiser(lambda: hum, Voice(voices=voices), cache, Metrics())
    two.begin().result(10)
    yield two
    two.stop()


@pytest.mark.requirement(18)
async def test_a_voice_is_chosen_by_the_request_or_by_the_ssml(two: Synthesiser, hum: Hum) -> None:
    text = '<speak>您好<voice name="female_1"><prosody pitch="+2st">请说</prosody></voice></speak>'
    _ = [part async for part in two.say(text, 8000, Manner("male_1", pitch_semitones=-2.0))]
    assert hum.told == [Prosody("male_1", 1, 0.5, -3.0), Prosody("female_1", 0, 1.0, 0.0)]
    with pytest.raises(UnknownVoice, match="voice 'nobody' is unknown, expected one of female_1, male_1"):
        _ = [part async for part in two.say("好", 8000, Manner("nobody"))]


@pytest.mark.requirement(18)
async def test_every_manner_is_a_clause_of_its_own_in_memory(two: Synthesiser, hum: Hum) -> None:
    manners = [
        Manner(),
        Manner("male_1"),
        Manner(pace=2.0),
        Manner(pitch_semitones=1.0),
        Manner(volume_db=-6.0),
    ]
    loudest = []
    for _ in range(2):
        for manner in manners:
            (part,) = [part async for part in two.say("您好", 8000, manner)]
            loudest.append(int(part.pcm.max()))
    assert len(hum.told) == len(manners)
    assert loudest[4] == pytest.approx(loudest[0] / 2, rel=0.01)


@pytest.mark.requirement(20)
async def test_fixed_prompts_are_held_in_the_voices_named(two: Synthesiser, hum: Hum) -> None:
    assert two.load_prompts(["您好。", "<speak>坏"], 8000) == ["您好。"]
    await two.fix_prompts(["您好。"], 8000)
    assert [prosody.voice for prosody in hum.told] == ["female_1"]
    await two.fix_prompts(["您好。"], 8000, ["female_1", "male_1"])
    assert [prosody.voice for prosody in hum.told] == ["female_1", "male_1"]
    for voice in ("", "male_1"):
        _ = [part async for part in two.say("您好。", 8000, Manner(voice))]
    assert len(hum.told) == 2


async def test_unknown_tags_are_counted(hum: Hum) -> None:
    metrics = Metrics()
    voice = Synthesiser(lambda: hum, Voice(), PromptCache(None, 0), metrics)
    voice.begin().result(10)
    _ = [part async for part in voice.say("<speak><blink>好</blink></speak>", 8000)]
    assert metrics.value("speech_unknown_tags_total") == 1
    assert hum.said == [("好", 1.0)]
    voice.stop()


async def test_each_clause_comes_alone_with_its_pause(voice: Synthesiser, hum: Hum) -> None:
    parts = [part async for part in voice.say("好的。余额是128元。", 8000)]
    assert [part.text for part in parts] == ["好的。", "余额是一百二十八元。"]
    assert len(parts[0].pcm) == 300 + 1920  # 240 ms after a full stop
    assert len(parts[1].pcm) == 1000
    assert parts[0].pcm[:300].max() == round(0.7 * 32767)


@pytest.mark.requirement(20)
async def test_a_fixed_prompt_costs_no_synthesis(voice: Synthesiser, hum: Hum) -> None:
    assert voice.load_prompts(["您好。"], 8000) == ["您好。"]
    await voice.fix_prompts(["您好。"], 8000)
    hum.said.clear()
    parts = [part async for part in voice.say("您好。", 8000)]
    assert len(parts[0].pcm) == 300
    assert hum.said == []
    assert voice.load_prompts(["您好。"], 8000) == []


async def test_a_slow_model_meets_the_deadline(voice: Synthesiser, hum: Hum) -> None:
    hum.gate.clear()
    with pytest.raises(TimeoutError):
        async for _ in voice.say("您好。", 8000):
            pass


async def test_a_clause_that_comes_too_late_ends_its_request_in_words(
    voice: Synthesiser, hum: Hum, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does not cancel the task that waits, which would look like a client who has hung up."""
    hum.gate.clear()
    first = asyncio.ensure_future(anext(voice.say("一。", 8000)))
    assert await asyncio.to_thread(hum.began.wait, 10)
    late = asyncio.ensure_future(anext(voice.say("二。", 8000)))
    await asyncio.sleep(0)
    ahead = SimpleNamespace(monotonic=lambda: time.monotonic() + 100)
    monkeypatch.setattr(synthesiser, "time", ahead)  # the voice's thread is past the deadline first
    hum.gate.set()
    assert (await first).text == "一。"
    with pytest.raises(TimeoutError):
        await late
    assert [text for text, _ in hum.said] == ["一。"]


async def test_too_many_waiting_clauses_are_refused(voice: Synthesiser, hum: Hum) -> None:
    hum.gate.clear()
    for text in ("一。", "二。"):
        with pytest.raises((TimeoutError, TooBusy)):
            async for _ in voice.say(text, 8000):
                pass
    with pytest.raises(TooBusy):
        async for _ in voice.say("三。", 8000):
            pass


async def test_a_text_that_would_wait_to_be_too_late_is_refused_at_once(hum: Hum, tmp_path: Path) -> None:
    settings = Voice(deadline_s=5.0, max_waiting=100)
    voice = Synthesiser(lambda: hum, settings, PromptCache(tmp_path, 10_000_000), Metrics())
    voice.begin().result(10)
    assert [part.text async for part in voice.say("零。", 8000)] == ["零。"]
    assert 0 < voice._clause_s < 5.0
    voice._clause_s = 3.0
    hum.gate.clear()
    hum.began.clear()
    waiting = []
    for text in ("一。", "二。", "三。"):  # one with the voice, and two behind it
        waiting.append(asyncio.ensure_future(anext(aiter(voice.say(text, 8000)))))
        await asyncio.to_thread(hum.began.wait, 10)
        await asyncio.sleep(0)
    with pytest.raises(TooBusy, match="fully loaded: 2 clauses are waiting"):
        await anext(aiter(voice.say("四。", 8000)))
    hum.gate.set()
    assert [(await part).text for part in waiting] == ["一。", "二。", "三。"]
    voice.stop()


async def test_ssml_sets_pace_and_silence(voice: Synthesiser, hum: Hum) -> None:
    text = '<speak><prosody rate="fast">快</prosody><break time="1s"/></speak>'
    parts = [part async for part in voice.say(text, 16000)]
    assert hum.said == [("快", 1.2)]
    assert [len(part.pcm) for part in parts] == [200, 16000]


async def test_a_prompt_in_the_making_gives_way_to_a_call(hum: Hum, tmp_path: Path) -> None:
    settings = Voice(deadline_s=5.0)
    voice = Synthesiser(lambda: hum, settings, PromptCache(tmp_path, 10_000_000), Metrics())
    voice.begin().result(10)
    hum.gate.clear()
    making = asyncio.create_task(voice.fix_prompts(["感谢来电。", "再见。"], 8000))
    assert await asyncio.to_thread(hum.began.wait, 10)
    assert [part.text async for part in voice.say("您好。", 8000)] == ["您好。"]
    await making
    assert hum.gave_way == ["感谢来电。"]
    assert [text for text, _ in hum.said] == ["您好。", "感谢来电。", "再见。"]
    assert voice.load_prompts(["感谢来电。", "再见。"], 8000) == []
    voice.stop()


async def test_a_prompt_that_was_said_in_a_call_is_not_made_again(voice: Synthesiser, hum: Hum) -> None:
    assert [part.text async for part in voice.say("您好。", 8000)] == ["您好。"]
    await voice.fix_prompts(["您好。"], 8000)
    assert len(hum.said) == 1
    assert voice.load_prompts(["您好。"], 8000) == []


def test_the_version_follows_every_property_that_is_heard() -> None:
    def version(**change: Any) -> str:
        settings = Voice(**{"acoustic_model": "a", **change})
        return Synthesiser(Hum, settings, PromptCache(None, 0), Metrics()).version()

    assert version() == version()
    own = [{"speaker": 1}, {"name": "b"}, {"pitch_semitones": 1.0}, {"pace": 1.1}, {"vocoder": "w"}]
    changes: list[dict[str, Any]] = [{"voices": [OneVoice(**change)]} for change in own]
    changes += [{"pace": 1.2}, {"vocoder": "v"}, {"clause_pause_ms": 1}]
    assert len({version(), *(version(**change) for change in changes)}) == 1 + len(changes)
