"""Locks of conversations: one turn of a call at a time, waited for 20 ms at a time, not in whole seconds.

With one worker they live in memory. With several, Redis holds them too: a call may come to another worker
while its old one, cut off or slow, still works on a turn.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore

from extensions.stores.shared_lock import SharedLocks

POLL_SECONDS = 0.02
WORKERS = "YINGDA_RASA__WORKERS"  # settings/rasa.yml; set by scripts/run.py, or in a cluster by its operator


class CallLockStore(InMemoryLockStore):
    """Named in endpoints.yml. In Redis too when REDIS_URL is there and YINGDA_RASA__WORKERS is above 1."""

    def __init__(self, endpoint_config: Any = None, shared: SharedLocks | None = None) -> None:
        """`endpoint_config` is what Rasa passes from endpoints.yml; there is nothing to set. Tests pass
        `shared`."""
        super().__init__()
        url, workers = os.environ.get("REDIS_URL"), os.environ.get(WORKERS) or "1"
        self._shared = shared or (SharedLocks(url) if url and workers != "1" else None)

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = POLL_SECONDS,
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock. Raises LockError when another worker does not give it back."""
        async with super().lock(conversation_id, lock_lifetime, wait_time_in_seconds) as ticket:
            if self._shared is None:
                yield ticket
                return
            async with self._shared.held(conversation_id):
                yield ticket
