"""The caller's RTP: one thread that sends a packet every 20 ms and takes whatever comes in between.

Everything that passes is stamped with ``time.monotonic()`` and kept, both ways. RFC 3550 packets, A-law
(payload type 8); digits as RFC 4733 events. No jitter buffer: the measurements are of arrivals.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from yingda.caller.alaw import FRAME_S, FRAME_SAMPLES, SILENCE
from yingda.caller.trouble import Network, Noise
from yingda.caller.wire import Ear, is_voiced

_HEADER = struct.Struct("!BBHII")
_DIGITS = "0123456789*#ABCD"
_DIGIT_FRAMES = 5  # 100 ms of key down
_DIGIT_GAP_FRAMES = 4
_LATE_S = 0.1  # the schedule starts anew beyond it; the packets are counted as skipped


@dataclass
class Packet:
    """One RTP packet that came in."""

    at: float
    sequence: int
    timestamp: int
    payload_type: int
    ssrc: int
    payload: bytes


@dataclass
class Utterance:
    """Something being sent, with the times of its first and last voiced (or event) packet."""

    frames: deque[bytes | tuple[int, bool, int]] = field(default_factory=deque)
    first_at: float | None = None
    last_at: float | None = None
    done: bool = False


class RtpLine:
    """One RTP stream each way. ``start`` after ``connect``; all times are ``time.monotonic()``."""

    def __init__(self, host: str = "127.0.0.1", rng: random.Random | None = None) -> None:
        """Bind a free port on ``host``."""
        rng = rng or random.Random()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self._ssrc, self._sequence = rng.getrandbits(32), rng.getrandbits(15)
        self._timestamp = rng.getrandbits(31)
        self._remote: tuple[str, int] | None = None
        self._payload_type, self._dtmf_type = 8, 101
        self._queue: deque[Utterance] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caller-rtp", daemon=True)
        self.heard = Ear()  # what the bot sent
        self.said = Ear()  # what we sent
        self.packets_in: list[Packet] = []
        self.frames_out: list[tuple[float, bytes]] = []
        self.skipped = 0
        self.network = Network()  # set before ``start``: what happens to what we send
        self.noise: Noise | None = None

    @property
    def port(self) -> int:
        """Our RTP port."""
        return int(self._socket.getsockname()[1])

    def connect(self, remote: tuple[str, int], payload_type: int = 8, dtmf_type: int | None = 101) -> None:
        """Where to send, and as what."""
        self._payload_type, self._dtmf_type = payload_type, dtmf_type or 101
        self._remote = remote

    def start(self) -> None:
        """Begin to send and receive."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the port."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)
        self._socket.close()

    def say(self, clip: bytes) -> Utterance:
        """Send A-law octets after what is queued already; watch ``done`` of what comes back."""
        padded = clip + SILENCE * (-len(clip) % FRAME_SAMPLES)
        utterance = Utterance()
        utterance.frames.extend(padded[i : i + FRAME_SAMPLES] for i in range(0, len(padded), FRAME_SAMPLES))
        self._queue.append(utterance)
        return utterance

    def press(self, digits: str) -> Utterance:
        """Send digits as RFC 4733 events: 100 ms each, the end packet three times, 80 ms between digits."""
        utterance = Utterance()
        for digit in digits:
            event = _DIGITS.index(digit)
            utterance.frames.extend((event, False, n * FRAME_SAMPLES) for n in range(1, _DIGIT_FRAMES + 1))
            utterance.frames.extend([(event, True, _DIGIT_FRAMES * FRAME_SAMPLES)] * 3)
            utterance.frames.extend([SILENCE * FRAME_SAMPLES] * _DIGIT_GAP_FRAMES)
        self._queue.append(utterance)
        return utterance

    def drop(self) -> None:
        """Say no more of what is queued."""
        while self._queue:
            self._queue.popleft().done = True

    def _run(self) -> None:
        _raise_priority()
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        due = time.monotonic()
        while not self._stopping.is_set():
            now = time.monotonic()
            self._arrive(now)
            arrival = self.network.next_at
            wait_s = min(due, due if arrival is None else arrival) - now
            if due > now:
                if poller.poll(max(0.0, wait_s) * 1000):  # whole milliseconds, rounded up
                    self._receive()
                continue
            self._send()
            due += FRAME_S
            if time.monotonic() - due > _LATE_S:
                self.skipped += int((time.monotonic() - due) / FRAME_S)
                due = time.monotonic()

    def _receive(self) -> None:
        while True:
            try:
                data = self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier send
            packet = parse(data, time.monotonic())
            if packet is None:
                continue
            self.packets_in.append(packet)
            if packet.payload_type == self._payload_type:
                self.heard.feed(packet.at, packet.payload)

    def _send(self) -> None:
        utterance = next(iter(self._queue), None)
        frame = utterance.frames.popleft() if utterance is not None else SILENCE * FRAME_SAMPLES
        at = time.monotonic()
        self._transmit(frame)
        if isinstance(frame, bytes):
            self.said.feed(at, frame)
            self.frames_out.append((at, frame))
            mark = is_voiced(frame)
        else:
            mark = True
        if utterance is None:
            return
        if mark:
            utterance.first_at = utterance.first_at if utterance.first_at is not None else at
            utterance.last_at = at
        if not utterance.frames and not utterance.done:
            self._queue.popleft()
            utterance.done = True

    def _transmit(self, frame: bytes | tuple[int, bool, int]) -> None:
        payload_type, marker, timestamp = self._payload_type, 0, self._timestamp
        if isinstance(frame, bytes):
            payload = frame if self.noise is None else self.noise.behind(frame)
            self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        else:
            event, end, duration = frame
            payload = struct.pack("!BBH", event, (0x80 if end else 0) | 10, duration)
            payload_type, marker = self._dtmf_type, 0x80 if duration == FRAME_SAMPLES else 0
            if end and self._ends(event):
                self._timestamp = (self._timestamp + (_DIGIT_FRAMES + 3) * FRAME_SAMPLES) & 0xFFFFFFFF
        header = _HEADER.pack(0x80, marker | payload_type, self._sequence, timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        now = time.monotonic()
        self.network.take(header + payload, now)
        self._arrive(now)

    def _arrive(self, now: float) -> None:
        for packet in self.network.due(now):
            if self._remote is not None:
                with contextlib.suppress(OSError):  # the peer is gone (ICMP) or not there yet: RTP goes on
                    self._socket.sendto(packet, self._remote)

    def _ends(self, event: int) -> bool:
        """Is this the last packet of the event: does no further packet of it wait?"""
        following = self._queue[0].frames if self._queue else ()
        return not (following and isinstance(following[0], tuple) and following[0][:2] == (event, True))


def parse(data: bytes, at: float) -> Packet | None:
    """An RTP packet (RFC 3550 section 5.1), or None for anything else."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = 12 + 4 * (first & 15)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * struct.unpack_from("!H", data, start + 2)[0]
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if end < start:
        return None
    return Packet(at, sequence, timestamp, second & 0x7F, ssrc, data[start:end])


def recording(
    frames_out: list[tuple[float, bytes]], packets_in: list[Packet], voice_type: int = 8
) -> list[bytes]:
    """Both directions on one time axis, caller first, as A-law octets: each packet where it passed.

    A packet that comes early (a burst after a delay) goes behind the one before it, as a player would do.
    """
    starts = [frames_out[0][0]] if frames_out else []
    origin = min([*starts, *(p.at for p in packets_in[:1])], default=0.0)
    caller, bot = bytearray(), bytearray()
    for at, frame in frames_out:
        _place(caller, at - origin, frame)
    for packet in packets_in:
        if packet.payload_type == voice_type:
            _place(bot, packet.at - origin, packet.payload)
    return [bytes(caller), bytes(bot)]


def _place(track: bytearray, at_s: float, frame: bytes) -> None:
    start = int(at_s * 8000)
    gap = start - len(track)
    if gap > 2 * FRAME_SAMPLES:  # less is jitter: the packets follow one another
        track.extend(SILENCE * gap)
    track.extend(frame)


def _raise_priority() -> None:
    """Real-time priority for this thread where allowed: a busy machine must not blur the latencies."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
