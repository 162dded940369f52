"""Latency measuring on synthetic A-law: packets of tone and silence at known times."""

from __future__ import annotations

from typing import Any

import pytest

from yingda.caller.alaw import SILENCE
from yingda.caller.wire import is_voiced, percentile, response, silenced_after


def test_tone_is_voiced_and_silence_line_noise_and_nothing_are_not(make: Any) -> None:
    heard = make.ear((0.0, 0.02), until=0.04)
    assert heard.voiced_at == [0.0]
    assert not is_voiced(SILENCE * 160)
    assert not is_voiced(b"")


def test_pauses_within_a_sentence_do_not_split_it(make: Any) -> None:
    found = make.ear((1.0, 2.0), (2.3, 3.0), (4.0, 5.0)).stretches()
    assert [(round(s.start, 2), round(s.end, 2)) for s in found] == [(1.0, 2.98), (4.0, 4.98)]


def test_a_click_is_not_speech(make: Any) -> None:
    assert make.ear((1.0, 1.04)).stretches() == []


def test_latency_is_from_the_last_voiced_packet_sent_to_the_first_one_received(make: Any) -> None:
    bot = make.ear((0.2, 3.0), (6.84, 8.0))
    answer = response(bot, said_from=4.0, said_until=6.0)
    assert answer is not None
    assert answer.start - 6.0 == pytest.approx(0.84)


def test_a_click_before_the_answer_does_not_shorten_the_latency(make: Any) -> None:
    answer = response(make.ear((6.2, 6.22), (7.0, 8.0)), 4.0, 6.0)
    assert answer is not None
    assert answer.start == pytest.approx(7.0)


def test_speech_that_was_going_on_is_no_answer(make: Any) -> None:
    answer = response(make.ear((1.0, 4.3), (7.0, 8.0)), 4.0, 6.0)
    assert answer is not None
    assert answer.start == pytest.approx(7.0)


def test_an_answer_that_talks_over_the_caller_is_found_with_negative_latency(make: Any) -> None:
    answer = response(make.ear((5.5, 8.0)), 4.0, 6.0)
    assert answer is not None
    assert answer.start - 6.0 == pytest.approx(-0.5)


def test_no_answer_before_the_next_turn_is_no_answer(make: Any) -> None:
    assert response(make.ear((9.0, 10.0)), 4.0, 6.0, before=8.0) is None


def test_the_line_falls_silent_so_long_after_the_caller_broke_in(make: Any) -> None:
    assert silenced_after(make.ear((1.0, 4.26)), 4.0, 6.0) == pytest.approx(0.26)


def test_a_bot_that_never_stops_is_measured_to_the_end_of_its_speech(make: Any) -> None:
    assert silenced_after(make.ear((1.0, 9.0)), 4.0, 6.0) == pytest.approx(5.0)


def test_no_barge_in_where_the_bot_was_silent(make: Any) -> None:
    assert silenced_after(make.ear((1.0, 2.0), (7.0, 8.0)), 4.0, 6.0) is None


def test_quiet_counts_from_the_end_of_speech_after_the_mark(make: Any) -> None:
    heard = make.ear((1.0, 2.0), (5.0, 6.0))
    assert heard.quiet_since(1.5) == pytest.approx(6.0)
    assert heard.quiet_since(6.5) is None


def test_talking_is_known_while_it_lasts(make: Any) -> None:
    heard = make.ear((1.0, 2.0))
    assert heard.talking_since(1.5) == pytest.approx(1.0)
    assert heard.talking_since(2.2) == pytest.approx(1.0)
    assert heard.talking_since(3.0) is None
    assert heard.voiced_s(0, 9) == pytest.approx(1.0)


def test_percentiles_are_nearest_rank() -> None:
    values = [0.9, 0.1, 0.5, 0.7, 0.3]
    assert percentile(values, 0.5) == 0.5
    assert percentile(values, 0.95) == 0.9
    assert percentile([], 0.5) is None
