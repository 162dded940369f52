"""Which chunks go into the next step; no threads, time is given."""

import pytest

from yingda.speech.hearing.batcher import Batcher


def taken(batcher: Batcher[str], now: float) -> list[tuple[int, str]]:
    return [(chunk.stream, chunk.payload) for chunk in batcher.take(now)]


def test_a_step_waits_for_company_but_not_for_long() -> None:
    batcher: Batcher[str] = Batcher(max_batch=8, gather_s=0.02)
    batcher.open(1)
    batcher.open(2)
    batcher.submit(1, "a", now=10.0)
    assert taken(batcher, 10.0) == []
    assert batcher.get_timer() == pytest.approx(10.02)
    assert taken(batcher, 10.021) == [(1, "a")]
    assert batcher.get_timer() is None


def test_all_streams_go_together_as_soon_as_each_has_a_chunk() -> None:
    batcher: Batcher[str] = Batcher(max_batch=8, gather_s=0.02)
    for stream in (1, 2, 3):
        batcher.open(stream)
        batcher.submit(stream, "x", now=5.0 + stream / 1000)
    assert taken(batcher, 5.003) == [(1, "x"), (2, "x"), (3, "x")]


def test_one_chunk_of_a_stream_a_step_in_order() -> None:
    batcher: Batcher[str] = Batcher(max_batch=8, gather_s=0.0)
    for payload in "abc":
        batcher.submit(1, payload, now=1.0)
    batcher.submit(2, "z", now=1.0)
    assert taken(batcher, 1.0) == [(1, "a"), (2, "z")]
    assert taken(batcher, 1.0) == [(1, "b")]
    assert taken(batcher, 1.0) == [(1, "c")]


def test_the_end_of_a_stream_does_not_wait() -> None:
    batcher: Batcher[str] = Batcher(max_batch=8, gather_s=0.02)
    batcher.open(1)
    batcher.open(2)
    batcher.submit(1, "end", now=3.0, urgent=True)
    assert taken(batcher, 3.0) == [(1, "end")]


def test_a_full_batch_starts_at_once_and_the_rest_follows() -> None:
    batcher: Batcher[str] = Batcher(max_batch=2, gather_s=1.0)
    for stream in range(5):
        batcher.open(stream)
    for stream in range(3):
        batcher.submit(stream, "x", now=2.0)
    assert taken(batcher, 2.0) == [(0, "x"), (1, "x")]
    assert taken(batcher, 2.0) == []
    assert taken(batcher, 3.0) == [(2, "x")]


def test_a_stream_that_is_gone_is_not_waited_for() -> None:
    batcher: Batcher[str] = Batcher(max_batch=8, gather_s=0.02)
    batcher.open(1)
    batcher.open(2)
    batcher.submit(1, "a", now=1.0)
    batcher.submit(2, "b", now=1.0)
    assert [c.payload for c in batcher.close(2)] == ["b"]
    assert taken(batcher, 1.0) == [(1, "a")]
    assert batcher.waiting() == 0
