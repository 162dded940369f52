"""What a bad line does to the caller's sound: packets that are lost or late, noise behind the voice.

Lost and late packets are drawn from a seeded generator, so a scene meets the same trouble each time. Late
packets keep their own time stamps and may overtake one another, as on a network.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

import numpy as np

from yingda.caller.alaw import FRAME_SAMPLES, SILENCE, Pcm, decode, encode

FULL_SCALE = 32768.0


@dataclass
class Network:
    """Takes packets as they are sent and gives them out when they would arrive; no clock of its own."""

    loss: float = 0.0  # share of the packets, 0 to 1
    jitter_s: float = 0.0  # each packet is late by so much at most, evenly spread
    rng: random.Random = field(default_factory=random.Random)
    lost: int = 0
    _waiting: list[tuple[float, int, bytes]] = field(default_factory=list)
    _number: int = 0

    def take(self, packet: bytes, now: float) -> None:
        """A packet sent at ``now``."""
        late_s = self.rng.random() * self.jitter_s
        if self.rng.random() < self.loss:
            self.lost += 1
            return
        self._number += 1
        heapq.heappush(self._waiting, (now + late_s, self._number, packet))

    def due(self, now: float) -> list[bytes]:
        """What arrives by ``now``, in the order of arrival."""
        arrived = []
        while self._waiting and self._waiting[0][0] <= now:
            arrived.append(heapq.heappop(self._waiting)[2])
        return arrived

    @property
    def next_at(self) -> float | None:
        """When the next packet arrives."""
        return self._waiting[0][0] if self._waiting else None


class Noise:
    """A clip behind the voice, over and over, at a level of its own."""

    def __init__(self, clip: bytes, dbfs: float) -> None:
        """``clip``: A-law octets, 20 ms at least. ``dbfs``: RMS of what is added, of full scale."""
        self._pcm, self._at = at_level(decode(clip), dbfs), 0

    def behind(self, frame: bytes) -> bytes:
        """The next 20 ms of it, with ``frame`` in front."""
        places = np.arange(self._at, self._at + len(frame)) % len(self._pcm)
        self._at = int((self._at + len(frame)) % len(self._pcm))
        return encode(_clipped(decode(frame).astype(np.int32) + self._pcm[places]))


def at_level(pcm: Pcm, dbfs: float) -> Pcm:
    """The same sound with an RMS of ``dbfs``."""
    rms = float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2))) or 1.0
    return _clipped(pcm * (FULL_SCALE * 10 ** (dbfs / 20) / rms))


def quieter(clip: bytes, db: float) -> bytes:
    """An A-law clip, ``db`` below what it was."""
    return encode(_clipped(decode(clip) * 10 ** (-db / 20)))


def mixed(first: bytes, second: bytes) -> bytes:
    """Two A-law clips at the same time, as long as the longer one."""
    length = max(len(first), len(second))
    length += -length % FRAME_SAMPLES
    a, b = (decode(clip + SILENCE * (length - len(clip))).astype(np.int32) for clip in (first, second))
    return encode(_clipped(a + b))


def _clipped(samples: np.ndarray) -> Pcm:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)
