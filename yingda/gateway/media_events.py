"""What the media engine takes and tells: its settings and its events (past tense, immutable)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FRAME_SAMPLES = 160
FRAME_MS = 20
FRAME_RECEIVED, FRAME_CONCEALED, FRAME_EMPTY = 0, 1, 2
"""Kinds of a received frame: real audio; made up for a lost packet; nothing came (silence)."""

Int16Array = npt.NDArray[np.int16]
Address = tuple[str, int]


@dataclass(frozen=True)
class MediaSettings:
    """Settings of the media engine; times in milliseconds."""

    bind_address: str = "0.0.0.0"  # local address of all RTP sockets
    port_first: int = 20000  # even; one even RTP port per call, the odd one above it stays free for RTCP
    port_last: int = 23999
    max_legs: int = 600  # concurrent calls; memory about 40 kB each
    drains_per_tick: int = 4  # receive drains and send groups in 20 ms: 1, 2 or 4
    prefill_frames: int = 2  # jitter buffer depth to begin with (x 20 ms); adapts up to 8
    media_timeout_ms: int = 10_000  # no packet for so long -> MediaTimeout
    latch_foreign: bool = False  # also latch to a source whose IP differs from a public IP in the SDP
    recordings_dir: str = "var/recordings"  # <dir>/<shard>/<customer>/<call_id>.yrec
    record: bool = True  # record every call in stereo A-law, encrypted


@dataclass(frozen=True)
class FramesReceived:
    """20 ms of every live leg (connected, not on hold): one event per tick.

    at_ms: time of the tick, monotonic clock (`time.monotonic() * 1000`, the clock of `loop.time()`).
    arrived_ms[i]: when the packet played now was taken from its socket (resolution 5 ms); NaN unless
    received.
    """

    tick: int
    at_ms: float
    leg_ids: npt.NDArray[np.int64]
    pcm: Int16Array  # [n, 160], 8 kHz, read-only
    kinds: npt.NDArray[np.uint8]  # FRAME_RECEIVED, FRAME_CONCEALED or FRAME_EMPTY
    arrived_ms: npt.NDArray[np.float64]


@dataclass(frozen=True)
class PlaybackStarted:
    """The first voiced packet of a clip went out at at_ms (monotonic ms, wire time)."""

    leg: int
    clip_id: int
    at_ms: float


@dataclass(frozen=True)
class PlaybackFinished:
    """The last packet of a clip marked `last` went out at at_ms; played_ms of its audio were sent."""

    leg: int
    clip_id: int
    at_ms: float
    played_ms: int


@dataclass(frozen=True)
class PlaybackStopped:
    """`stop_playback` silenced the leg: played_ms of this clip were sent (0 for clips never begun).

    One event per clip dropped, in play order.
    """

    leg: int
    clip_id: int
    played_ms: int


@dataclass(frozen=True)
class PlaybackStarved:
    """A clip not yet marked `last` ran out of audio; silence is sent until more comes."""

    leg: int
    clip_id: int
    played_ms: int


@dataclass(frozen=True)
class DigitReceived:
    """One key press (RFC 4733): 0-9 * # A-D; told once, at its end."""

    leg: int
    digit: str
    duration_ms: int


@dataclass(frozen=True)
class MediaLatched:
    """The leg's remote address is known now and its socket is connected to it."""

    leg: int
    address: Address


@dataclass(frozen=True)
class MediaTimeout:
    """Nothing came for silent_for_ms (leg not on hold); told once until packets come again."""

    leg: int
    silent_for_ms: int


@dataclass(frozen=True)
class LegClosed:
    """The leg is gone, its port free again and its recording complete up to the last frame."""

    leg: int
    counters: dict[str, int] = field(default_factory=dict)


MediaEvent = (
    FramesReceived
    | PlaybackStarted
    | PlaybackFinished
    | PlaybackStopped
    | PlaybackStarved
    | DigitReceived
    | MediaLatched
    | MediaTimeout
    | LegClosed
)
MediaStats = dict[str, Any]
