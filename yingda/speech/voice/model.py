"""What an engine of the voice is to the rest of the speech server: single clauses in, audio out.

An engine is a class that fulfils `VoiceModel`. It is made, and used from then on, by the synthesiser's one
thread, and is told everything about a clause in a `Prosody`. What every engine would do alike is done around
it: text rules and clauses, the names of voices, volume, pauses, resampling, the memory of what was spoken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from yingda.speech.audio import Float


class GaveWay(Exception):
    """A model stopped in the middle of a clause, because it was asked to."""


@dataclass(frozen=True)
class Prosody:
    """How one clause is to be spoken.

    `voice` is its name in `voice.voices` of settings/speech.yml, for engines that know voices by name;
    `speaker` the number that stands there. `pace` above 1 is faster, `pitch_semitones` above 0 higher: both
    hold the voice's own setting, the request's wish and the SSML already. An engine without a control of its
    own shapes its audio afterwards (`stretching.shaped`).
    """

    voice: str = ""
    speaker: int = 0
    pace: float = 1.0
    pitch_semitones: float = 0.0


class VoiceModel(Protocol):
    """A synthesiser of single clauses; used by one thread only.

    `name` is for the log, `sample_rate` in Hz holds for all its voices. A voice of the settings that the
    model lacks is refused when the model is made, with a RuntimeError that names the key and what the model
    has (`voices.missing_speakers` writes it for models that number their speakers).
    """

    name: str
    sample_rate: int

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> Float:
        """float32 audio at `sample_rate` of `text`, spoken Chinese with marks; any level, since the loudest
        sample is set afterwards. No audio for a text without sounds. Raises GaveWay soon after `give_way()`
        is true, if it is given."""


def factor(semitones: float) -> float:
    """What a pitch in Hz is multiplied by: 12 semitones double it."""
    return float(2.0 ** (semitones / 12))
