"""The pitch of a voice, measured. Pure functions on samples."""

from __future__ import annotations

import math

import numpy as np

from yingda.speech.audio import Float

_FRAME_MS, _STEP_MS = 50, 10
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 500.0
_PERIODIC = 0.75  # autocorrelation of a frame that counts as voiced
_QUIET = 0.05  # of the loudest frame


def median_hz(samples: Float, rate: int) -> float | None:
    """The median pitch of voiced frames by normalised autocorrelation; None where hardly any is voiced."""
    size, step = rate * _FRAME_MS // 1000, rate * _STEP_MS // 1000
    if len(samples) < size:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[::step]
    frames = frames - frames.mean(1, keepdims=True)
    level = np.sqrt((frames**2).mean(1))
    found = [hz for frame in frames[level > _QUIET * level.max()] if (hz := _pitch(frame, rate)) is not None]
    return float(np.median(found)) if len(found) >= 5 else None


def _pitch(frame: np.ndarray, rate: int) -> float | None:
    low, high = int(rate / _HIGHEST_HZ), int(rate / _LOWEST_HZ)
    spectrum = np.fft.rfft(frame, 2 * len(frame))
    lags = np.fft.irfft(np.abs(spectrum) ** 2)[: high + 2]
    lags = lags / (lags[0] + 1e-12) / (1 - np.arange(len(lags)) / len(frame))
    place = low + int(np.argmax(lags[low : high + 1]))
    if lags[place] < _PERIODIC:
        return None
    # Half the period is as periodic in a voice with strong even harmonics only; a multiple of it always is.
    shorter = [p for n in (2, 3, 4) for p in [round(place / n)] if p >= low and lags[p] > 0.9 * lags[place]]
    place = min([place, *shorter])
    before, here, after = lags[place - 1 : place + 2]
    bend = before - 2 * here + after
    return rate / (place + float(np.clip(0.5 * (before - after) / bend if bend else 0.0, -0.5, 0.5)))


def semitones(hz: float, over_hz: float) -> float:
    """How much higher one pitch is than another."""
    return 12 * math.log2(hz / over_hz)
