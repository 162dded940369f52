"""Lock store with a fine-grained wait: 20 ms at a time, where Rasa's own waits whole seconds."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore

POLL_SECONDS = 0.02


class QuickLockStore(InMemoryLockStore):
    """Rasa's in-memory locks, polled every 20 ms. A call lives in one worker, so memory is enough."""

    def __init__(self, endpoint_config: Any = None) -> None:
        """`endpoint_config` is what Rasa passes from endpoints.yml; there is nothing to set."""
        super().__init__()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = POLL_SECONDS,
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock."""
        async with super().lock(conversation_id, lock_lifetime, wait_time_in_seconds) as lock:
            yield lock
