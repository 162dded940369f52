"""Pace and pitch of finished audio, for voices that have no control of their own. Pure numpy.

WSOLA: Verhelst and Roelands 1993, "An overlap-add technique based on waveform similarity".
"""

from __future__ import annotations

import numpy as np

from yingda.speech import audio
from yingda.speech.audio import Float
from yingda.speech.voice.model import Prosody, factor

_WINDOW_MS, _SEARCH_MS = 30, 8


def shaped(samples: Float, rate: int, prosody: Prosody) -> Float:
    """As fast and as high as `prosody` says; the timbre moves with the pitch."""
    times = factor(prosody.pitch_semitones)
    if times != 1.0:
        # read faster, so higher and shorter; the rest of the work is the pace's
        samples = audio.resample(samples, round(rate * times), rate)
    return faster(samples, rate, prosody.pace / times)


def faster(samples: Float, rate: int, pace: float) -> Float:
    """The same pitch in 1/pace of the time."""
    size, reach = rate * _WINDOW_MS // 1000 // 2 * 2, rate * _SEARCH_MS // 1000
    if abs(pace - 1.0) < 0.01 or len(samples) <= 2 * size:
        return samples
    hop = size // 2
    window = np.hanning(size + 1)[:size].astype(np.float32)
    total = int(len(samples) / pace)
    padded = np.concatenate([np.zeros(reach, np.float32), samples, np.zeros(size + 2 * reach, np.float32)])
    out, weight = np.zeros(total + size, np.float32), np.zeros(total + size, np.float32)
    place = 0  # in `samples`, of the piece that is added
    for start in range(0, total, hop):
        if start:
            wanted = padded[reach + place + hop :][:size]  # what would follow unchanged
            place = _likest(padded, wanted, min(round(start * pace), len(samples) - 1), reach)
        piece = padded[reach + place :][:size]
        out[start : start + len(piece)] += piece * window[: len(piece)]
        weight[start : start + len(piece)] += window[: len(piece)]
    return (out / np.maximum(weight, np.float32(1e-3)))[:total].astype(np.float32)


def _likest(padded: Float, wanted: Float, middle: int, reach: int) -> int:
    """Where near `middle` the audio goes on most like `wanted`."""
    near = padded[middle : middle + 2 * reach + len(wanted)]
    if len(near) < len(wanted) or not len(wanted):
        return middle
    likeness = np.correlate(near, wanted, "valid")
    return max(0, middle - reach + int(np.argmax(likeness)))
