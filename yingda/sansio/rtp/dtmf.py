"""Key presses as telephone events, RFC 4733 section 2: in (one event per press) and out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

DIGITS = "0123456789*#ABCD"
EVENT_BYTES = 4
END = 0x80
SAMPLES_PER_MS = 8


@dataclass(frozen=True)
class KeyPress:
    """A finished press: digit 0-9 * # A-D, how long it was held."""

    digit: str
    duration_ms: int


@dataclass(frozen=True)
class TelephoneEvent:
    """Payload of one telephone-event packet; duration in samples of 8 kHz."""

    event: int
    end: bool
    volume: int
    duration: int

    def to_bytes(self) -> bytes:
        """RFC 4733 section 2.3."""
        return struct.pack("!BBH", self.event, (END if self.end else 0) | self.volume, self.duration)


def parse_event(payload: bytes) -> TelephoneEvent | None:
    """The first event block of a payload, None when it is cut off."""
    if len(payload) < EVENT_BYTES:
        return None
    event, flags, duration = struct.unpack_from("!BBH", payload)
    return TelephoneEvent(event, bool(flags & END), flags & 0x3F, duration)


class DigitReceiver:
    """Turns the event packets of one leg into presses, each told once.

    A press is known by its RTP timestamp (the same in all its packets, section 2.5.1.2). It is told at its
    end bit; the retransmitted ends are ignored; when all three ends are lost, `expire` tells it after 100
    ms of nothing.
    """

    EXPIRE_MS = 100.0

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._told = True
        self._event = 0
        self._duration = 0
        self._seen_ms = 0.0

    def receive(self, payload: bytes, timestamp: int, at_ms: float) -> list[KeyPress]:
        """Take one event packet (its payload and RTP timestamp) at at_ms; returns presses now complete."""
        packet = parse_event(payload)
        if packet is None or packet.event >= len(DIGITS):
            return []
        presses: list[KeyPress] = []
        if timestamp != self._timestamp:
            if self._timestamp is not None and (timestamp - self._timestamp) & 0x80000000:
                return []  # a straggler of an earlier press
            presses += self._finish()
            self._timestamp, self._told, self._event, self._duration = timestamp, False, packet.event, 0
        self._seen_ms = at_ms
        self._duration = max(self._duration, packet.duration)
        if packet.end:
            presses += self._finish()
        return presses

    def expire(self, at_ms: float) -> list[KeyPress]:
        """A press whose packets stopped without an end bit, EXPIRE_MS after the last of them."""
        if self._told or at_ms - self._seen_ms < self.EXPIRE_MS:
            return []
        return self._finish()

    @property
    def pressed(self) -> bool:
        """A key is down now."""
        return not self._told

    def _finish(self) -> list[KeyPress]:
        if self._told:
            return []
        self._told = True
        return [KeyPress(DIGITS[self._event], self._duration // SAMPLES_PER_MS)]


@dataclass(frozen=True)
class DigitPacket:
    """What replaces the audio packet of one 20 ms tick while digits are sent.

    payload None: send silence in this tick (the gap after a digit). `start` marks the first packet of a
    digit: it carries the marker bit and sets the timestamp that all packets of the digit share.
    """

    payload: bytes | None
    start: bool = False


def digit_packets(
    digits: str, duration_ms: int = 100, gap_ms: int = 100, volume: int = 10
) -> Iterator[DigitPacket]:
    """The packets that press `digits` one after the other, one per 20 ms tick; each end is sent three times.

    volume is in -dBm0 (0-63). ValueError for a digit that does not exist.
    """
    for digit in digits:
        event = DIGITS.find(digit.upper())
        if event < 0:
            raise ValueError(f"digit {digit!r}: expected one of {DIGITS}")
        ticks = max(2, duration_ms // 20)
        for tick in range(1, ticks):
            payload = TelephoneEvent(event, False, volume, tick * 160).to_bytes()
            yield DigitPacket(payload, start=tick == 1)
        for _ in range(3):
            yield DigitPacket(TelephoneEvent(event, True, volume, ticks * 160).to_bytes())
        for _ in range(max(1, gap_ms // 20)):
            yield DigitPacket(None)
