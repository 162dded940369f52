"""The pitch of tones and of noise."""

import numpy as np
import pytest

from yingda.speech.voice.pitch import median_hz, semitones

TIME_S = np.arange(8000) / 8000


@pytest.mark.parametrize("hz", [90.0, 147.3, 233.1, 410.0])
def test_the_pitch_of_a_voice_like_tone(hz: float) -> None:
    tone = sum(np.sin(2 * np.pi * hz * n * TIME_S) / n for n in range(1, 6))
    assert median_hz(tone.astype(np.float32), 8000) == pytest.approx(hz, rel=0.005)


def test_noise_and_silence_have_none() -> None:
    noise = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    assert median_hz(noise, 8000) is None
    assert median_hz(np.zeros(8000, np.float32), 8000) is None
    assert median_hz(np.zeros(10, np.float32), 8000) is None


def test_an_octave_has_twelve_semitones() -> None:
    assert semitones(440, 220) == 12
    assert semitones(220, 440) == -12
