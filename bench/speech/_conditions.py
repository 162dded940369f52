"""What happens to speech on its way: noise, lost packets, another level. Seeded, so that runs compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from yingda.sansio.rtp.g711 import encode_alaw
from yingda.sansio.rtp.jitter import JitterBuffer

Audio = np.ndarray  # float32, 8 kHz
Change = Callable[[Audio], Audio]
FRAME = 160  # samples, 20 ms
_TALKERS = 6  # of babble


def white(size: int, rng: np.random.Generator) -> Audio:
    """Hiss."""
    return rng.standard_normal(size).astype(np.float32)


def pink(size: int, rng: np.random.Generator) -> Audio:
    """As rooms and streets: 3 dB less with each octave."""
    spectrum = np.fft.rfft(rng.standard_normal(size))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0)), size).astype(
        np.float32
    )


def babble(size: int, rng: np.random.Generator, voices: Sequence[Audio]) -> Audio:
    """Several people at once."""
    out = np.zeros(size, np.float32)
    for k in rng.choice(len(voices), _TALKERS, replace=False):
        out += np.resize(np.roll(voices[k], int(rng.integers(len(voices[k])))), size)
    return out


def add(audio: Audio, noise: Audio, snr_db: float) -> Audio:
    """Noise at a ratio of the whole utterance's power to its own; brought back to the peak that it had."""
    scale = np.sqrt(np.mean(audio**2) / max(float(np.mean(noise**2)), 1e-12) / 10 ** (snr_db / 10))
    mixed = audio + noise * np.float32(scale)
    return mixed * (np.abs(audio).max() / max(float(np.abs(mixed).max()), 1e-6))


def lose(audio: Audio, share: float, rng: np.random.Generator) -> Audio:
    """A share of the 20 ms packets never comes; the gateway's own jitter buffer hides what it can."""
    codes = encode_alaw(np.clip(audio * 32767, -32768, 32767).astype(np.int16))
    packets = np.pad(codes, (0, -len(codes) % FRAME), constant_values=0xD5).reshape(-1, 1, FRAME)
    buffer = JitterBuffer(1)
    buffer.open(0)
    leg, played = np.zeros(1, np.int64), []
    for n, packet in enumerate(packets):
        if n == 0 or rng.random() >= share:
            buffer.insert(leg, np.array([n]), packet, np.array([20.0 * n]))
        played.append(buffer.play(1).pcm[0].copy())
    while buffer.depth(0) > 0:
        played.append(buffer.play(1).pcm[0].copy())
    return np.concatenate(played).astype(np.float32) / 32768


def conditions(voices: Sequence[Audio]) -> Iterator[tuple[str, Change]]:
    """Every condition's name and what it does. `voices`: for babble."""
    for name in ("white", "pink", "babble"):
        for snr in (20.0, 10.0, 5.0):
            yield f"{name} noise, {snr:g} dB", _noisy(name, snr, voices)
    for percent in (0, 5, 10):
        yield f"{percent} % of packets lost", _lossy(percent / 100)
    for decibels in (-20, 5):
        yield f"level {decibels:+d} dB", _level(decibels)


def _noisy(name: str, snr: float, voices: Sequence[Audio]) -> Change:
    rng = np.random.default_rng(7)

    def change(audio: Audio) -> Audio:
        size = len(audio)
        noise = (
            babble(size, rng, voices) if name == "babble" else {"white": white, "pink": pink}[name](size, rng)
        )
        return add(audio, noise, snr)

    return change


def _lossy(share: float) -> Change:
    rng = np.random.default_rng(7)
    return lambda audio: lose(audio, share, rng)


def _level(decibels: float) -> Change:
    return lambda audio: np.clip(audio * 10 ** (decibels / 20), -1.0, 1.0).astype(np.float32)
