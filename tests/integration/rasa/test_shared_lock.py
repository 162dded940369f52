"""Locks over a real Redis: taken once, given back, run out with their worker, prolonged with a living one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import redis as redis_py
import servers
from rasa.core.lock_store import LockError

from extensions.stores import shared_lock
from extensions.stores.lock import CallLockStore
from extensions.stores.shared_lock import SharedLocks

pytestmark = [pytest.mark.integration]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_lock, "EXPIRY_SECONDS", 0.4)
    monkeypatch.setattr(shared_lock, "WAIT_SECONDS", 1.5)


def test_one_worker_at_a_time(redis_url: str) -> None:
    async def run() -> tuple[int, float]:
        inside = most = 0
        workers = [SharedLocks(redis_url) for _ in range(4)]

        async def turn(worker: SharedLocks) -> None:
            nonlocal inside, most
            async with worker.held("one"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.02)
                inside -= 1

        began = time.monotonic()
        await asyncio.gather(*(turn(worker) for worker in workers))
        return most, time.monotonic() - began

    most, took = asyncio.run(run())
    assert most == 1 and took < 1.0  # Rasa's own would wait three whole seconds


def test_a_lock_runs_out_with_its_worker_and_not_before(redis_url: str) -> None:
    client = redis_py.Redis.from_url(redis_url)

    async def run() -> float:
        living = SharedLocks(redis_url)
        async with living.held("two"):
            await asyncio.sleep(1.0)  # longer than it lasts
            assert client.exists("yingda:lock:two")
        assert not client.exists("yingda:lock:two")
        client.set("yingda:lock:two", "of a worker that is no more", px=400)
        began = time.monotonic()
        async with SharedLocks(redis_url).held("two"):
            return time.monotonic() - began

    assert 0.2 < asyncio.run(run()) < 0.8


def test_who_lost_the_lock_does_not_give_back_the_other_ones(redis_url: str) -> None:
    client = redis_py.Redis.from_url(redis_url)

    async def run() -> None:
        async with SharedLocks(redis_url).held("three"):
            client.set("yingda:lock:three", "another worker's", px=5000)
        assert client.get("yingda:lock:three") == b"another worker's"

    asyncio.run(run())


def test_a_lock_that_never_comes_back_is_an_error(redis_url: str) -> None:
    client = redis_py.Redis.from_url(redis_url)
    client.set("yingda:lock:four", "for ever")

    async def run() -> None:
        async with CallLockStore(shared=SharedLocks(redis_url)).lock("four"):
            raise AssertionError("got it")

    with pytest.raises(LockError, match="another worker holds call four"):
        asyncio.run(run())


def test_without_redis_calls_go_on() -> None:
    async def run() -> float:
        locks = CallLockStore(shared=SharedLocks(f"redis://127.0.0.1:{servers.free_port()}/0"))
        began = time.monotonic()
        for _ in range(5):
            async with locks.lock("five"):
                pass
        return time.monotonic() - began

    assert asyncio.run(run()) < 1.0


def test_redis_is_used_with_several_workers_only(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    for workers, shared in ((None, False), ("1", False), ("2", True)):
        monkeypatch.delenv("YINGDA_RASA__WORKERS", raising=False)
        if workers:
            monkeypatch.setenv("YINGDA_RASA__WORKERS", workers)
        assert (CallLockStore()._shared is not None) is shared
