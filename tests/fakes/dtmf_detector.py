"""In-band DTMF: tones of keys, and a detector (Goertzel's algorithm, frequencies of ITU-T Q.23)."""

from __future__ import annotations

import numpy as np

LOW_HZ, HIGH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
RATE_HZ = 8000
BLOCK = 205  # samples, as is usual at 8 kHz


def tones(keys: str, tone_ms: int = 100, gap_ms: int = 100) -> np.ndarray:
    """int16 audio of the keys."""
    at = np.arange(RATE_HZ * tone_ms // 1000) / RATE_HZ
    gap = np.zeros(RATE_HZ * gap_ms // 1000)
    parts = []
    for key in keys:
        row = next(number for number, line in enumerate(KEYS) if key in line)
        pair = (LOW_HZ[row], HIGH_HZ[KEYS[row].index(key)])
        parts += [sum(np.sin(2 * np.pi * hz * at) for hz in pair) * 6000, gap]
    return np.concatenate(parts).astype(np.int16)


def goertzel(block: np.ndarray, hz: float) -> float:
    """Energy at a frequency, over that of the block: about 0.5 for each tone of a key."""
    turn = 2 * np.cos(2 * np.pi * hz / RATE_HZ)
    before, last = 0.0, 0.0
    for value in block:
        before, last = last, value + turn * last - before
    power = before**2 + last**2 - turn * before * last
    return float(2 * power / (len(block) * (block**2).sum()))


def keys_in(pcm: np.ndarray) -> str:
    """The keys that are heard, one for each time: both frequencies in two blocks that follow one another."""
    found, last, times = "", "", 0
    for start in range(0, len(pcm) - BLOCK + 1, BLOCK):
        key = _key(pcm[start : start + BLOCK].astype(float))
        times = times + 1 if key == last else 1
        last = key
        found += key if key and times == 2 else ""
    return found


def _key(block: np.ndarray) -> str:
    if abs(block).max() < 300:
        return ""
    low, high = ([goertzel(block, hz) for hz in group] for group in (LOW_HZ, HIGH_HZ))
    if min(max(low), max(high)) < 0.2 or max(low) + max(high) < 0.7:
        return ""
    return KEYS[low.index(max(low))][high.index(max(high))]
