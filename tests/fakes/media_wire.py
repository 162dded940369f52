"""A network of fake sockets for the media engine: no ports, no time."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from tests.fakes.recordings import vault
from yingda.gateway.media import MediaEngine, MediaEvent, MediaLeg, MediaSettings
from yingda.sansio.rtp import g711
from yingda.sansio.rtp.packet import RtpPacket, parse

Address = tuple[str, int]
PEER = ("127.0.0.1", 7000)


class FakeSocket:
    """A UDP socket whose packets are put in and taken out by the test."""

    def __init__(self, address: Address, number: int) -> None:
        self.address, self._number = address, number
        self.inbox: deque[tuple[bytes, Address]] = deque()
        self.sent: list[tuple[bytes, Address | None]] = []
        self.peer: Address | None = None
        self.closed = False
        self.refuses = False

    def fileno(self) -> int:
        return self._number

    def recvfrom_into(self, buffer: memoryview, /) -> tuple[int, Address]:
        while self.inbox:
            data, source = self.inbox.popleft()
            if self.peer is None or source == self.peer:
                size = min(len(data), len(buffer))
                buffer[:size] = data[:size]
                return size, source
        raise BlockingIOError

    def recv_into(self, buffer: memoryview, /) -> int:
        return self.recvfrom_into(buffer)[0]

    def send(self, data: memoryview, /) -> int:
        return self._out(data, self.peer)

    def sendto(self, data: memoryview, address: Address, /) -> int:
        return self._out(data, address)

    def _out(self, data: memoryview, address: Address | None) -> int:
        if self.refuses:
            raise ConnectionRefusedError
        self.sent.append((bytes(data), address))
        return len(data)

    def connect(self, address: Address, /) -> None:
        self.peer = address

    def disconnect(self) -> None:
        self.peer = None

    def close(self) -> None:
        self.closed = True


class FakeNetwork:
    """Opens sockets and is their poller."""

    def __init__(self) -> None:
        self.sockets: list[FakeSocket] = []
        self._watched: set[int] = set()
        self.taken: set[int] = set()

    def open(self, address: Address) -> FakeSocket:
        if address[1] in self.taken:
            raise OSError(98, "Address already in use")
        self.sockets.append(FakeSocket(address, len(self.sockets)))
        return self.sockets[-1]

    def register(self, fd: int, eventmask: int, /) -> None:
        self._watched.add(fd)

    def unregister(self, fd: int, /) -> None:
        self._watched.discard(fd)

    def poll(self, timeout: float, maxevents: int, /) -> list[tuple[int, int]]:
        return [(fd, 1) for fd in sorted(self._watched) if self.sockets[fd].inbox][:maxevents]


class Bench:
    """An engine on fake sockets, stepped by hand; `now_ms` moves 20 ms a tick."""

    def __init__(self, recordings: Path | None = None, **settings: object) -> None:
        self.network = FakeNetwork()
        values: dict[str, object] = {"max_legs": 8, "port_first": 20000, "port_last": 20013}
        values |= {"record": recordings is not None, "recordings_dir": str(recordings or "")}
        kept = None if recordings is None else vault(recordings)
        config = MediaSettings(**(values | settings))  # type: ignore[arg-type]
        self.engine = MediaEngine(config, self.network, self.network.open, kept)
        self.now_ms = 1000.0

    def leg(self, payload_type: int = 8, dtmf_type: int | None = 101, peer: Address = PEER) -> MediaLeg:
        leg = self.engine.open_leg(f"call-{len(self.network.sockets)}")
        leg.connect(peer, payload_type, 20, dtmf_type)
        return leg

    def socket(self, leg: MediaLeg) -> FakeSocket:
        return next(
            one for one in self.network.sockets if one.address[1] == leg.local_port and not one.closed
        )

    def tick(self, ticks: int = 1) -> list[MediaEvent]:
        for _ in range(ticks):
            for part in range(self.engine.settings.drains_per_tick):
                self.engine.step(part, (self.now_ms + 5 * part) / 1000)
            self.now_ms += 20
        return self.engine.take_events()

    def told(self, kind: type, ticks: int = 1) -> list[MediaEvent]:
        """Events of one kind in the next ticks."""
        return [event for event in self.tick(ticks) if isinstance(event, kind)]

    def sent(self, leg: MediaLeg) -> list[RtpPacket]:
        """Packets sent since the last call."""
        socket = self.socket(leg)
        packets = [parse(data) for data, _ in socket.sent]
        socket.sent.clear()
        return packets


class Peer:
    """Sends RTP to a leg of a bench."""

    def __init__(self, bench: Bench, leg: MediaLeg, payload_type: int = 8, ssrc: int = 99) -> None:
        self._socket = bench.socket(leg)
        self.payload_type, self.ssrc = payload_type, ssrc
        self.sequence, self.timestamp = 65533, 0xFFFFFF00
        self.source = PEER

    def send(self, pcm: np.ndarray) -> None:
        """One packet of this audio."""
        self.send_payload(g711.encode(pcm, self.payload_type).tobytes(), self.payload_type)
        self.timestamp += len(pcm)

    def send_payload(self, payload: bytes, payload_type: int) -> None:
        packet = RtpPacket(
            payload_type, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc, payload
        )
        self._socket.inbox.append((packet.to_bytes(), self.source))
        self.sequence += 1


def tone(samples: int, amplitude: float = 8000.0) -> np.ndarray:
    """A voiced sound."""
    return (np.sin(np.arange(samples) * 0.3) * amplitude).astype(np.int16)
