"""The media engine on fake sockets: what comes in, what is told, and which peers count, tick by tick."""

import numpy as np
import pytest

from tests.fakes.media_wire import PEER, Bench, Peer, tone
from yingda.gateway.media import (
    DigitReceived,
    FramesReceived,
    LegClosed,
    MediaError,
    MediaLatched,
    MediaTimeout,
)
from yingda.sansio.rtp import g711
from yingda.sansio.rtp.dtmf import TelephoneEvent

SILENCE = bytes([0xD5]) * 160


def test_a_connected_leg_sends_silence_with_running_numbers() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick(5)
    packets = bench.sent(leg)
    assert len(packets) == 5 and {packet.payload for packet in packets} == {SILENCE}
    assert [packet.marker for packet in packets] == [True, False, False, False, False]
    first = packets[0]
    assert [packet.sequence for packet in packets] == [(first.sequence + n) & 0xFFFF for n in range(5)]
    assert [packet.timestamp for packet in packets] == [
        (first.timestamp + 160 * n) & 0xFFFFFFFF for n in range(5)
    ]
    assert {packet.ssrc for packet in packets} == {first.ssrc}


def test_sends_are_spread_over_the_tick() -> None:
    bench = Bench()
    legs = [bench.leg() for _ in range(4)]
    sent = []
    for part in range(4):
        bench.engine.step(part, 1.0 + part * 0.005)
        sent.append([len(bench.socket(leg).sent) for leg in legs])
    assert sent == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


def test_frames_are_told_once_per_tick_for_all_legs() -> None:
    bench = Bench()
    legs = [bench.leg() for _ in range(3)]
    peers = [Peer(bench, leg) for leg in legs]
    heard = []
    for _ in range(10):
        for loud, peer in enumerate(peers, 1):
            peer.send(np.full(160, loud * 1000, np.int16))
        heard += [event for event in bench.tick() if isinstance(event, FramesReceived)]
    assert [event.tick for event in heard] == list(range(10))
    last = heard[-1]
    assert last.leg_ids.tolist() == [leg.leg_id for leg in legs]
    assert last.kinds.tolist() == [0, 0, 0]
    assert np.allclose(last.pcm[:, 80], [1000, 2000, 3000], rtol=0.04)
    assert (last.at_ms - last.arrived_ms <= 40).all() and (last.at_ms - last.arrived_ms >= 0).all()
    assert not last.pcm.flags.writeable


def test_digits_come_once_and_are_no_losses() -> None:
    bench = Bench()
    leg = bench.leg()
    peer = Peer(bench, leg)
    told = []
    for tick in range(30):
        if 5 <= tick < 12:
            event = TelephoneEvent(9, tick >= 9, 10, 160 * min(tick - 4, 5))
            peer.send_payload(event.to_bytes(), 101)
        else:
            peer.timestamp += 160 if tick == 12 else 0
            peer.send(tone(160))
        told += bench.told(DigitReceived)
    assert told == [DigitReceived(leg.leg_id, "9", 100)]
    assert bench.engine.stats()["packets_lost"] == 0


@pytest.mark.parametrize("samples", [80, 240, 320, 480])
def test_other_packet_times_are_heard_whole(samples: int) -> None:
    bench = Bench()
    leg = bench.leg()
    peer = Peer(bench, leg)
    heard, owed, audio, at = [], 0, tone(160 * 90), 0
    for _ in range(60):
        owed += 160
        while owed >= samples:
            peer.send(audio[at : at + samples])
            owed, at = owed - samples, at + samples
        heard += bench.told(FramesReceived)
    assert bench.engine.stats()["packets_lost"] == 0
    pcm = np.concatenate([event.pcm[0] for event in heard if event.kinds[0] == 0])
    assert len(pcm) >= 160 * 45
    # after the first depth adaptation the audio is the peer's, gapless
    tail = pcm[-160 * 20 :]
    coded = g711.decode_alaw(g711.encode_alaw(audio))
    starts = [n for n in range(0, at - len(tail) + 1, 40) if (coded[n : n + len(tail)] == tail).all()]
    assert starts


def test_a_stranger_is_not_heard_and_the_ssrc_is_pinned() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick()
    peer, stranger = Peer(bench, leg), Peer(bench, leg, ssrc=666)
    for _ in range(5):
        peer.send(tone(160, 1000))
        stranger.send(tone(160, 20000))
        event = bench.told(FramesReceived)[0]
    assert abs(event.pcm.astype(int)).max() < 2000
    bench.tick(30)
    assert bench.engine.stats()["packets_foreign"] == 5
    # the pinned source is silent for 0.6 s: a new one is its successor
    for _ in range(4):
        stranger.send(tone(160, 20000))
        event = bench.told(FramesReceived)[0]
    assert abs(event.pcm.astype(int)).max() > 10000


def test_latches_to_the_announced_address_at_once() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick()
    peer = Peer(bench, leg)
    peer.send(tone(160))
    assert MediaLatched(leg.leg_id, PEER) in bench.tick()
    assert bench.socket(leg).peer == PEER


@pytest.mark.parametrize(
    ("announced", "source", "packets", "latches"),
    [
        (("127.0.0.1", 7000), ("127.0.0.1", 9), 2, False),
        (("127.0.0.1", 7000), ("127.0.0.1", 9), 3, True),
        (("10.1.1.1", 7000), ("203.0.113.9", 9), 4, False),
        (("10.1.1.1", 7000), ("203.0.113.9", 9), 5, True),
        (("8.8.8.8", 7000), ("9.9.9.9", 9), 50, False),
        (("8.8.8.8", 7000), ("8.8.8.8", 9), 3, True),
    ],
)
def test_latches_to_plausible_sources_only(
    announced: tuple[str, int], source: tuple[str, int], packets: int, latches: bool
) -> None:
    bench = Bench()
    leg = bench.leg(peer=announced)
    bench.tick()
    peer = Peer(bench, leg)
    peer.source = source
    told = []
    for _ in range(packets):
        peer.send(tone(160))
        told += bench.told(MediaLatched)
    assert [event.address for event in told] == ([source] if latches else [])
    bench.tick()
    assert bench.socket(leg).sent[-1][1] == (source if latches else announced)


def test_a_move_unlatches_and_a_repeated_offer_does_not() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick()
    Peer(bench, leg).send(tone(160))
    bench.tick()
    leg.connect(PEER, 8, 20, 101)
    bench.tick()
    assert bench.socket(leg).peer == PEER
    moved = ("127.0.0.1", 7100)
    leg.connect(moved, 8, 20, 101)
    bench.tick()
    assert bench.socket(leg).peer is None and bench.socket(leg).sent[-1][1] == moved
    peer = Peer(bench, leg, ssrc=5)
    peer.source = moved
    peer.send(tone(160))
    assert bench.told(MediaLatched) == [MediaLatched(leg.leg_id, moved)]


def test_silence_on_the_wire_is_told_once() -> None:
    bench = Bench(media_timeout_ms=500)
    leg = bench.leg()
    told = bench.told(MediaTimeout, 60)
    assert [(event.leg, 500 <= event.silent_for_ms <= 600) for event in told] == [(leg.leg_id, True)]
    Peer(bench, leg).send(tone(160))
    assert len(bench.told(MediaTimeout, 60)) == 1


@pytest.mark.requirement(10)
def test_mu_law_both_ways() -> None:
    bench = Bench()
    leg = bench.leg(payload_type=0)
    peer = Peer(bench, leg, payload_type=0)
    leg.play(1, tone(480), True)
    for _ in range(5):
        peer.send(np.full(160, 6000, np.int16))
        event = bench.told(FramesReceived)[0]
    packets = bench.sent(leg)
    assert {packet.payload_type for packet in packets} == {0}
    assert packets[1].payload == g711.encode_ulaw(tone(480)[160:320]).tobytes()
    assert packets[-1].payload == bytes([0xFF]) * 160
    assert abs(event.pcm[0] - 6000).max() < 200


def test_garbage_is_counted_and_harmless() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.tick()
    junk = np.random.default_rng(5)
    for size in [0, 1, 11, 12, 13, 100, 171, 172, 173, 576, 1500]:
        bench.socket(leg).inbox.append((junk.bytes(size), PEER))
        bench.tick()
    for _ in range(200):
        bench.socket(leg).inbox.append((b"\x80\x08" + junk.bytes(170), PEER))
        bench.tick()
    peer = Peer(bench, leg)
    peer.send_payload(b"", 8)
    assert bench.engine.stats()["packets_bad"] > 0


def test_a_refusing_peer_is_counted() -> None:
    bench = Bench()
    leg, other = bench.leg(), bench.leg()
    bench.tick()
    bench.socket(leg).refuses = True
    bench.tick(3)
    assert bench.engine.stats()["send_errors"] == 3
    assert len(bench.sent(other)) == 4


def test_ports_and_legs_are_given_back() -> None:
    bench = Bench()
    legs = [bench.leg() for _ in range(7)]
    with pytest.raises(MediaError, match="no free RTP port in 20000-20013"):
        bench.engine.open_leg("x")
    legs[2].close()
    legs[2].play(1, tone(160), True)  # too late: ignored
    assert [event.leg for event in bench.told(LegClosed)] == [legs[2].leg_id]
    again = bench.leg()
    assert again.local_port == legs[2].local_port and again.leg_id != legs[2].leg_id
    bench.network.taken = {legs[3].local_port}
    legs[3].close()
    bench.tick()
    with pytest.raises(MediaError, match="already in use"):
        bench.engine.open_leg("y")


def test_a_reused_leg_hears_nothing_of_the_last_call() -> None:
    bench = Bench()
    leg = bench.leg()
    peer = Peer(bench, leg)
    leg.play(1, tone(16000), True)
    for _ in range(10):
        peer.send(tone(160, 20000))
        bench.tick()
    leg.close()
    bench.tick()
    new = bench.leg()
    event = bench.told(FramesReceived, 3)[-1]
    assert event.leg_ids.tolist() == [new.leg_id] and event.kinds.tolist() == [2]
    assert abs(event.pcm).max() <= 8
    assert {packet.payload for packet in bench.sent(new)} == {SILENCE}


def test_a_host_name_is_refused_and_nowhere_is_a_hold() -> None:
    bench = Bench()
    leg = bench.engine.open_leg("a")
    with pytest.raises(ValueError, match=r"media address 'pbx\.example': expected an IPv4 address"):
        leg.connect(("pbx.example", 7000), 8)
    with pytest.raises(ValueError, match="payload type 18"):
        leg.connect(PEER, 18)
    leg.connect(PEER, 8)
    bench.tick()
    leg.connect(("0.0.0.0", 7000), 8)
    bench.tick(3)
    assert len(bench.sent(leg)) == 1


def test_a_command_that_fails_harms_no_other_leg() -> None:
    bench = Bench()
    leg = bench.leg()
    bench.engine.post(lambda: [].pop())
    bench.tick(2)
    stats = bench.engine.stats()
    assert stats["errors"] == 1 and "pop from empty list" in stats["error"]
    assert len(bench.sent(leg)) == 2
