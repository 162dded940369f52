"""After a full collection, what is left is not walked again."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from yingda.plumbing import collector


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    callbacks = list(gc.callbacks)
    yield
    gc.callbacks[:] = callbacks
    gc.unfreeze()


def test_a_full_collection_sets_aside_what_it_leaves() -> None:
    collector.walk_only_what_is_new()
    collector.walk_only_what_is_new()
    assert gc.callbacks.count(collector._set_aside) == 1
    kept = [{"name": str(number)} for number in range(1000)]
    before = gc.get_freeze_count()
    gc.collect(1)
    assert gc.get_freeze_count() == before
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)
    assert not any(item is kept for item in gc.get_objects())
