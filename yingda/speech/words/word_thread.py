"""The thread that makes words of what the model said, so that the event loop goes on taking audio in.

Reading one partial takes as long as dozens of messages. While the thread is behind, partials are left out:
the next chunk brings another. Finals are always read, and wait for a few partials at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from yingda.speech.metrics import Metrics

T = TypeVar("T")
MOST_WAIT_S = 0.1  # of a partial: its stream's next chunk waits with it
FIRST_GUESS_S = 0.02  # how long a reading takes
_WEIGHT = 0.1  # of a reading in the estimate of the next one


class WordThread:
    """One for all streams; used from the event loop."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="words")
        self._waiting = 0
        self._takes_s = FIRST_GUESS_S

    async def read(self, work: Callable[[], T], is_final: bool, deadline_s: float) -> T | None:
        """What `work` gives; None for a partial that is left out. Raises TimeoutError."""
        if not is_final and self._waiting * self._takes_s >= MOST_WAIT_S:
            self._metrics.count("speech_partials_left_out_total")
            return None
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._timed, work)
        finally:
            self._waiting -= 1

    def _timed(self, work: Callable[[], T]) -> T:
        began, began_s = time.monotonic(), time.thread_time()
        try:
            return work()
        finally:
            self._takes_s += _WEIGHT * (time.monotonic() - began - self._takes_s)
            self._metrics.count("speech_words_cpu_seconds_total", time.thread_time() - began_s)
