"""Recordings: both sides in sync, playable after a kill at any moment."""

import struct
from pathlib import Path

import numpy as np

from tests.fakes.media_wire import Bench, Peer, tone
from yingda.gateway.media import LegClosed
from yingda.gateway.media_events import MediaSettings
from yingda.gateway.media_plane import recording_path
from yingda.gateway.recorder import Batch, Ending, Recorder, Tape, wav_header
from yingda.sansio.rtp import g711


def read_wav(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Left and right codes; checks the header against the file."""
    data = path.read_bytes()
    riff, size, wave, fmt, fmt_size, code, channels, rate, _, align, bits = struct.unpack_from(
        "<4sI4s4sIHHIIHH", data
    )
    assert (riff, wave, fmt, fmt_size) == (b"RIFF", b"WAVE", b"fmt ", 18)
    assert (code, channels, rate, align, bits) == (6, 2, 8000, 2, 8)
    fact, fact_size, samples, word, length = struct.unpack_from("<4sII4sI", data, 38)
    assert (fact, fact_size, word) == (b"fact", 4, b"data")
    assert len(data) == 58 + length == size + 8 and samples * 2 == length
    both = np.frombuffer(data, np.uint8, offset=58).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def test_header_is_58_bytes() -> None:
    assert len(wav_header(0)) == 58


def test_every_second_leaves_a_playable_file(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "2026-11-22" / "a.wav")
    for second in range(1, 4):
        tape.append(np.tile(np.array([second, 100 + second], np.uint8), (8000, 1)))
        left, right = read_wav(tape.path)  # as a kill at this moment would leave it
        assert len(left) == 8000 * second
        assert (left[-1], right[-1]) == (second, 100 + second)
    tape.close()


def test_a_batch_is_turned_to_its_oldest_frame_and_cut(tmp_path: Path) -> None:
    ring = np.repeat((np.arange(50) % 250).astype(np.uint8)[:, None, None], 160, axis=2)
    tape, recorder = Tape(tmp_path / "a.wav"), Recorder()
    recorder.put(Batch([tape], [3], [False], 2, ring, ring + 100))
    done: list[int] = []
    recorder.put(Ending(tape, lambda: done.append(1)))
    assert recorder.write_queued() == 2 and done == [1]
    left, right = read_wav(tape.path)
    assert left[::160].tolist() == [49, 0, 1] and right[::160].tolist() == [149, 100, 101]


def test_a_full_disk_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recorder = Recorder()
    frames = np.zeros((50, 2, 160), np.uint8)
    tapes = [Tape(tmp_path / "file" / "a.wav"), Tape(tmp_path / "b.wav")]
    recorder.put(Batch(tapes, [50, 50], [False, False], 0, frames, frames))
    recorder.write_queued()
    assert recorder.failures == 1
    assert len(read_wav(tapes[1].path)[0]) == 8000


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
    recorder = bench.engine._recorder
    assert recorder is not None
    recorder.write_queued()
    assert [event.leg for event in bench.told(LegClosed)] == [leg.leg_id]
    left, right = read_wav(path)
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
    recorder = bench.engine._recorder
    assert recorder is not None and leg.recording_path is not None
    recorder.write_queued()
    right = g711.decode_alaw(np.array(read_wav(leg.recording_path)[1]))
    frames = abs(right.astype(int)).reshape(-1, 160).max(axis=1) > 1000
    assert frames.tolist() == [True] * 20 + [False] * 20 + [True] * 40 + [False] * 20


def test_recording_names_stay_in_their_folder() -> None:
    settings = MediaSettings(recordings_dir="/r")
    assert recording_path(settings, "a1-b2@host", "2026-11-22") == Path("/r/2026-11-22/a1-b2@host.wav")
    assert recording_path(settings, "../../etc/x", "2026-11-22") == Path("/r/2026-11-22/_.._etc_x.wav")
    assert recording_path(settings, "..", "2026-11-22") == Path("/r/2026-11-22/call.wav")
