"""What the media engine says on fake sockets: clips, stops, pauses, holds and digits, tick by tick."""

import numpy as np
import pytest

from tests.fakes.media_wire import Bench, tone
from yingda.gateway.media import (
    FramesReceived,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStarved,
    PlaybackStopped,
)
from yingda.sansio.rtp import g711

SILENCE = bytes([0xD5]) * 160


def test_playback_tells_the_first_voiced_packet_and_its_end() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick(2)
    bench.sent(leg)
    audio = np.concatenate([np.zeros(480, np.int16), tone(1000)])
    leg.play(7, audio[:700], False)
    leg.play(7, audio[700:], True)
    events, packets = [], []
    for tick in range(12):
        events += [(tick, event) for event in bench.tick() if not isinstance(event, FramesReceived)]
        packets += bench.sent(leg)
    heard = g711.decode_alaw(np.frombuffer(b"".join(packet.payload for packet in packets), np.uint8))
    assert abs(heard[: len(audio)].astype(int) - audio).max() <= 300
    assert {packet.payload for packet in packets[10:]} == {SILENCE}
    (started_tick, started), (finished_tick, finished) = events
    assert isinstance(started, PlaybackStarted) and (started.leg, started.clip_id) == (leg.leg_id, 7)
    assert started_tick == 3  # three silent frames first
    assert isinstance(finished, PlaybackFinished) and finished.played_ms == 185
    assert finished_tick == 9


def test_clips_follow_each_other_without_a_gap() -> None:
    bench = Bench()
    leg = bench.leg()
    leg.play(1, tone(320), True)
    leg.play(2, tone(320), True)
    bench.tick(6)
    assert [packet.payload != SILENCE for packet in bench.sent(leg)] == [True] * 4 + [False] * 2


@pytest.mark.requirement(35)
def test_stop_silences_within_a_tick_and_tells_what_was_heard() -> None:
    bench = Bench()
    leg = bench.leg()
    leg.play(1, tone(160 * 20), True)
    leg.play(2, tone(160 * 20), True)
    bench.tick(7)
    bench.sent(leg)
    leg.stop_playback()
    stopped = bench.told(PlaybackStopped)
    assert [packet.payload for packet in bench.sent(leg)] == [SILENCE]
    assert stopped == [PlaybackStopped(leg.leg_id, 1, 140), PlaybackStopped(leg.leg_id, 2, 0)]
    leg.play(3, tone(320), True)
    bench.tick(1)
    assert bench.sent(leg)[0].payload != SILENCE


def test_stop_across_a_long_clip_counts_all_of_it() -> None:
    bench = Bench()
    leg = bench.leg()
    leg.play(1, tone(160 * 500), True)
    bench.tick(333)
    leg.stop_playback()
    assert bench.told(PlaybackStopped) == [PlaybackStopped(leg.leg_id, 1, 6660)]


def test_pause_freezes_and_resume_goes_on_exactly() -> None:
    bench = Bench()
    leg = bench.leg()
    audio = tone(160 * 10)
    leg.play(1, audio, True)
    bench.tick(4)
    leg.pause()
    bench.tick(5)
    leg.resume()
    told = bench.told(PlaybackFinished, 8)
    payloads = [packet.payload for packet in bench.sent(leg)]
    assert payloads[4:9] == [SILENCE] * 5
    codes = g711.encode_alaw(audio).tobytes()
    assert b"".join(payloads[:4] + payloads[9:15]) == codes
    assert [event.played_ms for event in told] == [200]


def test_stop_while_paused() -> None:
    bench = Bench()
    leg = bench.leg()
    leg.play(1, tone(1600), True)
    bench.tick(3)
    leg.pause()
    bench.tick(2)
    leg.stop_playback()
    assert bench.told(PlaybackStopped) == [PlaybackStopped(leg.leg_id, 1, 60)]


def test_a_clip_that_runs_dry_is_told_and_goes_on() -> None:
    bench = Bench()
    leg = bench.leg()
    leg.play(1, tone(400), False)
    starved = bench.told(PlaybackStarved, 5)
    assert starved == [PlaybackStarved(leg.leg_id, 1, 40)]
    leg.play(1, tone(240), True)
    finished = bench.told(PlaybackFinished, 5)
    assert [event.played_ms for event in finished] == [80]


def test_hold_stops_the_packets_and_marks_the_first_one_after() -> None:
    bench = Bench()
    leg = bench.leg()
    leg.play(1, tone(1600), True)
    bench.tick(3)
    before = bench.sent(leg)
    leg.hold(True)
    assert bench.told(FramesReceived, 10) == []
    assert bench.sent(leg) == []
    leg.hold(False)
    bench.tick(3)
    after = bench.sent(leg)
    assert [packet.marker for packet in after] == [True, False, False]
    assert after[0].sequence == (before[-1].sequence + 1) & 0xFFFF
    assert after[0].timestamp == (before[-1].timestamp + 11 * 160) & 0xFFFFFFFF
    assert after[0].payload == g711.encode_alaw(tone(1600)[480:640]).tobytes()


def test_digits_go_out_as_events() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick(2)
    bench.sent(leg)
    leg.send_digits("5")
    bench.tick(14)
    packets = bench.sent(leg)
    events = [packet for packet in packets if packet.payload_type == 101]
    assert len(events) == 7 and {len(packet.payload) for packet in events} == {4}
    assert len({packet.timestamp for packet in events}) == 1
    assert [packet.marker for packet in events] == [True, *[False] * 6]
    assert [packet.payload[1] & 0x80 for packet in events] == [0, 0, 0, 0, 0x80, 0x80, 0x80]
    assert {len(packet.payload) for packet in packets if packet.payload_type == 8} == {160}
