"""When to ask a failing CRM again, and when to stop: the core, and the shell with a clock of the test."""

from __future__ import annotations

import pytest

from actions.clients import patience
from actions.clients.outage import Breaker, Retries
from actions.clients.patience import CrmUnavailable, Passing, Patience

pytestmark = pytest.mark.requirement(49)


def test_the_breaker_opens_after_failures_in_a_row_and_closes_by_a_probe() -> None:
    breaker = Breaker(failures=3, open_s=5.0)
    assert [breaker.failed(now) for now in (0.0, 1.0)] == [False, False]
    breaker.succeeded()  # not in a row
    assert [breaker.failed(now) for now in (2.0, 3.0, 4.0)] == [False, False, True]
    assert breaker.state(4.0) == "open" and not breaker.admits(8.9)
    assert breaker.state(9.0) == "half_open"
    assert breaker.admits(9.0) and not breaker.admits(9.0)  # one probe, the others wait
    assert not breaker.failed(10.0) and not breaker.admits(14.9)
    assert breaker.admits(15.0)
    breaker.succeeded()
    assert breaker.state(15.1) == "closed" and breaker.admits(15.1) and breaker.admits(15.1)


def test_a_probe_that_is_never_heard_of_again_is_given_up() -> None:
    breaker = Breaker(failures=1, open_s=5.0)
    breaker.failed(0.0)
    assert breaker.admits(5.0) and not breaker.admits(9.9) and breaker.admits(10.0)


def test_who_hurries_learns_nothing_about_the_crm() -> None:
    breaker = Breaker(failures=1, open_s=5.0)
    assert not breaker.failed(0.0, fair=False) and breaker.admits(0.1)
    breaker.failed(0.2)
    assert breaker.admits(5.2)
    breaker.failed(5.3, fair=False)  # but a probe that failed is a probe that failed
    assert not breaker.admits(10.0)


def test_waits_double_and_stay_within_the_deadline() -> None:
    retries = Retries(attempts=4)
    assert [retries.wait_s(n, 1.0, 0.5) for n in (1, 2, 3, 4)] == [0.03, 0.06, 0.12, None]
    least, most = retries.wait_s(1, 1.0, 0.0), retries.wait_s(1, 1.0, 0.999)
    assert least == 0.015 and most is not None and 0.04 < most < 0.045
    assert retries.wait_s(1, 0.04, 0.5) is None  # nothing would be left to ask in
    assert retries.wait_s(1, 1.0, 0.5, told_s=0.5) == 0.5
    assert retries.wait_s(1, 1.0, 0.5, told_s=2.0) is None


class Clock:
    """A clock that moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Work:
    """Fails with the given errors, one after another, then answers; takes its time."""

    def __init__(self, clock: Clock, *errors: Exception, takes: float = 0.0) -> None:
        self.clock, self.errors, self.takes = clock, list(errors), takes
        self.given: list[float] = []

    def __call__(self, left_s: float) -> str:
        self.given.append(left_s)
        self.clock.now += min(self.takes, left_s)
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def patient(clock: Clock, failures: int = 5) -> Patience:
    return Patience(1.0, Breaker(failures, 5.0), Retries(3), clock, clock.sleep)


def test_a_read_is_tried_again_and_a_write_is_not() -> None:
    clock = Clock()
    work = Work(clock, Passing("busy"), Passing("busy"))
    assert patient(clock).read(work) == "answer" and len(work.given) == 3 and len(clock.slept) == 2
    assert work.given[0] == 1.0 and work.given[0] > work.given[1] > work.given[2]
    work = Work(clock, Passing("busy"))
    with pytest.raises(CrmUnavailable):
        patient(clock).write(work)
    assert len(work.given) == 1
    work = Work(clock, CrmUnavailable("wrong token"))  # no passing trouble
    with pytest.raises(CrmUnavailable, match="token"):
        patient(clock).read(work)
    assert len(work.given) == 1


def test_a_read_ends_by_its_deadline_whatever_the_crm_does() -> None:
    clock = Clock()
    begun = clock.now
    with pytest.raises(CrmUnavailable):
        patient(clock).read(Work(clock, *[Passing("slow")] * 9, takes=0.6))
    assert clock.now - begun <= 1.0
    begun = clock.now
    with pytest.raises(CrmUnavailable), patience.until(begun + 0.3):
        patient(clock).read(Work(clock, *[Passing("slow")] * 9, takes=0.6))
    assert clock.now - begun <= 0.3


def test_nobody_waits_while_the_breaker_is_open_and_one_probe_finds_the_crm_back() -> None:
    clock = Clock()
    line = patient(clock, failures=2)
    for _ in range(2):
        with pytest.raises(CrmUnavailable):
            line.read(Work(clock, CrmUnavailable("away"), takes=1.0))
    unasked = Work(clock)
    with pytest.raises(CrmUnavailable, match="not asked"):
        line.read(unasked)
    assert unasked.given == []
    clock.now += 5.0
    assert line.read(Work(clock)) == "answer" and line.read(Work(clock)) == "answer"


def test_greetings_in_a_hurry_do_not_shut_a_slow_crm_out() -> None:
    clock = Clock()
    line = patient(clock, failures=2)
    for _ in range(5):
        with pytest.raises(CrmUnavailable), patience.until(clock.now + 0.3):
            line.read(Work(clock, CrmUnavailable("slow"), takes=0.3))
    assert line.read(Work(clock, takes=0.6)) == "answer"


def test_a_mistake_of_ours_is_no_failure_of_the_crm() -> None:
    clock = Clock()
    line = patient(clock, failures=1)
    with pytest.raises(KeyError):
        line.read(Work(clock, KeyError("ours")))
    assert line.read(Work(clock)) == "answer"
