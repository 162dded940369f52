"""What one leg receives beside plain 20 ms packets: its first packet, key presses, other packet times,
strangers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from yingda.gateway.media_events import DigitReceived, MediaEvent
from yingda.sansio.rtp import g711
from yingda.sansio.rtp.dtmf import DigitReceiver, KeyPress
from yingda.sansio.rtp.jitter import JitterBuffer
from yingda.sansio.rtp.packet import FRAME_BYTES, PacketError, RtpPacket, kind_of, parse, source_of
from yingda.sansio.rtp.reblock import MAX_PAYLOAD, MIN_PAYLOAD, Reblocker

PIN_SILENCE_TICKS = 25  # another SSRC is taken only after the pinned one was silent for 0.5 s
RTCP_TYPES = range(192, 224)  # second byte of an RTCP packet on the same port, RFC 5761 section 4


@dataclass
class Stream:
    """Receive state of one leg."""

    leg_id: int
    payload_type: int
    dtmf_type: int | None
    ssrc: int | None = None
    last_tick: int = 0
    reblocker: Reblocker | None = None
    digits: DigitReceiver = field(default_factory=DigitReceiver)
    event_frame: int | None = None  # reblocked legs: frames up to here are known to be key presses

    @property
    def silence(self) -> int:
        """The code of zero in the leg's law."""
        return g711.ALAW_SILENCE if self.payload_type == g711.PCMA else g711.ULAW_SILENCE


class StreamBank:
    """The receive streams of all legs. `kind` and `source` are what a leg's plain packets look like (0:
    none do)."""

    def __init__(self, capacity: int, jitter: JitterBuffer) -> None:
        self._jitter = jitter
        self._streams: list[Stream | None] = [None] * capacity
        self.kind = np.zeros(capacity, np.uint16)
        self.source = np.zeros(capacity, np.uint32)
        self.events: list[MediaEvent] = []
        self._pressed: set[int] = set()
        self.bad = 0
        self.foreign = 0

    def open(self, leg: int, leg_id: int, payload_type: int, dtmf_type: int | None) -> None:
        """Begin a leg, or begin it anew: the next SSRC is pinned."""
        stream = self._streams[leg] = Stream(leg_id, payload_type, dtmf_type)
        self.kind[leg] = 0
        self._jitter.open(leg, stream.silence)

    def close(self, leg: int) -> None:
        """Nothing more is taken for this leg."""
        self._streams[leg] = None
        self.kind[leg] = 0
        self._pressed.discard(leg)
        self._jitter.restart(leg)

    def stream(self, leg: int) -> Stream | None:
        """The state of a leg, None when closed."""
        return self._streams[leg]

    def receive(self, leg: int, data: bytes, tick: int, heard_tick: int, arrived_ms: float) -> bool:
        """Take one packet that is not plain. heard_tick: when the leg last had a packet. True when it was
        the peer's."""
        stream = self._streams[leg]
        if stream is None or (len(data) > 1 and data[1] in RTCP_TYPES):
            return False
        try:
            packet = parse(data)
        except PacketError:
            self.bad += 1
            return False
        if packet.ssrc != stream.ssrc and not self._pin(leg, stream, packet, tick, heard_tick):
            return False
        if packet.payload_type == stream.dtmf_type:
            self._take_event(leg, stream, packet, arrived_ms)
        elif packet.payload_type == stream.payload_type:
            self._take_audio(leg, stream, packet, arrived_ms)
        elif stream.reblocker is None:
            self._jitter.insert_event(leg, packet.sequence)  # comfort noise and the like: not a loss
        return True

    def expire(self, now_ms: float) -> None:
        """Tell presses whose end was lost."""
        for leg in list(self._pressed):
            stream = self._streams[leg]
            if stream is not None:
                self._tell(leg, stream, stream.digits.expire(now_ms))

    def _pin(self, leg: int, stream: Stream, packet: RtpPacket, tick: int, heard_tick: int) -> bool:
        known = packet.payload_type in (stream.payload_type, stream.dtmf_type)
        if not known or (stream.ssrc is not None and tick - heard_tick < PIN_SILENCE_TICKS):
            self.foreign += 1
            return False
        stream.ssrc, stream.reblocker = packet.ssrc, None
        self._jitter.restart(leg)
        self.kind[leg], self.source[leg] = kind_of(stream.payload_type), source_of(packet.ssrc)
        return True

    def _take_audio(self, leg: int, stream: Stream, packet: RtpPacket, arrived_ms: float) -> None:
        codes = np.frombuffer(packet.payload, np.uint8)
        if stream.reblocker is None and len(codes) == FRAME_BYTES:
            self._insert(leg, packet.sequence, codes, arrived_ms)
            return
        if not MIN_PAYLOAD <= len(codes) <= MAX_PAYLOAD:
            self.bad += 1
            return
        if stream.reblocker is None:
            stream.reblocker, stream.event_frame = Reblocker(stream.silence), None
            self.kind[leg] = 0  # from now on every packet of this leg comes here
            self._jitter.restart(leg)
        for number, frame in stream.reblocker.receive(packet.timestamp, codes):
            self._insert(leg, number, frame, arrived_ms)

    def _take_event(self, leg: int, stream: Stream, packet: RtpPacket, arrived_ms: float) -> None:
        if stream.reblocker is None:
            self._jitter.insert_event(leg, packet.sequence)
        elif len(packet.payload) >= 4:
            duration = int.from_bytes(packet.payload[2:4], "big")
            newest = stream.reblocker.number_at(packet.timestamp + max(duration - 1, 0))
            since = stream.event_frame
            steps = 1 if since is None else min((newest - since) & 0xFFFF, 8)
            for back in range(steps):
                self._jitter.insert_event(leg, (newest - back) & 0xFFFF)
            stream.event_frame = newest
        self._tell(leg, stream, stream.digits.receive(packet.payload, packet.timestamp, arrived_ms))
        if stream.digits.pressed:
            self._pressed.add(leg)

    def _tell(self, leg: int, stream: Stream, presses: list[KeyPress]) -> None:
        for press in presses:
            self._pressed.discard(leg)
            self.events.append(DigitReceived(stream.leg_id, press.digit, press.duration_ms))

    def _insert(self, leg: int, sequence: int, codes: g711.UInt8Array, arrived_ms: float) -> None:
        self._jitter.insert(np.array([leg]), np.array([sequence]), codes[None, :], np.array([arrived_ms]))
