"""What can be heard on the wire: voiced packets, stretches of speech, and the latencies between them.

No clock here. A packet is voiced when the RMS of its decoded A-law samples exceeds VOICED_RMS. A stretch of
speech is a run of voiced packets with pauses of at most ``pause_s``; fewer than MIN_VOICED are a click.
Response latency: time of arrival of the first voiced packet of the bot's answer, minus the time of sending
of the caller's last voiced packet.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from yingda.caller.alaw import FRAME_S, decode

VOICED_RMS = 200.0  # of 32768: -44 dBFS; speech is 20 dB above it, line noise below
MIN_VOICED = 3  # packets of 20 ms
PAUSE_S = 0.4  # inside one stretch of speech: longer than any stop or comma in the bot's clauses


@dataclass(frozen=True)
class Stretch:
    """Speech from ``start`` (its first voiced packet) to ``end`` (its last one), in seconds."""

    start: float
    end: float
    voiced: int


def is_voiced(payload: bytes) -> bool:
    """Does the A-law payload hold sound?"""
    if not payload:
        return False
    samples = decode(payload).astype(np.float32)
    return float(np.sqrt(np.mean(samples * samples))) > VOICED_RMS


@dataclass
class Ear:
    """Listens to one direction; feed it every packet in order."""

    pause_s: float = PAUSE_S
    voiced_at: list[float] = field(default_factory=list)
    last_at: float | None = None

    def feed(self, at: float, payload: bytes) -> None:
        """Take one audio packet that passed at ``at``."""
        self.last_at = at
        if is_voiced(payload):
            self.voiced_at.append(at)

    def stretches(self, since: float = float("-inf")) -> list[Stretch]:
        """Stretches of speech that end after ``since``, oldest first."""
        found: list[Stretch] = []
        start = previous = None
        count = 0
        for at in self.voiced_at[self._first_index(since) :]:
            if start is None or previous is None or at - previous > self.pause_s:
                _keep(found, start, previous, count)
                start, count = at, 0
            previous = at
            count += 1
        _keep(found, start, previous, count)
        return found

    def _first_index(self, since: float) -> int:
        """The first packet of the stretch that is going on at ``since``, or the first one after it."""
        index = int(np.searchsorted(self.voiced_at, since))
        while 0 < index < len(self.voiced_at) and (
            self.voiced_at[index] - self.voiced_at[index - 1] <= self.pause_s
        ):
            index -= 1
        return index

    def talking_since(self, now: float) -> float | None:
        """Start of the stretch that is going on at ``now``, or None."""
        stretches = self.stretches(now - self.pause_s)
        return stretches[-1].start if stretches and now - stretches[-1].end <= self.pause_s else None

    def quiet_since(self, since: float) -> float | None:
        """End of the last speech that ended after ``since``; None when nothing was heard after it."""
        stretches = [s for s in self.stretches(since) if s.end > since]
        return stretches[-1].end + FRAME_S if stretches else None

    def voiced_s(self, since: float, until: float) -> float:
        """Seconds of voiced packets between two times."""
        first, last = np.searchsorted(self.voiced_at, [since, until])
        return float(last - first) * FRAME_S


def _keep(found: list[Stretch], start: float | None, end: float | None, count: int) -> None:
    if start is not None and end is not None and count >= MIN_VOICED:
        found.append(Stretch(start, end, count))


def response(bot: Ear, said_from: float, said_until: float, before: float = float("inf")) -> Stretch | None:
    """The bot's answer: its first stretch that starts after the caller began to speak, and before ``before``.

    Speech that was already going on when the caller began is not an answer. An answer that starts before
    ``said_until`` talks over the caller; its latency is negative.
    """
    for stretch in bot.stretches(said_from):
        if said_from < stretch.start < before:
            return stretch
    return None


def silenced_after(bot: Ear, barge_in: float, said_until: float) -> float | None:
    """Seconds from the caller's first voiced packet to the end of the bot's last packet of the old speech.

    None when the bot was not speaking at ``barge_in``; the whole length of the caller's speech and more when
    it never stopped.
    """
    for stretch in bot.stretches(barge_in - bot.pause_s):
        if stretch.start <= barge_in <= stretch.end + bot.pause_s:
            return max(0.0, stretch.end + FRAME_S - barge_in)
    return None


def percentile(values: list[float], share: float) -> float | None:
    """Nearest-rank percentile (``share`` 0-1), None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, int(np.ceil(share * len(ranked))) - 1)]
