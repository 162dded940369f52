"""What is sent again after a broken connection, and when to try; no connection, time is given."""

import pytest

from yingda.gateway.replay import LEAD_S, LONGEST_S, Patience, TurnAudio

RATE = 8000


def audio(first_s: float, seconds: float) -> bytes:
    """Samples that say where in the turn they stand, in units of 10 ms."""
    first, count = round(first_s * 100), round(seconds * 100)
    return b"".join((first + i).to_bytes(2, "little") * (RATE // 100) for i in range(count))


def all_of(turn: TurnAudio) -> bytes:
    return b"".join(iter(lambda: turn.take(0.5), b""))


@pytest.mark.requirement(9)
def test_before_any_final_everything_is_sent_again() -> None:
    turn = TurnAudio(RATE)
    turn.write(audio(0.0, 1.0))
    assert all_of(turn) == audio(0.0, 1.0) and turn.take(1.0) == b""
    turn.write(audio(1.0, 0.5))
    assert turn.connect()
    assert all_of(turn) == audio(0.0, 1.5)


@pytest.mark.requirement(9)
def test_what_a_final_covers_is_not_sent_again_but_for_the_silence_at_its_end() -> None:
    turn = TurnAudio(RATE)
    turn.write(audio(0.0, 5.0))
    all_of(turn)
    turn.final(3.2)
    assert turn.connect()
    assert all_of(turn) == audio(3.2 - LEAD_S, 5.0 - 3.2 + LEAD_S)
    turn.write(audio(5.0, 2.0))
    all_of(turn)
    turn.final(3.0)  # of this connection's audio, which began LEAD_S before 3.2
    assert turn.connect()
    begin = round(3.2 - LEAD_S + 3.0 - LEAD_S, 2)
    assert all_of(turn) == audio(begin, 7.0 - begin)


@pytest.mark.requirement(9)
@pytest.mark.parametrize(("last_partial_s", "lead_s"), [(2.4, LEAD_S), (2.72, 0.0), (3.04, 0.0)])
def test_a_final_right_behind_a_word_is_not_followed_by_that_word_again(
    last_partial_s: float, lead_s: float
) -> None:
    turn = TurnAudio(RATE)
    turn.write(audio(0.0, 5.0))
    all_of(turn)
    turn.partial(last_partial_s)
    turn.final(3.2)
    assert turn.connect()
    assert all_of(turn) == audio(3.2 - lead_s, 5.0 - 3.2 + lead_s)


def test_a_final_of_all_audio_leaves_nothing_to_recognise() -> None:
    turn = TurnAudio(RATE)
    assert not turn.is_covered
    turn.write(audio(0.0, 1.0))
    all_of(turn)
    turn.final(0.8)
    assert not turn.is_covered
    turn.final(1.0)
    assert turn.is_covered


@pytest.mark.requirement(9)
def test_partials_of_what_was_told_before_are_held_back() -> None:
    turn = TurnAudio(RATE)
    turn.write(audio(0.0, 2.0))
    all_of(turn)
    assert turn.partial(0.32) and turn.partial(0.96)
    turn.connect()
    assert not turn.partial(0.32) and not turn.partial(0.64)
    assert turn.partial(0.96) and turn.partial(1.28)


def test_an_utterance_that_is_too_long_to_keep_is_not_heard_in_part() -> None:
    turn = TurnAudio(RATE)
    for second in range(int(LONGEST_S)):
        turn.write(audio(second, 1.0))
        all_of(turn)
    assert turn.connect()
    turn.write(audio(LONGEST_S, 1.0))
    assert not turn.connect()
    all_of(turn)
    turn.final(20.0)
    assert turn.connect()
    assert all_of(turn) == audio(20.0 - LEAD_S, LONGEST_S + 1.0 - 20.0 + LEAD_S)


def test_a_server_that_does_not_say_what_a_final_covers_cannot_be_taken_up_again() -> None:
    turn = TurnAudio(RATE)
    turn.write(audio(0.0, 1.0))
    all_of(turn)
    turn.final(0.0)
    assert not turn.connect()


def test_patience_ends() -> None:
    patience, now, tries = Patience(1.0), 100.0, 0
    while (wait_s := patience.broke(now)) is not None:
        now += wait_s
        patience.trying(now)
        now += 0.01
        tries += 1
        assert tries < 50
    assert 3 <= tries <= 10 and now <= 101.1
    assert patience.left_s(100.4) == pytest.approx(0.6)
    assert patience.left_s(101.5) == 0.0


def test_patience_is_new_for_a_stream_that_went_on_for_a_while() -> None:
    patience = Patience(1.0)
    patience.trying(0.0)
    assert patience.broke(10.0) is not None
    patience.trying(10.5)
    assert patience.broke(13.0) is not None
    patience.trying(13.1)
    assert patience.broke(14.05) is None


def test_a_full_server_says_when_to_come_again() -> None:
    patience = Patience(1.0)
    assert patience.broke(10.0, pushback_s=0.6) == 0.6
    patience.trying(10.6)
    assert patience.broke(10.6, pushback_s=0.6) is None


def test_no_patience_no_second_try() -> None:
    assert Patience(0.0).broke(5.0) is None
