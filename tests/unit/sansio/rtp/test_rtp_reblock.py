"""Packet times from 10 to 60 ms become 20 ms frames."""

import numpy as np
import pytest

from yingda.sansio.rtp.reblock import Reblocker

AUDIO = (np.arange(160 * 60) % 251).astype(np.uint8)


def packets(size: int) -> list[tuple[int, np.ndarray]]:
    return [(at, AUDIO[at : at + size]) for at in range(0, len(AUDIO) - size + 1, size)]


@pytest.mark.parametrize("size", [80, 160, 240, 320, 400, 480, 100])
def test_every_packet_time_gives_the_same_audio(size: int) -> None:
    reblocker = Reblocker(0xD5)
    frames = [frame for at, piece in packets(size) for frame in reblocker.receive(at + 7_000_000, piece)]
    heard = np.concatenate([codes for _, codes in frames])
    assert (heard == AUDIO[: len(heard)]).all()
    assert len(heard) >= len(AUDIO) - size - 160
    numbers = [number for number, _ in frames]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_reordered_and_repeated_packets() -> None:
    reblocker, frames = Reblocker(0xD5), {}
    sent = packets(240)[:20]
    for at, piece in [sent[1], sent[0], sent[0], sent[3], sent[2], sent[2], *sent[4:]]:
        frames.update(dict(reblocker.receive(at, piece)))
    first = min(frames)
    # the grid hangs on the packet that came first (offset 240), so the first whole frame begins at 80
    assert all((frames[n] == AUDIO[80 + (n - first) * 160 :][:160]).all() for n in frames)
    assert len(frames) == 29


def test_a_lost_packet_leaves_a_gap_in_the_numbers() -> None:
    reblocker = Reblocker(0xD5)
    sent = packets(320)
    numbers = [n for at, piece in sent[:3] + sent[4:8] for n, _ in reblocker.receive(at, piece)]
    first = numbers[0]
    assert [n - first for n in numbers] == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]


def test_timestamps_wrap_and_restart() -> None:
    reblocker = Reblocker(0xD5)
    numbers = [
        n
        for at, piece in packets(240)[:10]
        for n, _ in reblocker.receive((0xFFFFFC00 + at) & 0xFFFFFFFF, piece)
    ]
    assert numbers == list(range(numbers[0], numbers[0] + 15))
    anew = [n for at, piece in packets(240)[:4] for n, _ in reblocker.receive(at + 0x70000000, piece)]
    assert len(anew) == 6
    assert anew[0] > numbers[-1]
