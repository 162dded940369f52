"""What each leg says: queues of clips, and the next coded frame of all legs in one gather.

Coded audio of a leg is copied, two seconds at a time, into the leg's own block of a table of frames. The
tick only gathers one row per leg and moves the pointers; Python runs per leg only at the end of a block.
Rows 0 and 1 of the table are silence in A-law and mu-law: a leg with nothing to say points there and does
not move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yingda.gateway.media_events import (
    MediaEvent,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStarved,
    PlaybackStopped,
)
from yingda.sansio.rtp import g711
from yingda.sansio.rtp.packet import FRAME_BYTES

UInt8Array = npt.NDArray[np.uint8]

BLOCK_FRAMES = 100
BLOCK_BYTES = BLOCK_FRAMES * FRAME_BYTES
VOICED_RMS = 100.0  # of 32768, about -50 dBFS: a frame above it counts as voiced
SAMPLES_PER_MS = 8

Told = Callable[[float], MediaEvent]
"""An event that still wants the time (ms) at which its packet was sent."""


@dataclass
class Clip:
    """One clip of a leg: its coded audio not yet in the block, and how much of it was sent."""

    clip_id: int
    data: deque[UInt8Array] = field(default_factory=deque)
    queued: int = 0  # codes in data
    samples: int = 0  # of the whole clip so far
    frames_sent: int = 0  # in blocks before the present one
    closed: bool = False
    told_start: bool = False
    told_starved: bool = False

    def played_ms(self, frames: int) -> int:
        """Milliseconds of the clip's own audio in its first `frames` frames."""
        return min(frames * FRAME_BYTES, self.samples) // SAMPLES_PER_MS

    def fill(self, block: UInt8Array, silence: int) -> int:
        """Move up to a block of codes into block (flat); returns whole frames filled. Only a closed clip is
        padded."""
        want = min(BLOCK_BYTES, self.queued)
        if not self.closed:
            want -= want % FRAME_BYTES
        at = 0
        while at < want:
            piece = self.data[0]
            take = min(len(piece), want - at)
            block[at : at + take] = piece[:take]
            at += take
            if take == len(piece):
                self.data.popleft()
            else:
                self.data[0] = piece[take:]
        self.queued -= want
        frames = -(-want // FRAME_BYTES)
        block[at : frames * FRAME_BYTES] = silence
        return frames


@dataclass
class Queue:
    """The play-out of one leg."""

    payload_type: int = g711.PCMA
    clips: deque[Clip] = field(default_factory=deque)
    active: bool = False  # a block is being played
    frozen: bool = False
    saved: tuple[int, int, int] = (0, -1, -1)  # pointer, end, mark while frozen


class PlayoutBank:
    """The play-out of all legs, named by their index."""

    def __init__(self, capacity: int) -> None:
        self._table = np.full((2 + capacity * BLOCK_FRAMES, FRAME_BYTES), g711.ALAW_SILENCE, np.uint8)
        self._table[1] = g711.ULAW_SILENCE
        self._pointer = np.zeros(capacity, np.int64)
        self._step = np.zeros(capacity, np.int64)
        self._end = np.full(capacity, -1, np.int64)
        self._mark = np.full(capacity, -1, np.int64)  # row of the clip's first voiced frame
        self._queues = [Queue() for _ in range(capacity)]
        self._ids = np.zeros(capacity, np.int64)
        self.told: list[tuple[int, Told]] = []
        """(leg index, event) of this tick, to be stamped with the time at which the leg's packet was sent."""
        self.events: list[MediaEvent] = []

    def open(self, leg: int, leg_id: int, payload_type: int) -> None:
        """Begin a leg, silent."""
        self._queues[leg] = Queue(payload_type)
        self._ids[leg] = leg_id
        self._rest(leg)

    def append(self, leg: int, clip_id: int, codes: UInt8Array, last: bool) -> None:
        """Add codes (the leg's law) to a clip; a new clip closes those before it."""
        queue = self._queues[leg]
        clip = next((old for old in queue.clips if old.clip_id == clip_id and not old.closed), None)
        if clip is None:
            for old in queue.clips:
                old.closed = True
            clip = Clip(clip_id)
            queue.clips.append(clip)
        if len(codes):
            clip.data.append(codes)
            clip.queued += len(codes)
            clip.samples += len(codes)
        clip.closed = clip.closed or last
        if not queue.active and not queue.frozen:
            self._load(leg, queue)

    def stop(self, leg: int) -> None:
        """Silence; a PlaybackStopped for each clip in the queue."""
        queue, leg_id = self._queues[leg], int(self._ids[leg])
        pointer = queue.saved[0] if queue.frozen else int(self._pointer[leg])
        for number, clip in enumerate(queue.clips):
            begun = pointer - self._block(leg) if number == 0 and queue.active else 0
            played = clip.played_ms(clip.frames_sent + begun)
            self.events.append(PlaybackStopped(leg_id, clip.clip_id, played))
        queue.clips.clear()
        queue.active = queue.frozen = False
        self._rest(leg)

    def freeze(self, leg: int) -> None:
        """Silence that keeps its place."""
        queue = self._queues[leg]
        if not queue.frozen:
            queue.frozen = True
            queue.saved = (int(self._pointer[leg]), int(self._end[leg]), int(self._mark[leg]))
            self._rest(leg)

    def thaw(self, leg: int) -> None:
        """Go on where freeze stopped."""
        queue = self._queues[leg]
        if not queue.frozen:
            return
        queue.frozen = False
        if queue.active:
            self._pointer[leg], self._end[leg], self._mark[leg] = queue.saved
            self._step[leg] = 1
        else:
            self._load(leg, queue)

    def next_frames(self, count: int, out: UInt8Array | None = None) -> UInt8Array:
        """The frame that legs 0..count-1 send in this tick, [count, 160] (in out when given)."""
        pointer = self._pointer[:count]
        frames = np.take(self._table, pointer, axis=0, mode="wrap", out=out)
        voiced = pointer == self._mark[:count]
        if voiced.any():
            for leg in np.nonzero(voiced)[0].tolist():
                self._tell_start(leg)
        pointer += self._step[:count]
        ended = pointer == self._end[:count]
        if ended.any():
            for leg in np.nonzero(ended)[0].tolist():
                queue = self._queues[leg]
                queue.clips[0].frames_sent += int(self._end[leg]) - self._block(leg)
                queue.active = False
                self._load(leg, queue)
        return frames

    @staticmethod
    def _block(leg: int) -> int:
        return 2 + leg * BLOCK_FRAMES

    def _rest(self, leg: int) -> None:
        self._pointer[leg] = 0 if self._queues[leg].payload_type == g711.PCMA else 1
        self._step[leg], self._end[leg], self._mark[leg] = 0, -1, -1

    def _load(self, leg: int, queue: Queue) -> None:
        """Put the next audio of the queue into the leg's block; clips that ended are told and dropped."""
        start = self._block(leg)
        block = self._table[start : start + BLOCK_FRAMES]
        silence = g711.ALAW_SILENCE if queue.payload_type == g711.PCMA else g711.ULAW_SILENCE
        while queue.clips:
            clip = queue.clips[0]
            frames = clip.fill(block.reshape(-1), silence)
            if frames:
                queue.active, clip.told_starved = True, False
                self._pointer[leg], self._end[leg], self._step[leg] = start, start + frames, 1
                self._mark[leg] = -1 if clip.told_start else self._first_voiced(queue, block[:frames], start)
                return
            if not clip.closed:
                self._tell_starved(leg, clip)
                break
            self._tell_finish(leg, clip)
            queue.clips.popleft()
        queue.active = False
        self._rest(leg)

    @staticmethod
    def _first_voiced(queue: Queue, frames: UInt8Array, start: int) -> int:
        pcm = g711.decode(frames, queue.payload_type).astype(np.float32)
        voiced = np.nonzero(np.einsum("ij,ij->i", pcm, pcm) > VOICED_RMS**2 * FRAME_BYTES)[0]
        return start + int(voiced[0]) if len(voiced) else -1

    def _tell_start(self, leg: int) -> None:
        clip, leg_id = self._queues[leg].clips[0], int(self._ids[leg])
        clip.told_start = True
        self._mark[leg] = -1
        self.told.append((leg, lambda at_ms: PlaybackStarted(leg_id, clip.clip_id, at_ms)))

    def _tell_finish(self, leg: int, clip: Clip) -> None:
        leg_id, played = int(self._ids[leg]), clip.played_ms(clip.frames_sent)
        self.told.append((leg, lambda at_ms: PlaybackFinished(leg_id, clip.clip_id, at_ms, played)))

    def _tell_starved(self, leg: int, clip: Clip) -> None:
        if not clip.told_starved and clip.frames_sent:
            clip.told_starved = True
            self.events.append(
                PlaybackStarved(int(self._ids[leg]), clip.clip_id, clip.played_ms(clip.frames_sent))
            )
