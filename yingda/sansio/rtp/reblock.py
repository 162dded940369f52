"""Packets of any length from 10 to 60 ms, cut into 20 ms frames by their RTP timestamps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yingda.sansio.rtp.packet import FRAME_BYTES

UInt8Array = npt.NDArray[np.uint8]

MIN_PAYLOAD, MAX_PAYLOAD = 80, 480
"""10 ms and 60 ms of G.711."""
KEPT_FRAMES = 16
RESTART_FRAMES = 500  # a jump of 10 s either way: the peer began its timestamps anew
_START = (1 << 20) + (1 << 15)  # frame number of the first packet; room to count backwards


@dataclass
class _Frame:
    data: UInt8Array
    filled: set[int] = field(default_factory=set)  # start offsets already written: duplicates fill nothing
    count: int = 0


class Reblocker:
    """One leg's packets onto a time line of 20 ms frames; a frame comes out when all its 160 samples are
    there.

    The frames' numbers run without gaps in time (16 bits, like sequence numbers), so that lost packets
    leave gaps in them. Order of arrival does not matter within KEPT_FRAMES.
    """

    def __init__(self, silence: int) -> None:
        self._silence = silence
        self._origin: int | None = None
        self._origin_frame = _START
        self._frames: dict[int, _Frame] = {}
        self._done: dict[int, None] = {}
        self._newest = _START

    def receive(self, timestamp: int, payload: UInt8Array) -> list[tuple[int, UInt8Array]]:
        """Take one packet; returns (frame number, 160 codes) of the frames that it completes, in order."""
        position = self._position(timestamp)
        if abs(position // FRAME_BYTES - self._newest) > RESTART_FRAMES:
            self._origin, self._origin_frame = timestamp, self._newest + KEPT_FRAMES
            position = self._position(timestamp)
        complete: list[tuple[int, UInt8Array]] = []
        offset = 0
        while offset < len(payload):
            number, at = divmod(position + offset, FRAME_BYTES)
            take = min(FRAME_BYTES - at, len(payload) - offset)
            frame = self._fill(number, at, payload[offset : offset + take])
            if frame is not None:
                complete.append((number & 0xFFFF, frame))
            offset += take
        self._forget()
        return complete

    def number_at(self, timestamp: int) -> int:
        """The number of the frame that holds this timestamp."""
        return (self._position(timestamp) // FRAME_BYTES) & 0xFFFF

    def _position(self, timestamp: int) -> int:
        if self._origin is None:
            self._origin = timestamp
        step = ((timestamp - self._origin + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return self._origin_frame * FRAME_BYTES + step

    def _fill(self, number: int, at: int, piece: UInt8Array) -> UInt8Array | None:
        if number in self._done or number < self._newest - KEPT_FRAMES:
            return None
        self._newest = max(self._newest, number)
        frame = self._frames.get(number)
        if frame is None:
            frame = self._frames[number] = _Frame(np.full(FRAME_BYTES, self._silence, np.uint8))
        if at in frame.filled:
            return None
        frame.filled.add(at)
        frame.data[at : at + len(piece)] = piece
        frame.count += len(piece)
        if frame.count < FRAME_BYTES:
            return None
        del self._frames[number]
        self._done[number] = None
        return frame.data

    def _forget(self) -> None:
        oldest = self._newest - KEPT_FRAMES
        for old in [number for number in self._frames if number < oldest]:
            del self._frames[old]
        for old in [number for number in self._done if number < oldest]:
            del self._done[old]
