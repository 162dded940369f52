"""Response latency on the wire: last voiced packet of the customer to first voiced packet of the bot.

A filler does not count and is reported apart.  Times are milliseconds of the media clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from yingda.gateway.media_events import FRAME_RECEIVED, FramesReceived

VOICED_RMS = 100.0  # about -50 dBFS, as the play-out counts a voiced packet


@dataclass(frozen=True)
class Latency:
    """``filler_ms`` is None where no filler was played."""

    answer_ms: int
    filler_ms: int | None


class ResponseClock:
    """One call."""

    def __init__(self) -> None:
        self._asked_ms: float | None = None
        self._filler_ms: int | None = None

    def customer_finished(self, last_voiced_ms: float) -> None:
        """A turn was sent; its last voiced packet came in at ``last_voiced_ms``."""
        self._asked_ms, self._filler_ms = last_voiced_ms, None

    def bot_sounded(self, at_ms: float, is_filler: bool) -> Latency | None:
        """A clip's first voiced packet went out; the latency if this answers a turn."""
        if self._asked_ms is None:
            return None
        latency = round(at_ms - self._asked_ms)
        if is_filler:
            self._filler_ms = latency if self._filler_ms is None else self._filler_ms
            return None
        self._asked_ms = None
        return Latency(latency, self._filler_ms)


class AudioHistory:
    """The last seconds of all legs: the ticks as they came, looked into only when somebody asks."""

    def __init__(self, ticks: int = 200) -> None:
        self._ticks: deque[FramesReceived] = deque(maxlen=ticks)

    def add(self, frames: FramesReceived) -> None:
        self._ticks.append(frames)

    def since(self, leg: int, at_ms: float) -> list[np.ndarray]:
        """Frames of the leg from ``at_ms`` on, oldest first."""
        return [tick.pcm[row] for tick, row in self._of(leg) if tick.at_ms > at_ms]

    def last_voiced_ms(self, leg: int, until_ms: float) -> float:
        """Arrival of the last voiced packet played up to ``until_ms``; ``until_ms`` where there is none."""
        for tick, row in reversed(list(self._of(leg))):
            is_packet = tick.at_ms <= until_ms + 20 and tick.kinds[row] == FRAME_RECEIVED
            if is_packet and rms(tick.pcm[row]) >= VOICED_RMS:
                return float(tick.arrived_ms[row])
        return until_ms

    def _of(self, leg: int) -> Iterable[tuple[FramesReceived, int]]:
        for tick in self._ticks:
            found = np.flatnonzero(tick.leg_ids == leg)
            if len(found):
                yield tick, int(found[0])


def rms(pcm: np.ndarray) -> float:
    """Root mean square of int16 samples."""
    return float(np.sqrt(np.mean(np.square(pcm.astype(np.float32))))) if len(pcm) else 0.0
