"""The media engine's public face: one thread, one 20 ms tick, numpy over all calls.

Call logic runs on the asyncio loop and talks to the media thread through two deques only:
commands go in, events come out, with one wake of the loop per tick at most. Every method here
may be called from the loop's thread, returns at once and takes effect at the next tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from yingda.gateway.media_events import (
    Address,
    DigitReceived,
    FramesReceived,
    Int16Array,
    LegClosed,
    MediaEvent,
    MediaLatched,
    MediaSettings,
    MediaStats,
    MediaTimeout,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStarved,
    PlaybackStopped,
)

__all__ = [
    "DigitReceived",
    "FramesReceived",
    "LegClosed",
    "MediaEngine",
    "MediaError",
    "MediaEvent",
    "MediaLatched",
    "MediaLeg",
    "MediaSettings",
    "MediaTimeout",
    "PlaybackFinished",
    "PlaybackStarted",
    "PlaybackStarved",
    "PlaybackStopped",
]


class MediaError(RuntimeError):
    """No port or no room for another leg; the call should be refused (486 or 503)."""


class MediaLeg:
    """One leg's media: a UDP port, a jitter buffer, a play-out queue, a recording."""

    leg_id: int  # unique in this process; the `leg` of events and an element of FramesReceived.leg_ids
    call_id: str
    local_port: int
    recording_path: Path | None  # None when recording is off

    def connect(
        self,
        remote_addr: Address,
        payload_type: int,
        ptime_ms: int = 20,
        dtmf_type: int | None = None,
    ) -> None:
        """Begin media (or move it, after a re-INVITE): sends at once, latches to the first plausible source.

        payload_type: 8 (PCMA) or 0 (PCMU), both ways. ptime_ms: what the peer asks for (20 ms is sent; 10-60 ms
        are received). dtmf_type: payload type of telephone-event, None when not negotiated.
        """
        raise NotImplementedError

    def play(self, clip_id: int, pcm: Int16Array, last: bool) -> None:
        """Append 8 kHz int16 audio to the play-out. Calls with the same clip_id make one gapless clip;
        `last` closes the clip (pcm may be empty). Clips play in order of their first audio."""
        raise NotImplementedError

    def stop_playback(self) -> None:
        """Silence the line within one tick and drop the queue: a PlaybackStopped for each clip in it."""
        raise NotImplementedError

    def pause(self) -> None:
        """Freeze the play-out (silence is sent); the queue stays. `stop_playback` also ends the pause."""
        raise NotImplementedError

    def resume(self) -> None:
        """Go on exactly where `pause` stopped."""
        raise NotImplementedError

    def send_digits(self, digits: str, duration_ms: int = 100, gap_ms: int = 100) -> None:
        """Send key presses by RFC 4733 (needs dtmf_type); they replace audio packets meanwhile."""
        raise NotImplementedError

    def hold(self, held: bool) -> None:
        """On hold nothing is sent or reported and the play-out is frozen; the recording goes on with silence."""
        raise NotImplementedError

    def close(self) -> None:
        """End of the leg: LegClosed follows. Playback events of what was still queued are not told."""
        raise NotImplementedError


class MediaEngine:
    """All legs of this process; one thread."""

    def __init__(self, settings: MediaSettings) -> None:
        raise NotImplementedError

    def start(
        self, on_tick: Callable[[list[MediaEvent]], None], loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Start the media thread. on_tick gets the tick's events, in the loop's thread, once per tick at most."""
        raise NotImplementedError

    def open_leg(self, call_id: str) -> MediaLeg:
        """Bind a free even port. Raises MediaError when no port or no leg is free."""
        raise NotImplementedError

    def stop(self, timeout_s: float = 2.0) -> None:
        """Close all legs, finalise recordings, join the threads."""
        raise NotImplementedError

    def stats(self) -> MediaStats:
        """Counters and the lateness histogram: keys legs, ticks, packets_received, packets_sent, packets_lost,
        packets_late, packets_foreign, packets_bad, lateness_ms {p50,p99,max}, lateness_histogram, cpu_seconds,
        priority ("fifo" | "nice" | "normal")."""
        raise NotImplementedError
