"""Token buckets of new calls."""

from __future__ import annotations

from yingda.sansio.sip.admission import MAX_SOURCES, Admission


def test_a_bucket_fills_as_time_goes_by() -> None:
    admission = Admission(2.0)
    assert [admission.admits("a", 0.0) for _ in range(3)] == [True, True, False]
    assert [admission.admits("a", 0.5) for _ in range(2)] == [True, False]
    assert [admission.admits("a", 100.0) for _ in range(3)] == [True, True, False]
    assert admission.admits("b", 100.0)


def test_less_than_one_a_second() -> None:
    admission = Admission(0.1)
    found = [admission.admits("a", float(now)) for now in (0, 5, 10, 15, 20)]
    assert found == [True, False, True, False, True]


def test_zero_is_no_limit() -> None:
    admission = Admission(0.0)
    assert all(admission.admits("a", 0.0) for _ in range(10_000))
    assert len(admission) == 0


def test_forged_sources_do_not_fill_the_memory() -> None:
    admission = Admission(5.0)
    admitted = sum(admission.admits(f"s{number}", number * 1e-6) for number in range(3 * MAX_SOURCES))
    assert len(admission) == MAX_SOURCES + 1
    assert admitted == MAX_SOURCES + 5  # newcomers share one bucket
    assert admission.admits("new", 10.0)
    assert len(admission) == 1
