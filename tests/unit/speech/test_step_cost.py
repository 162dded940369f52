"""What steps cost, measured on a machine and by callers that are only numbers."""

from __future__ import annotations

import random

import pytest

from yingda.speech.hearing.step_cost import Cost, LiveCost, Round, is_settled, measured

COST = Cost(base_s=0.010, stream_s=0.0015)
DISTURBED = Cost(base_s=0.114, stream_s=0.0002)  # as one busy moment, on the step of one stream, once made it
MANY = 32


def close(cost: Cost, tolerance: float = 0.1) -> Cost:
    return Cost(pytest.approx(cost.base_s, tolerance), pytest.approx(cost.stream_s, tolerance))


def live(start: Cost, truth: Cost, steps: int, largest: int) -> LiveCost:
    """After steps of up to `largest` streams, as uneven as those of a machine that does other things."""
    rng, found = random.Random(1), LiveCost(start, MANY)
    for _ in range(steps):
        streams = rng.randint(1, largest)
        found.learn(streams, truth.of(streams) * rng.lognormvariate(0.0, 0.2))
    return found


def test_a_line_through_noise_stays_sensible() -> None:
    assert Cost.through((1, 0.011), (32, 0.058)) == close(Cost(0.0095, 0.0015))
    for few, many in (((1, 0.5), (32, 0.05)), ((1, 0.001), (32, 0.5)), ((1, 0.01), (1, 0.01))):
        cost = Cost.through(few, many)
        assert cost.stream_s > 0 and cost.base_s >= 0


def rounds_of(busy_s: float) -> list[Round]:
    """While the machine is busy every step takes a tenth of a second more, as while a voice was loaded."""
    now = 0.0
    rounds: list[Round] = []
    while not is_settled(rounds, now):
        took = []
        for streams in (1, MANY):
            took.append(COST.of(streams) + (0.1 if now < busy_s else 0.0))
            now += took[-1]
        rounds.append((took[0], took[1]))
    return rounds


@pytest.mark.parametrize("busy_s", [0.0, 0.05, 0.1, 0.2, 0.35, 0.5])
def test_a_busy_moment_at_the_start_changes_nothing(busy_s: float) -> None:
    assert measured(1, MANY, rounds_of(busy_s)) == close(COST, 0.01)


def test_a_machine_that_stays_busy_does_not_make_streams_cheap() -> None:
    assert measured(1, MANY, rounds_of(60.0)).stream_s == pytest.approx(COST.stream_s, 0.01)


def test_it_is_measured_until_a_second_round_was_as_quick() -> None:
    quick, slow = (0.01, 0.06), (0.03, 0.09)
    assert not is_settled([quick] * 4, 0.1)
    assert is_settled([quick] + [slow] * 3 + [quick], 0.1)
    assert not is_settled([quick] + [slow] * 4, 0.1)
    assert not is_settled([quick] + [slow] * 3 + [(0.01, 0.09)], 0.1), "it was one of the two sizes only"
    assert is_settled([quick] + [slow] * 4, 3.0), "a large model on a slow machine must start too"
    assert is_settled([(0.5**n, 0.5**n) for n in range(12)], 0.1), "noise may never agree"


def test_the_first_callers_put_a_disturbed_start_right() -> None:
    assert live(DISTURBED, COST, 0, 1).cost == close(DISTURBED)
    for largest in (4, 16):
        cost = live(DISTURBED, COST, 200, largest).cost
        assert COST.of(64) * 0.85 < cost.of(64) < COST.of(64) * 1.3


def test_one_caller_alone_does_not_make_a_large_step_cheap() -> None:
    """His steps tell what steps of one stream take, and that is all."""
    cost = live(DISTURBED, COST, 500, 1).cost
    assert cost.of(1) == pytest.approx(COST.of(1), 0.1)
    assert cost.of(MANY) > 0.8 * DISTURBED.of(MANY)


def test_a_machine_that_is_slower_than_at_the_start_is_so_for_large_steps_too() -> None:
    slower = Cost(3 * COST.base_s, 3 * COST.stream_s)
    assert live(COST, slower, 500, 1).cost == close(slower)


def test_a_machine_that_has_become_faster_is_believed_within_half_a_minute_of_steps() -> None:
    slower = Cost(3 * COST.base_s, 3 * COST.stream_s)
    found = live(COST, slower, 2000, 8)
    assert found.cost == close(slower, 0.2)
    took_s = 0.0
    while took_s < 30.0:
        found.learn(took := random.Random(took_s).randint(1, 8), COST.of(took))
        took_s += COST.of(took)
    assert found.cost.of(MANY) < 1.7 * COST.of(MANY)


def test_a_machine_that_stood_still_once_is_no_slow_machine() -> None:
    found = live(COST, COST, 300, 8)
    before = found.cost.of(MANY)
    found.learn(4, 5.0)
    assert found.cost.of(MANY) < 1.15 * before


def test_steps_that_take_no_time_at_all_are_no_accident() -> None:
    found = LiveCost(Cost(), 1)
    found.learn(1, 0.0)
    assert 0 < found.cost.of(1) < 0.001
