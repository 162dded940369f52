"""Locks in Redis, over all workers: redis-py's own, which are taken and given back atomically.

A lock runs out shortly after its worker has died, and is prolonged as long as the worker lives. A worker
that stalls for longer loses it; what it writes then is refused by the numbers of the events
(extensions/stores/events.py). Without Redis calls go on, by the numbers alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from rasa.core.lock_store import LockError
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError as NotOurs
from redis.exceptions import RedisError

from yingda.plumbing.stores import ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS

logger = logging.getLogger(__name__)

EXPIRY_SECONDS = 1.5  # how long the call of a dead worker waits at most
WAIT_SECONDS = 5.0  # and any call for a living one
POLL_SECONDS = 0.02
REST_SECONDS = 2.0  # after a failure Redis is left alone this long


class SharedLocks:
    """All locks of one worker."""

    def __init__(self, url: str) -> None:
        """Nothing is connected before the first use."""
        self._url = url
        self._redis: Redis[str] | None = None
        self._rest_until = 0.0

    @asynccontextmanager
    async def held(self, conversation_id: str) -> AsyncGenerator[None, None]:
        """Hold it, if Redis is there. Raises LockError when another worker holds it for too long."""
        lock = await self._take(conversation_id)
        if lock is None:
            yield
            return
        prolonging = asyncio.ensure_future(self._prolong(lock))
        try:
            yield
        finally:
            prolonging.cancel()
            try:
                await lock.release()
            except NotOurs:
                logger.warning("lock store: call %s was taken over by another worker", conversation_id)
            except RedisError as error:
                self._rest(error)

    async def _take(self, conversation_id: str) -> Lock | None:
        if time.monotonic() < self._rest_until:
            return None
        if self._redis is None:
            self._redis = Redis.from_url(
                self._url,
                socket_connect_timeout=CONNECT_TIMEOUT_MS / 1000,
                socket_timeout=ANSWER_TIMEOUT_MS / 1000,
            )
        lock = Lock(
            self._redis,
            f"yingda:lock:{conversation_id}",
            timeout=EXPIRY_SECONDS,
            sleep=POLL_SECONDS,
            blocking_timeout=WAIT_SECONDS,
            thread_local=False,
        )
        try:
            taken = await lock.acquire()
        except RedisError as error:
            self._rest(error)
            return None
        if not taken:
            raise LockError(f"another worker holds call {conversation_id} for more than {WAIT_SECONDS:.0f} s")
        return lock

    async def _prolong(self, lock: Lock) -> None:
        while True:
            await asyncio.sleep(EXPIRY_SECONDS / 3)
            with contextlib.suppress(RedisError):  # also when it is not ours any more: release() says so
                await lock.reacquire()

    def _rest(self, error: Exception) -> None:
        self._rest_until = time.monotonic() + REST_SECONDS
        logger.warning(
            "lock store: Redis is away (%s), workers do not wait for one another; check REDIS_URL",
            type(error).__name__,
        )
