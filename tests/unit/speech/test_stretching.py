"""Pace and pitch of finished audio."""

import numpy as np
import pytest

from yingda.speech.voice import pitch
from yingda.speech.voice.model import Prosody
from yingda.speech.voice.stretching import faster, shaped

RATE = 16000


def vowel(hz: float, seconds: float = 1.0) -> np.ndarray:
    time_s = np.arange(int(RATE * seconds)) / RATE
    return sum(np.sin(2 * np.pi * hz * n * time_s) / n for n in range(1, 8)).astype(np.float32) * 0.2


@pytest.mark.parametrize("pace", [0.5, 0.8, 1.25, 2.0])
def test_the_pace_changes_the_length_and_not_the_pitch(pace: float) -> None:
    out = faster(vowel(150.0), RATE, pace)
    assert len(out) == pytest.approx(RATE / pace, rel=0.01)
    assert pitch.median_hz(out, RATE) == pytest.approx(150.0, rel=0.02)
    assert np.abs(out).max() < 1.3 * np.abs(vowel(150.0)).max()


@pytest.mark.parametrize("semitones", [-4.0, 3.0])
def test_the_pitch_changes_and_not_the_length(semitones: float) -> None:
    out = shaped(vowel(150.0), RATE, Prosody(pitch_semitones=semitones))
    assert len(out) == pytest.approx(RATE, rel=0.02)
    assert pitch.median_hz(out, RATE) == pytest.approx(150.0 * 2 ** (semitones / 12), rel=0.03)


def test_what_is_to_stay_stays() -> None:
    samples = vowel(150.0)
    assert shaped(samples, RATE, Prosody()) is samples
    assert len(faster(np.zeros(10, np.float32), RATE, 2.0)) == 10
