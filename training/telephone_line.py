"""What a room, a telephone and a network do to speech before a recogniser hears it: for training examples.

Every effect takes and gives float32 samples at 8 kHz of the same length. `hard` is 0..1: how bad the worst
may be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, fftconvolve, lfilter, resample_poly

from yingda.sansio.rtp.jitter import CONCEAL_GAINS

RATE_HZ = 8000
_FRAME = 160  # samples of a packet, 20 ms
_BANDS = [
    butter(2, [low / 4000, high / 4000], "band") for low, high in ((200, 3500), (300, 3400), (350, 3200))
]


def harm(
    y: np.ndarray, hard: float, r: np.random.RandomState, talker: Callable[[], np.ndarray]
) -> np.ndarray:
    """A room, band limits, noise, level, A-law's 8 bits and lost packets, each now and then. `talker` gives
    somebody else's speech, for babble."""
    if r.rand() < 0.25 * hard:
        y = room(y, r.uniform(0.08, 0.45), r.uniform(0, 12), r)
    if r.rand() < 0.15 + 0.35 * hard:
        b, a = _BANDS[r.randint(3)]
        y = lfilter(b, a, y).astype(np.float32)
    if r.rand() < 0.2 + 0.4 * hard:
        y = y + noise(y, hard, r, talker)
    y = y * np.float32(10 ** (r.uniform(-14, 3) / 20) / max(float(np.abs(y).max()), 1e-3))
    if r.rand() < 0.7:
        y = alaw(y)
    if r.rand() < 0.12 * hard:
        y = lose(y, r.uniform(0.01, 0.12), r)
    return y


def room(y: np.ndarray, decay_s: float, direct_db: float, r: np.random.RandomState) -> np.ndarray:
    """Reverberation as noise that decays by 60 dB in `decay_s`, `direct_db` below the direct sound in energy
    (the statistical model of Polack; see Kuttruff, "Room Acoustics", chapter 4)."""
    n = int(decay_s * RATE_HZ)
    tail = r.randn(n).astype(np.float32) * np.exp(-6.9 * np.arange(n, dtype=np.float32) / n)
    tail[: RATE_HZ // 500] = 0  # the first 2 ms are the direct sound's
    tail *= np.float32(10 ** (-direct_db / 20) / np.sqrt((tail**2).sum() + 1e-9))
    tail[0] = 1
    return fftconvolve(y, tail)[: len(y)].astype(np.float32)


def noise(
    y: np.ndarray, hard: float, r: np.random.RandomState, talker: Callable[[], np.ndarray]
) -> np.ndarray:
    """Coloured or white noise, or people talking, at a level that leaves the speech audible."""
    kind, sound = r.rand(), r.randn(len(y)).astype(np.float32)
    snr_db = r.uniform(25 - 17 * hard, 35)
    if kind < 0.33:
        sound = lfilter([1], [1, -r.uniform(0.5, 0.97)], sound).astype(np.float32)
    elif kind < 0.53:
        sound = sum(np.resize(talker(), len(y)) for _ in range(r.choice((1, 1, 2, 4))))
        snr_db = r.uniform(25 - 13 * hard, 35)
    level = np.sqrt((y**2).mean() + 1e-9) / (np.sqrt((sound**2).mean()) + 1e-9)
    return sound * np.float32(level * 10 ** (-snr_db / 20))


def lose(y: np.ndarray, share: float, r: np.random.RandomState) -> np.ndarray:
    """Packets that never come, each hidden as the gateway does, by the last frame, quieter and quieter."""
    frames = np.pad(y, (0, -len(y) % _FRAME)).reshape(-1, _FRAME)
    last, missing = np.zeros(_FRAME, np.float32), 0
    for n in range(len(frames)):
        if r.rand() >= share:
            last, missing = frames[n].copy(), 0
            continue
        frames[n] = last * (CONCEAL_GAINS[missing] if missing < len(CONCEAL_GAINS) else 0)
        missing += 1
    return frames.reshape(-1)[: len(y)]


def alaw(y: np.ndarray) -> np.ndarray:
    """The continuous A-law curve rounded to 8 bits: close to G.711 and cheap."""
    a, top = 87.6, 1 + np.log(87.6)
    size = np.abs(np.clip(y, -1, 1))
    coded = np.where(size < 1 / a, a * size, 1 + np.log(np.maximum(a * size, 1e-9))) / top
    coded = np.round(coded * 127) / 127 * top
    return (np.sign(y) * np.where(coded < 1, coded / a, np.exp(coded - 1) / a)).astype(np.float32)


def to_telephone_rate(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """Resample to 8 kHz and normalise the peak to 0.9."""
    out = resample_poly(audio, 1, rate_hz // RATE_HZ).astype(np.float32)
    return out * (0.9 / max(float(np.abs(out).max()), 1e-3))
