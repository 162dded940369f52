"""The media engine on real sockets, with its own thread."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.recordings import read, vault
from yingda.gateway.media import (
    FramesReceived,
    LegClosed,
    MediaEngine,
    MediaEvent,
    MediaLatched,
    MediaLeg,
    MediaSettings,
    PlaybackFinished,
    PlaybackStarted,
)
from yingda.sansio.rtp import g711
from yingda.sansio.rtp.packet import RtpPacket, parse

pytestmark = pytest.mark.integration

AUDIO = (np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000) * 9000).astype(np.int16)


class Phone:
    """A peer on a socket: sends packets of a length, counts what comes."""

    def __init__(self, leg: MediaLeg, samples: int = 160, loss: float = 0.0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._leg, self._samples, self._loss = leg, samples, loss
        self._codes = g711.encode_alaw(AUDIO)
        self.sent = self.number = 0
        self.received: list[RtpPacket] = []
        leg.connect(self._socket.getsockname(), 8, 20, 101)

    def send(self) -> None:
        at = self.number * self._samples
        codes = np.take(self._codes, np.arange(at, at + self._samples), mode="wrap").tobytes()
        packet = RtpPacket(8, self.number & 0xFFFF, at, self._leg.leg_id, codes)
        self.number += 1
        if random.random() >= self._loss:
            self._socket.sendto(packet.to_bytes(), ("127.0.0.1", self._leg.local_port))
            self.sent += 1

    def take(self) -> None:
        try:
            while True:
                self.received.append(parse(self._socket.recv(2048)))
        except BlockingIOError:
            pass

    def close(self) -> None:
        self.take()
        self._socket.close()


class Host:
    """A running engine and its events."""

    def __init__(self, folder: Path) -> None:
        self.engine = MediaEngine(
            MediaSettings("127.0.0.1", 23000, 23199, max_legs=40, recordings_dir=str(folder)),
            vault=vault(folder),
        )
        self.events: list[MediaEvent] = []
        self.engine.start(self.events.extend)

    def told(self, kind: type) -> list[MediaEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    async def talk(self, phones: list[Phone], seconds: float, samples: int = 160) -> None:
        """All phones send in real time."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.1)  # connected: what comes earlier is thrown away
        begin, step = loop.time(), samples / 8000
        for number in range(int(seconds / step)):
            await asyncio.sleep(max(0.0, begin + number * step - loop.time()))
            for phone in phones:
                phone.send()
                phone.take()
        await asyncio.sleep(0.1)

    async def until(self, kind: type, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.told(kind)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    running = Host(tmp_path)
    yield running
    running.engine.stop()


async def test_twenty_legs_lose_nothing_and_are_recorded(host: Host) -> None:
    legs = [host.engine.open_leg(f"call-{number}") for number in range(20)]
    phones = [Phone(leg) for leg in legs]
    for leg in legs:
        leg.play(1, AUDIO, True)
    await host.talk(phones, 2.0)
    for leg in legs:
        leg.close()
    await host.until(LegClosed, 20)
    for phone in phones:
        phone.close()
    stats = host.engine.stats()
    assert stats["error"] is None
    assert stats["packets_received"] == sum(phone.sent for phone in phones)
    assert stats["packets_sent"] == sum(len(phone.received) for phone in phones)
    assert stats["packets_lost"] == 0 and stats["packets_bad"] == 0
    assert (
        len(host.told(MediaLatched))
        == len(host.told(PlaybackStarted))
        == len(host.told(PlaybackFinished))
        == 20
    )
    for phone, leg in zip(phones, legs, strict=True):
        numbers = [packet.sequence for packet in phone.received]
        assert [(n - numbers[0]) & 0xFFFF for n in numbers] == list(range(len(numbers)))
        assert g711.encode_alaw(AUDIO).tobytes() in b"".join(packet.payload for packet in phone.received)
        assert leg.recording_path is not None
        recording = read(leg.recording_path)
        assert recording.ended == "ended" and abs(recording.seconds - len(numbers) / 50) <= 0.04


async def test_frames_come_every_tick(host: Host) -> None:
    phone = Phone(host.engine.open_leg("a"))
    await host.talk([phone], 1.0)
    ticks = [event.tick for event in host.told(FramesReceived)]
    assert ticks == list(range(ticks[0], ticks[0] + len(ticks)))
    assert 45 <= len(ticks) <= 70
    phone.close()


async def test_loss_is_concealed_and_counted(host: Host) -> None:
    phone = Phone(host.engine.open_leg("a"), loss=0.1)
    random.seed(4)
    await host.talk([phone], 3.0)
    stats = host.engine.stats()
    missing = phone.number - phone.sent
    assert missing > 5
    assert 0 < stats["packets_lost"] <= missing
    frames = [event for event in host.told(FramesReceived)][10:-15]
    levels = [float(np.abs(event.pcm[0].astype(np.int32)).max()) for event in frames]
    assert sum(level > 500 for level in levels) >= 0.9 * len(levels)
    phone.close()


async def test_thirty_millisecond_packets(host: Host) -> None:
    phone = Phone(host.engine.open_leg("a"), samples=240)
    await host.talk([phone], 2.0, samples=240)
    assert host.engine.stats()["packets_lost"] == 0
    kinds = [int(event.kinds[0]) for event in host.told(FramesReceived)][15:-15]
    assert kinds.count(0) >= 0.95 * len(kinds)
    phone.close()
