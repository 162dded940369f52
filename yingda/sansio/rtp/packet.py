"""RTP packets, RFC 3550 section 5.1: one at a time, or a row of them as a numpy record array."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

HEADER_BYTES = 12
FRAME_BYTES = 160
PACKET_BYTES = HEADER_BYTES + FRAME_BYTES
VERSION = 0x80
MARKER = 0x80

UInt8Array = npt.NDArray[np.uint8]
RecordArray = npt.NDArray[Any]

_HEADER = struct.Struct("!BBHII")


class PacketError(ValueError):
    """Not an RTP packet: what was wrong with it."""


@dataclass(frozen=True)
class RtpPacket:
    """One RTP packet; padding and header extension are already taken off the payload."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def to_bytes(self) -> bytes:
        """The packet as sent: no padding, no extension, no contributing sources."""
        second = self.payload_type | (MARKER if self.marker else 0)
        head = _HEADER.pack(VERSION, second, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc)
        return head + self.payload


def parse(data: bytes) -> RtpPacket:
    """Read one packet with any header (CSRC, extension, padding); PacketError when it is not RTP version
    2."""
    if len(data) < HEADER_BYTES:
        raise PacketError(f"{len(data)} bytes: expected at least {HEADER_BYTES}")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise PacketError(f"version {first >> 6}: expected 2")
    start = HEADER_BYTES + 4 * (first & 15)
    if first & 0x10:
        if len(data) < start + 4:
            raise PacketError("header extension cut off")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20:
        end -= data[-1]
        if data[-1] == 0:
            raise PacketError("padding length 0")
    if start > end:
        raise PacketError("header longer than the packet")
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & MARKER))


def row_type(row_bytes: int) -> np.dtype[Any]:
    """Record of one packet in a receive or send row of row_bytes: the 12-byte header, then a 20 ms payload.

    Besides the plain fields it has `kind` (bytes 0 and 1 as one native uint16) and `source` (SSRC, bytes as
    they lie) for comparisons that need no byte swap.
    """
    return np.dtype(
        {
            "names": ["first", "second", "sequence", "timestamp", "ssrc", "payload", "kind", "source"],
            "formats": ["u1", "u1", ">u2", ">u4", ">u4", ("u1", (FRAME_BYTES,)), "=u2", "=u4"],
            "offsets": [0, 1, 2, 4, 8, HEADER_BYTES, 0, 8],
            "itemsize": row_bytes,
        }
    )


def kind_of(payload_type: int) -> int:
    """The `kind` of a plain packet (version 2, no CSRC, extension, padding) without its marker bit."""
    return int(np.array([VERSION, payload_type], np.uint8).view(np.uint16)[0])


KIND_MASK = int(np.array([0xFF, 0x7F], np.uint8).view(np.uint16)[0])
"""`kind & KIND_MASK` ignores the marker bit."""


def source_of(ssrc: int) -> int:
    """The `source` field of an SSRC."""
    return int(np.frombuffer(struct.pack("!I", ssrc), "=u4")[0])


def new_rows(count: int, row_bytes: int) -> tuple[UInt8Array, RecordArray]:
    """A zeroed table of packet rows: its bytes [count, row_bytes] and the same memory as records [count]."""
    table = np.zeros((count, row_bytes), np.uint8)
    return table, table.view(row_type(row_bytes))[:, 0]
