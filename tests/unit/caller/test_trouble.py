"""What a bad line does to sound, with time as an argument."""

from __future__ import annotations

import random

import numpy as np
import pytest

from yingda.caller.alaw import FRAME_SAMPLES, SILENCE, decode, encode
from yingda.caller.trouble import Network, Noise, mixed, quieter


def packets(count: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(count)]


def test_a_good_line_gives_out_at_once_and_in_order() -> None:
    network = Network()
    for number, packet in enumerate(packets(50)):
        network.take(packet, number * 0.02)
        assert network.due(number * 0.02) == [packet]
    assert network.next_at is None and network.lost == 0


def test_as_many_are_lost_as_was_said_and_the_same_ones_each_time() -> None:
    def passed() -> list[bytes]:
        network = Network(0.05, 0.0, random.Random(3))
        for packet in packets(4000):
            network.take(packet, 0.0)
        found = network.due(0.0)
        assert len(found) + network.lost == 4000
        return found

    first = passed()
    assert 0.04 < 1 - len(first) / 4000 < 0.06
    assert first == passed()


def test_late_packets_come_within_the_jitter_and_may_overtake() -> None:
    network, sent, arrived = Network(0.0, 0.06, random.Random(3)), {}, []
    for step in range(400):
        now = step * 0.005
        if step % 4 == 0 and step < 320:
            packet = (step // 4).to_bytes(2, "big")
            sent[packet] = now
            network.take(packet, now)
        for packet in network.due(now):
            assert 0 <= now - sent[packet] <= 0.066
            arrived.append(packet)
    assert sorted(arrived) == packets(80) and arrived != packets(80)


def rms(clip: bytes) -> float:
    return float(np.sqrt(np.mean(decode(clip).astype(float) ** 2)))


def tone(level: float, samples: int = 1600) -> bytes:
    return encode((level * np.sin(np.arange(samples) * 0.3)).astype(np.int16))


def test_noise_is_behind_the_voice_at_its_level() -> None:
    noise = Noise(tone(10_000, 1000), -40.0)
    heard = b"".join(noise.behind(SILENCE * FRAME_SAMPLES) for _ in range(50))
    assert rms(heard) == pytest.approx(327.68, rel=0.05)
    assert rms(noise.behind(tone(8000, FRAME_SAMPLES))) == pytest.approx(5657, rel=0.1)


def test_two_voices_at_once_and_a_quieter_one() -> None:
    both = mixed(tone(4000, 800), tone(4000, 1500))
    assert len(both) == 1600
    assert rms(both[:800]) == pytest.approx(2 * rms(tone(4000, 800)), rel=0.05)
    assert rms(both[800:1440]) == pytest.approx(rms(tone(4000)), rel=0.05)
    assert rms(quieter(tone(8000), 20)) == pytest.approx(rms(tone(800)), rel=0.05)
