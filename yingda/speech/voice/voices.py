"""The voices of the settings: found by name, known by an identity, and spoken by one model or by several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from yingda.speech import audio
from yingda.speech.audio import Float
from yingda.speech.settings import OneVoice
from yingda.speech.settings import Voice as Settings
from yingda.speech.text import normalisation
from yingda.speech.voice.manner import HIGHEST, LOWEST, Manner, MannerError
from yingda.speech.voice.model import Prosody, VoiceModel
from yingda.speech.voice.prompt_cache import voice_identity

_TREATMENT = 5  # raise it when the same clause comes to sound differently for a reason in our code


class UnknownVoice(MannerError):
    """A voice was asked for that is not in the settings."""


@dataclass(frozen=True)
class KnownVoice:
    """`identity` changes whenever a clause comes to sound differently."""

    settings: OneVoice
    identity: str


class Voices:
    """All voices of the settings; the first is the one that speaks unless another is asked for."""

    def __init__(self, settings: Settings) -> None:
        """Reads the model files once, for their identity."""
        self._settings = settings
        models = {settings.models_of(voice) for voice in settings.voices}
        stamps = {pair: voice_identity(pair) for pair in models}
        self._voices = {v.name: KnownVoice(v, self._identity(v, stamps)) for v in settings.voices}

    def _identity(self, voice: OneVoice, stamps: dict[tuple[str, str | None], str]) -> str:
        s = self._settings
        treatment = (s.griffin_lim_iterations, s.peak, normalisation.VERSION, _TREATMENT)
        return voice_identity((), stamps[s.models_of(voice)], voice.name, voice.speaker, *treatment)

    @property
    def names(self) -> list[str]:
        """The default voice first."""
        return list(self._voices)

    def find(self, name: str) -> KnownVoice:
        """A voice by its name, the default one for none. Raises UnknownVoice."""
        if name in ("", "default"):
            return next(iter(self._voices.values()))
        if name not in self._voices:
            raise UnknownVoice(f"voice {name!r} is unknown, expected one of {', '.join(self._voices)}")
        return self._voices[name]

    def version(self, name: str) -> str:
        """Of all that is heard when a voice speaks a text, its pauses and clauses included. Raises
        UnknownVoice."""
        s, voice = self._settings, self.find(name)
        own = (voice.settings.pace, voice.settings.pitch_semitones)
        shape = (s.pace, s.clause_pause_ms, s.first_clause_chars, s.clause_chars)
        return voice_identity((), voice.identity, *own, *shape)

    def prosody(self, manner: Manner) -> Prosody:
        """What the model is told for a manner, the voice's own settings included. Raises UnknownVoice."""
        voice = self.find(manner.voice).settings
        pitch = min(HIGHEST, max(LOWEST, voice.pitch_semitones + manner.pitch_semitones))
        pace = round(manner.pace * voice.pace * self._settings.pace, 3)
        return Prosody(voice.name, voice.speaker, pace, round(pitch, 2))


def make_model(settings: Settings, make_one: Callable[[Settings], VoiceModel]) -> VoiceModel:
    """One model for each pair of acoustic model and vocoder that the voices name; `make_one` gets settings
    that hold one pair and its voices."""
    groups: dict[tuple[str, str | None], list[OneVoice]] = {}
    for voice in settings.voices:
        groups.setdefault(settings.models_of(voice), []).append(voice)
    made = [
        (make_one(replace(settings, acoustic_model=pair[0], vocoder=pair[1], voices=voices)), voices)
        for pair, voices in groups.items()
    ]
    return made[0][0] if len(made) == 1 else SeveralModels(made)


class SeveralModels:
    """`VoiceModel` of voices that have models of their own."""

    def __init__(self, made: Sequence[tuple[VoiceModel, Sequence[OneVoice]]]) -> None:
        self._by_voice = {voice.name: model for model, voices in made for voice in voices}
        self.name = ", ".join(model.name for model, _ in made)
        self.sample_rate = max(model.sample_rate for model, _ in made)

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> Float:
        """By the model of the voice, at the highest rate of all."""
        model = self._by_voice[prosody.voice]
        return audio.resample(model.speak(text, prosody, give_way), model.sample_rate, self.sample_rate)


def missing_speakers(settings: Settings, model: str, speakers: int) -> str | None:
    """What is wrong when a voice's speaker is not among the `speakers` of an acoustic model; for engines that
    number them."""
    wrong = next((voice for voice in settings.voices if voice.speaker >= speakers), None)
    if wrong is None:
        return None
    has = "one speaker, 0" if speakers == 1 else f"speakers 0-{speakers - 1}"
    return (
        f"key 'voice.voices': {wrong.name} has speaker {wrong.speaker}, and {model} has {has}; "
        f"remove the voice, or give it a speaker that is there"
    )
