"""The back ends of the actions: made once, called in threads, each call with a deadline."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import TypeVar

from actions.clients.crm import Crm, CrmUnavailable

Result = TypeVar("Result")

ANSWER_SECONDS = 1.5
BEFORE_GREETING_SECONDS = 0.3  # the greeting does not wait longer for the customer's name


@functools.lru_cache(maxsize=1)
def crm() -> Crm:
    """The CRM of MONGO_URL."""
    return Crm()


async def ask(work: Callable[[], Result], seconds: float = ANSWER_SECONDS) -> Result:
    """Result of `work` in a thread. Raises CrmUnavailable when it fails or takes longer than `seconds`."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(work), seconds)
    except asyncio.TimeoutError:
        raise CrmUnavailable(f"CRM: no answer in {seconds} s") from None
