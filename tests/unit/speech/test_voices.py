"""Names, identities and models of the voices."""

from collections.abc import Callable

import numpy as np
import pytest

from yingda.speech.settings import OneVoice, Voice
from yingda.speech.voice.manner import Manner
from yingda.speech.voice.model import Prosody, VoiceModel
from yingda.speech.voice.voices import UnknownVoice, Voices, make_model, missing_speakers


class Tone:
    def __init__(self, settings: Voice) -> None:
        self.settings, self.name = settings, settings.acoustic_model
        self.sample_rate = 16000 if settings.acoustic_model == "own" else 8000

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> np.ndarray:
        return np.full(self.sample_rate // 10, 0.5 if self.name == "own" else 0.1, np.float32)


@pytest.mark.requirement(18)
def test_voices_without_models_of_their_own_share_one() -> None:
    made: list[Tone] = []

    def make(settings: Voice) -> VoiceModel:
        made.append(Tone(settings))
        return made[-1]

    voices = [OneVoice("a"), OneVoice("b", 1)]
    assert make_model(Voice("shared", voices=voices), make) is made[0]
    assert len(made) == 1 and made[0].settings.voices == voices


@pytest.mark.requirement(18)
def test_a_voice_with_a_model_of_its_own_is_spoken_by_it() -> None:
    voices = [OneVoice("a"), OneVoice("b", acoustic_model="own"), OneVoice("c", 1)]
    model = make_model(Voice("shared", voices=voices), Tone)
    assert model.sample_rate == 16000
    loud = {name: model.speak("好", Prosody(name)) for name in "abc"}
    assert {name: (len(audio), round(float(audio[800]), 1)) for name, audio in loud.items()} == {
        "a": (1600, 0.1), "b": (1600, 0.5), "c": (1600, 0.1),
    }  # fmt: skip


def test_an_unknown_name_lists_those_that_are_known() -> None:
    voices = Voices(Voice(voices=[OneVoice("a"), OneVoice("b")]))
    assert voices.find("").settings.name == voices.find("default").settings.name == "a"
    with pytest.raises(UnknownVoice, match="voice 'c' is unknown, expected one of a, b"):
        voices.find("c")


def test_a_voices_own_settings_count() -> None:
    voices = Voices(Voice(pace=0.5, voices=[OneVoice("a", 3, pace=0.8, pitch_semitones=5.0)]))
    assert voices.prosody(Manner(pace=2.0, pitch_semitones=3.0)) == Prosody("a", 3, 0.8, 6.0)


def test_each_voice_is_kept_apart() -> None:
    voices = Voices(Voice("m", voices=[OneVoice("a"), OneVoice("b", 1)]))
    assert voices.version("a") != voices.version("b")
    assert voices.find("a").identity != voices.find("b").identity


@pytest.mark.requirement(18)
def test_a_speaker_that_the_model_lacks_is_told_with_what_it_has() -> None:
    settings = Voice(voices=[OneVoice("a"), OneVoice("b", 1)])
    assert missing_speakers(settings, "m.nemo", 2) is None
    assert missing_speakers(settings, "m.nemo", 1) == (
        "key 'voice.voices': b has speaker 1, and m.nemo has one speaker, 0; "
        "remove the voice, or give it a speaker that is there"
    )
