"""The sockets of all legs: drained together, sent in groups; each connected to its peer once that is
latched."""

from __future__ import annotations

import ctypes
import ipaddress
import socket as socketlib
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from yingda.gateway.media_events import Address
from yingda.sansio.rtp.packet import PACKET_BYTES, VERSION, new_rows

ROW_BYTES = 576  # 60 ms of G.711 with header and a long header extension
SEND_ROW_BYTES = 192
EPOLLIN = 1
SAME_HOST_PACKETS, OTHER_HOST_PACKETS = 3, 5


class Socket(Protocol):
    """What is used of a non-blocking UDP socket."""

    def fileno(self) -> int: ...
    def recv_into(self, buffer: memoryview, /) -> int: ...
    def recvfrom_into(self, buffer: memoryview, /) -> tuple[int, Any]: ...
    def send(self, data: memoryview, /) -> int: ...
    def sendto(self, data: memoryview, address: Address, /) -> int: ...
    def connect(self, address: Address, /) -> None: ...
    def disconnect(self) -> None: ...
    def close(self) -> None: ...


class Poller(Protocol):
    """What is used of select.epoll."""

    def register(self, fd: int, eventmask: int, /) -> None: ...
    def unregister(self, fd: int, /) -> None: ...
    def poll(self, timeout: float, maxevents: int, /) -> list[tuple[int, int]]: ...


class RtpSocket(socketlib.socket):
    """A bound, non-blocking UDP socket that can be disconnected again."""

    def __init__(self, address: Address) -> None:
        super().__init__(socketlib.AF_INET, socketlib.SOCK_DGRAM)
        try:
            self.bind(address)
        except OSError:
            self.close()
            raise
        self.setblocking(False)

    def disconnect(self) -> None:
        """Dissolve the association (connect to AF_UNSPEC, connect(2)); the local port stays."""
        nobody = struct.pack("@H14x", socketlib.AF_UNSPEC)
        ctypes.CDLL(None).connect(self.fileno(), nobody, len(nobody))


class Latch:
    """Decides when a leg's source of packets is its peer.

    The address in the SDP at once; another port of that host after 3 packets in a row; another host after
    5, and only when the SDP's address is private (a peer behind NAT cannot know its own) or `foreign`
    allows it.
    """

    def __init__(self, announced: Address, foreign: bool) -> None:
        self.announced = announced
        self._foreign = foreign or not ipaddress.ip_address(announced[0]).is_global
        self._candidate: Address | None = None
        self._count = 0

    def plausible(self, source: Address, first_byte: int, length: int) -> bool:
        """Count one packet from source; True when the leg may latch to it."""
        if source == self.announced:
            return True
        same_host = source[0] == self.announced[0]
        if first_byte & 0xC0 != VERSION or length < 12 or not (same_host or self._foreign):
            return False
        self._count = self._count + 1 if source == self._candidate else 1
        self._candidate = source
        return self._count >= (SAME_HOST_PACKETS if same_host else OTHER_HOST_PACKETS)


@dataclass
class _Port:
    socket: Socket
    latch: Latch | None = None
    sending: bool = False


class SocketBank:
    """Receive rows and send groups of all legs, named by their index. Used by the media thread alone."""

    def __init__(self, capacity: int, groups: int, poller: Poller) -> None:
        self._groups, self._poller, self._capacity = groups, poller, capacity
        self._room = 4 * capacity
        self.table, self.records = new_rows(self._room, ROW_BYTES)
        self._rows = [memoryview(row) for row in self.table]
        self.legs: list[int] = []
        self.lengths: list[int] = []
        self.arrived = np.zeros(self._room, np.float64)
        self.out, self.out_records = new_rows(capacity, SEND_ROW_BYTES)
        self._views = [memoryview(row)[:PACKET_BYTES] for row in self.out]
        self._ports: dict[int, _Port] = {}
        self._receivers: dict[int, tuple[int, Callable[[memoryview], int]]] = {}
        self._senders: list[list[Callable[[memoryview], int]]] = [[] for _ in range(groups)]
        self._packets: list[list[memoryview]] = [[] for _ in range(groups)]
        self._order: list[list[int]] = [[] for _ in range(groups)]
        self._stale = False
        self._cut: dict[int, int] = {}
        self.latched: list[tuple[int, Address]] = []
        self.sent = 0
        self.send_errors = 0
        self.unlatched_packets = 0

    def add(self, leg: int, socket: Socket, announced: Address, foreign: bool) -> None:
        """Begin (or move) a leg: receives from anyone plausible, sends to the announced address until
        latched."""
        old = self._ports.get(leg)
        if old is None:
            self._poller.register(socket.fileno(), EPOLLIN)
        elif old.latch is None:
            socket.disconnect()
        self._flush(socket)
        port = self._ports[leg] = _Port(socket, Latch(announced, foreign), sending=True)
        self._receivers[socket.fileno()] = (leg, self._latching(leg, port))
        self._stale = True

    def set_sending(self, leg: int, sending: bool) -> None:
        """Send this leg's row in its group, or not (hold)."""
        self._ports[leg].sending = sending
        self._stale = True

    def remove(self, leg: int) -> None:
        """Close the leg's socket."""
        port = self._ports.pop(leg, None)
        if port is not None:
            del self._receivers[port.socket.fileno()]
            self._poller.unregister(port.socket.fileno())
            port.socket.close()
            self._stale = True

    def group_of(self, leg: int) -> int:
        """The send group of a leg."""
        return leg % self._groups

    def drain(self, now_ms: float) -> None:
        """Take what has come into rows; at most one packet per leg, more stay for the next drain."""
        begin = number = len(self.legs)
        if self._room - number < self._capacity:
            return
        rows, receivers, legs, lengths = self._rows, self._receivers, self.legs, self.lengths
        for fd, _ in self._poller.poll(0, self._capacity):
            leg, receive = receivers[fd]
            try:
                length = receive(rows[number])
            except OSError:  # the peer's port is shut (ICMP), or the packet was damaged
                continue
            lengths.append(length)
            legs.append(leg)
            number += 1
        self.arrived[begin:number] = now_ms

    def clear(self) -> None:
        """The rows were used."""
        self.legs.clear()
        self.lengths.clear()

    def cut(self, leg: int, length: int) -> None:
        """Send only the first `length` bytes of the leg's row this tick."""
        self._cut[leg] = length

    def send(self, group: int) -> float:
        """Send the rows of a group; returns the time (monotonic ms) right after."""
        if self._stale:
            self._plan()
        packets = self._packets[group]
        if self._cut:
            order = self._order[group]
            packets = [
                view[: self._cut.pop(leg, PACKET_BYTES)] for leg, view in zip(order, packets, strict=True)
            ]
        failed = 0
        for send, packet in zip(self._senders[group], packets, strict=True):
            try:
                send(packet)
            except OSError:
                failed += 1
        self.sent += len(packets) - failed
        self.send_errors += failed
        return time.monotonic() * 1000.0

    def _flush(self, socket: Socket) -> None:
        """Throw away what came before anyone listened: it would only be delay."""
        try:
            for _ in range(1000):
                socket.recv_into(self._rows[-1])
        except OSError:
            pass

    def _plan(self) -> None:
        self._order = [[] for _ in range(self._groups)]
        self._senders = [[] for _ in range(self._groups)]
        self._packets = [[] for _ in range(self._groups)]
        for leg, port in self._ports.items():
            if port.sending:
                group = leg % self._groups
                self._order[group].append(leg)
                self._senders[group].append(self._sender(port))
                self._packets[group].append(self._views[leg])
        self._stale = False

    @staticmethod
    def _sender(port: _Port) -> Callable[[memoryview], int]:
        if port.latch is None:
            return port.socket.send
        sendto, announced = port.socket.sendto, port.latch.announced
        return lambda packet: sendto(packet, announced)

    def _latching(self, leg: int, port: _Port) -> Callable[[memoryview], int]:
        latch = port.latch
        assert latch is not None

        def receive(row: memoryview) -> int:
            length, source = port.socket.recvfrom_into(row)
            if not latch.plausible((source[0], source[1]), row[0], length):
                self.unlatched_packets += 1
                raise BlockingIOError
            port.socket.connect((source[0], source[1]))
            port.latch = None
            self._receivers[port.socket.fileno()] = (leg, port.socket.recv_into)
            self.latched.append((leg, (source[0], source[1])))
            self._stale = True
            return length

        return receive
