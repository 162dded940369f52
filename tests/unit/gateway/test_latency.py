"""Response latency at the wire, with literal times."""

from __future__ import annotations

import numpy as np

from yingda.gateway.latency import AudioHistory, Latency, ResponseClock
from yingda.gateway.media_events import FRAME_CONCEALED, FRAME_EMPTY, FRAME_RECEIVED, FramesReceived


def tick(number: int, level: int, kind: int = FRAME_RECEIVED, leg: int = 7) -> FramesReceived:
    at_ms = 1000.0 + 20 * number
    arrived = at_ms - 45 if kind == FRAME_RECEIVED else float("nan")
    pcm = np.full((1, 160), level, np.int16)
    return FramesReceived(
        number, at_ms, np.array([leg]), pcm, np.array([kind], np.uint8), np.array([arrived])
    )


def test_answer_is_measured_from_the_last_voiced_packet():
    clock = ResponseClock()
    clock.customer_finished(5000.0)
    assert clock.bot_sounded(5800.4, is_filler=False) == Latency(800, None)
    assert clock.bot_sounded(7000.0, is_filler=False) is None  # the same answer goes on


def test_filler_does_not_count_and_is_reported_apart():
    clock = ResponseClock()
    clock.customer_finished(5000.0)
    assert clock.bot_sounded(6600.0, is_filler=True) is None
    assert clock.bot_sounded(8000.0, is_filler=False) == Latency(3000, 1600)


def test_greeting_answers_nobody():
    assert ResponseClock().bot_sounded(5000.0, is_filler=False) is None


def test_last_voiced_packet_is_an_arrival_not_a_concealment():
    history = AudioHistory()
    for number, level in enumerate([500, 500, 0, 0]):
        history.add(tick(number, level))
    history.add(tick(4, 500, FRAME_CONCEALED))
    history.add(tick(5, 0, FRAME_EMPTY))
    assert history.last_voiced_ms(7, until_ms=1100.0) == 1020.0 - 45


def test_quiet_call_has_no_voiced_packet():
    history = AudioHistory()
    history.add(tick(0, 0))
    assert history.last_voiced_ms(7, until_ms=1100.0) == 1100.0


def test_frames_since_a_moment_are_those_of_the_leg():
    history = AudioHistory()
    for number in range(5):
        history.add(tick(number, number, leg=7 if number != 3 else 8))
    assert [int(frame[0]) for frame in history.since(7, 1030.0)] == [2, 4]
