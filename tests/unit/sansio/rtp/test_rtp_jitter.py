"""The jitter buffer over many legs at once: order, loss, jitter, drift, wrapping."""

import numpy as np
import pytest

from yingda.sansio.rtp import g711
from yingda.sansio.rtp.jitter import (
    CONCEALED,
    EMPTY,
    MAX_TARGET,
    RECEIVED,
    SLOTS,
    WINDOW,
    Frames,
    JitterBuffer,
)


def payload(number: int) -> np.ndarray:
    """A frame that tells its number."""
    return np.full(160, number % 251, np.uint8)


class Line:
    """One leg (index 0 unless told) fed by sequence numbers."""

    def __init__(self, legs: int = 1, prefill: int = 2) -> None:
        self.buffer = JitterBuffer(legs, prefill)
        self.legs = legs
        for leg in range(legs):
            self.buffer.open(leg)

    def feed(self, *numbers: int, leg: int = 0, at_ms: float = 0.0) -> None:
        if numbers:
            codes = np.stack([payload(number) for number in numbers])
            sequences = np.array([number & 0xFFFF for number in numbers])
            times = np.full(len(numbers), at_ms)
            self.buffer.insert(np.full(len(numbers), leg), sequences, codes, times)

    def tick(self) -> Frames:
        return self.buffer.play(self.legs)

    def heard(self) -> int | None:
        """The number of the frame that leg 0 plays now, None unless real audio."""
        frames = self.tick()
        return int(frames.codes[0, 0]) if frames.kinds[0] == RECEIVED else None


def run(line: Line, numbers: list[list[int]]) -> list[int | None]:
    told = []
    for arriving in numbers:
        line.feed(*arriving)
        told.append(line.heard())
    return told


def test_starts_at_its_prefill_and_plays_in_order() -> None:
    assert run(Line(), [[1], [2], [3], [4], [5]]) == [None, 1, 2, 3, 4]
    assert run(Line(prefill=3), [[1], [2], [3], [4]]) == [None, None, 1, 2]


def test_reordered_packets_are_put_right() -> None:
    assert run(Line(), [[1], [3], [2], [4], [5, 6], [7]]) == [None, 1, 2, 3, 4, 5]
    assert run(Line(), [[2, 1], [3], [4]]) == [1, 2, 3]


def test_sequence_numbers_wrap() -> None:
    line = Line()
    told = run(line, [[number] for number in range(65530, 65545)])
    assert told[1:] == [number % 251 for number in range(65530, 65544)]
    assert line.buffer.lost[0] == 0


def test_many_rounds_of_numbers() -> None:
    line = Line()
    for number in range(0, 70_000, 15):  # leaps of 15 are losses, never mixed up with old frames
        line.feed(number)
        line.tick()
    assert line.buffer.late[0] == 0


def test_duplicates_and_late_packets_are_dropped_and_counted() -> None:
    line = Line()
    assert run(line, [[1], [2], [2, 3], [5], [6, 2], [7], [4, 8]]) == [None, 1, 2, 3, None, 5, 6]
    counts = line.buffer
    assert (counts.duplicates[0], counts.late[0], counts.lost[0]) == (2, 1, 1)


def test_a_lost_frame_is_concealed_by_a_decaying_repetition() -> None:
    line = Line()
    loud = np.full((1, 160), g711.encode_alaw(np.array([8000], np.int16))[0], np.uint8)
    for number in (1, 2, 9):
        line.buffer.insert(np.array([0]), np.array([number]), loud, np.zeros(1))
    frames = [line.tick() for _ in range(9)]
    levels = [int(abs(one.pcm.astype(int)).max()) for one in frames]
    assert [int(one.kinds[0]) for one in frames] == [0, 0, *[CONCEALED] * 4, EMPTY, EMPTY, 0]
    assert levels[2:6] == sorted(levels[2:6], reverse=True) and levels[2] < levels[1]
    assert levels[6] <= 8 and levels[8] == levels[0]
    for one in frames:  # what is recorded is what was heard
        assert abs(g711.decode_alaw(one.codes).astype(int) - one.pcm).max() <= 256


def test_a_frame_tells_when_its_packet_came() -> None:
    line = Line()
    line.feed(1, at_ms=10.0)
    line.feed(2, at_ms=31.0)
    first, second, third = line.tick(), line.tick(), line.tick()
    assert (first.arrived_ms[0], second.arrived_ms[0]) == (10.0, 31.0)
    assert np.isnan(third.arrived_ms[0])


def test_key_presses_take_numbers_but_are_not_losses() -> None:
    line = Line()
    line.feed(1, 2)
    line.tick()
    for number in range(3, 9):
        line.buffer.insert_event(0, number)
        line.tick()
    line.feed(9)
    line.tick()
    assert line.buffer.lost[0] == 0
    assert line.heard() == 9


def test_jitter_raises_the_depth_and_calm_lowers_it() -> None:
    line = Line()
    number = 0
    for wave in range(30):  # the network holds packets back for 60 ms, then delivers them together
        for arriving in ([1], [1], [1], [0], [0], [0], [4]):
            line.feed(*range(number, number + arriving[0]))
            number += arriving[0]
            line.tick()
        if wave == 20:
            before = int(line.buffer.starvations[0])
    assert line.buffer.starvations[0] == before
    raised = line.buffer.target(0)
    assert 3 <= raised <= MAX_TARGET
    for _ in range(WINDOW * 8 * 8):
        line.feed(number)
        number += 1
        line.tick()
    assert line.buffer.target(0) < raised
    assert line.buffer.depth(0) <= line.buffer.target(0)


@pytest.mark.parametrize("per_mille", [10, -10])
def test_clock_drift_is_followed(per_mille: int) -> None:
    line, number, owed = Line(), 0, 0.0
    depths = []
    for _ in range(2500):  # 50 s at 10000 ppm: 25 frames too many or too few
        owed += 1 + per_mille / 1000
        while owed >= 1:
            line.feed(number)
            number, owed = number + 1, owed - 1
        line.tick()
        depths.append(line.buffer.depth(0))
    assert max(depths) <= 6
    assert line.buffer.lost[0] == 0 and line.buffer.late[0] == 0
    if per_mille > 0:
        assert 15 <= line.buffer.skipped[0] <= 30
    else:
        assert 4 <= line.buffer.starvations[0] <= 40


def test_a_stall_then_a_burst_resumes_near_the_newest() -> None:
    line = Line()
    run(line, [[n] for n in range(10)])
    for _ in range(40):
        line.tick()
    line.feed(*range(10, 50))
    told = [line.heard() for _ in range(4)]
    assert told[0] is not None and told[0] >= 47
    line.feed(50)
    assert line.buffer.depth(0) <= SLOTS


def test_a_peer_that_begins_anew_is_followed() -> None:
    line = Line()
    run(line, [[n] for n in range(30000, 30020)])
    told = run(line, [[n] for n in range(100, 110)])
    assert told[-1] in (108, 109)


def test_legs_do_not_touch_each_other() -> None:
    line = Line(legs=300)
    start = np.random.default_rng(3).integers(0, 65536, 300)
    legs = np.arange(300)
    for step in range(50):
        order = np.random.default_rng(step).permutation(300)
        codes = np.repeat(((start + step) % 251).astype(np.uint8)[:, None], 160, axis=1)
        sequences = (start + step) & 0xFFFF
        line.buffer.insert(legs[order], sequences[order], codes[order], np.zeros(300))
        frames = line.tick()
        if step:
            assert (frames.codes[:, 0] == (start + step - 1) % 251).all()
            assert (frames.kinds == RECEIVED).all()
    assert line.buffer.received.tolist() == [50] * 300


def test_mu_law_legs_decode_and_conceal_in_their_law() -> None:
    buffer = JitterBuffer(2)
    buffer.open(0)
    buffer.open(1, g711.ULAW_SILENCE)
    pcm = np.full(160, 5000, np.int16)
    codes = np.stack([g711.encode_alaw(pcm), g711.encode_ulaw(pcm)])
    for number in (1, 2):
        buffer.insert(np.arange(2), np.full(2, number), codes, np.zeros(2))
    frames = [buffer.play(2) for _ in range(8)]
    assert abs(frames[0].pcm - 5000).max() <= 150
    assert frames[2].kinds.tolist() == [CONCEALED, CONCEALED]
    assert abs(frames[2].pcm[1] - 4000).max() <= 150
    assert frames[7].codes[0, 0] == g711.ALAW_SILENCE and frames[7].codes[1, 0] == g711.ULAW_SILENCE


def test_open_forgets_everything() -> None:
    line = Line()
    run(line, [[n] for n in range(30)])
    line.buffer.open(0)
    assert line.buffer.depth(0) == 0 and line.buffer.received[0] == 0
    assert run(line, [[500], [501], [502]]) == [None, 500 % 251, 501 % 251]
