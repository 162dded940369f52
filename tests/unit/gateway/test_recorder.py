"""Recordings: both sides in sync, encrypted, playable after a kill at any moment, without secrets."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.media_wire import Bench, Peer, tone
from tests.fakes.recordings import read, vault
from yingda.gateway.media import LegClosed, MediaEngine, MediaSettings
from yingda.gateway.recorder import Batch, Ending, Recorder, Tape
from yingda.sansio.rtp import g711


def sides(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Customer and bot, A-law."""
    recording = read(path)
    return np.frombuffer(recording.customer, np.uint8), np.frombuffer(recording.bot, np.uint8)


def written(bench: Bench) -> None:
    recorder = bench.engine._recorder
    assert recorder is not None
    recorder.write_queued()


@pytest.mark.requirement(104)
def test_every_second_leaves_a_playable_file_that_tells_nothing(tmp_path: Path) -> None:
    tape = Tape(vault(tmp_path), "a", "13800138000")
    for second in range(1, 4):
        tape.append(np.tile(np.array([second, 100 + second], np.uint8), (8000, 1)))
        left, right = sides(tape.path)  # as a kill at this moment would leave it
        assert len(left) == 8000 * second
        assert (left[-1], right[-1]) == (second, 100 + second)
        assert read(tape.path).ended is None
    tape.close()
    data = tape.path.read_bytes()
    assert bytes([3, 103]) * 4 not in data and b"13800138000" not in data
    assert read(tape.path).ended == "ended" and tape.path.stat().st_mode & 0o007 == 0


def test_a_batch_is_turned_to_its_oldest_frame_and_cut(tmp_path: Path) -> None:
    ring = np.repeat((np.arange(50) % 250).astype(np.uint8)[:, None, None], 160, axis=2)
    tape, recorder = Tape(vault(tmp_path), "a"), Recorder()
    recorder.put(Batch([tape], [3], [False], [False], 2, ring, ring + 100))
    done: list[int] = []
    recorder.put(Ending(tape, lambda: done.append(1)))
    assert recorder.write_queued() == 2 and done == [1]
    left, right = sides(tape.path)
    assert left[::160].tolist() == [49, 0, 1] and right[::160].tolist() == [149, 100, 101]


def test_a_full_disk_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    kept = vault(tmp_path)
    tapes = [Tape(kept, "a", "1"), Tape(kept, "b", "2")]
    (tmp_path / tapes[0].path.parent.parent.name).write_text("in the way")
    recorder = Recorder()
    frames = np.zeros((50, 2, 160), np.uint8)
    recorder.put(Batch(tapes, [50, 50], [False, False], [False, False], 0, frames, frames))
    recorder.put(Ending(tapes[0]))
    recorder.write_queued()
    assert recorder.failures == 1
    assert len(sides(tapes[1].path)[0]) == 8000


def test_a_second_that_the_disk_refused_is_silence_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape, second = Tape(vault(tmp_path), "a"), np.full((8000, 2), 7, np.uint8)
    tape.append(second)
    with monkeypatch.context() as full:
        real = os.pwrite
        full.setattr(os, "pwrite", lambda file, data, at: real(file, data[:100], at))
        with pytest.raises(OSError, match="a part"):
            tape.append(second)
    tape.append(second)
    tape.close()
    recording = read(tape.path)
    assert recording.lost_ms == ((1000, 2000),) and recording.ended == "ended"
    assert recording.audio == bytes([7]) * 16000 + bytes([0xD5]) * 16000 + bytes([7]) * 16000


def test_both_sides_of_a_call_are_recorded_in_sync(tmp_path: Path) -> None:
    bench = Bench(recordings=tmp_path)
    leg = bench.leg()
    peer = Peer(bench, leg)
    said, answered = tone(160 * 130, 9000), tone(160 * 130, 5000)
    leg.play(1, answered, True)
    bench.tick()
    for number in range(130):
        peer.send(said[160 * number : 160 * (number + 1)])
        bench.tick()
    path = leg.recording_path
    assert path is not None
    leg.close()
    bench.tick()
    written(bench)
    assert [event.leg for event in bench.told(LegClosed)] == [leg.leg_id]
    left, right = sides(path)
    assert len(left) == 160 * 131
    assert (right[: 160 * 130] == g711.encode_alaw(answered)).all()
    begin = int(np.nonzero(left != 0xD5)[0][0]) // 160 * 160
    assert begin <= 160 * 3  # the jitter buffer's delay
    assert (left[begin:] == g711.encode_alaw(said)[: len(left) - begin]).all()


def test_a_mu_law_call_and_a_hold_are_recorded_in_a_law(tmp_path: Path) -> None:
    bench = Bench(recordings=tmp_path)
    leg = bench.leg(payload_type=0)
    leg.play(1, np.full(160 * 60, 5000, np.int16), True)
    bench.tick(20)
    leg.hold(True)
    bench.tick(20)
    leg.hold(False)
    bench.tick(60)
    leg.close()
    bench.tick()
    written(bench)
    assert leg.recording_path is not None
    right = g711.decode_alaw(np.array(sides(leg.recording_path)[1]))
    frames = abs(right.astype(int)).reshape(-1, 160).max(axis=1) > 1000
    assert frames.tolist() == [True] * 20 + [False] * 20 + [True] * 40 + [False] * 20


def test_the_customers_side_is_silent_while_secret_and_only_then(tmp_path: Path) -> None:
    bench = Bench(recordings=tmp_path)
    leg = bench.leg()
    peer = Peer(bench, leg)
    leg.play(1, tone(160 * 120, 5000), True)
    for number in range(120):
        if number in (31, 77):
            leg.keep_secret(number == 31)
        peer.send(tone(160, 9000))
        bench.tick()
    leg.close()
    bench.tick()
    written(bench)
    assert leg.recording_path is not None
    left, right = sides(leg.recording_path)
    loud = (left.reshape(-1, 160) != 0xD5).any(axis=1).tolist()
    assert not any(loud[31:77]) and all(loud[5:31]) and all(loud[77:120])
    assert (right.reshape(-1, 160)[:120] != 0xD5).any(axis=1).all()
    assert read(leg.recording_path).secret_ms == ((620, 1540),)


@pytest.mark.parametrize("erase", [False, True])
def test_recording_stops_for_good_and_is_erased_when_asked(tmp_path: Path, erase: bool) -> None:
    bench = Bench(recordings=tmp_path)
    leg = bench.leg()
    bench.tick(75)
    path = leg.recording_path
    assert path is not None
    leg.stop_recording(erase)
    bench.tick(100)
    leg.close()
    assert [event.leg for event in bench.told(LegClosed)] == [leg.leg_id]
    written(bench)
    if erase:
        assert leg.recording_path is None and not list(tmp_path.rglob("*.yrec"))
    else:
        assert read(path).ended == "stopped" and read(path).seconds == 1.5


def test_a_call_that_is_not_to_be_recorded_leaves_no_file(tmp_path: Path) -> None:
    bench = Bench(recordings=tmp_path)
    leg = bench.engine.open_leg("x", "1", record=False)
    leg.connect(("127.0.0.1", 9), 8)
    bench.tick(60)
    leg.close()
    bench.tick()
    written(bench)
    assert leg.recording_path is None and not list(tmp_path.rglob("*"))


def test_nothing_is_recorded_in_the_clear() -> None:
    with pytest.raises(ValueError, match="never written in the clear"):
        MediaEngine(MediaSettings())
