"""The media clock: a thread that wakes 50 times a second, on time, whatever the rest of the process does."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable

TICK_SECONDS = 0.02
BIN_MS = 0.1
BINS = 500  # up to 50 ms; the last bin holds everything later
GIVE_UP_TICKS = 25  # further behind than 0.5 s (a suspended machine): the clock starts anew
FIFO_PRIORITY = 10
NICE = -15
HELPER_NICE = -10
SWITCH_SECONDS = 0.0002
PR_SET_TIMERSLACK = 29


class LatenessHistogram:
    """How late ticks began, in bins of 0.1 ms."""

    def __init__(self) -> None:
        self.bins = [0] * BINS
        self.max_ms = 0.0
        self.count = 0

    def add(self, late_ms: float) -> None:
        """Count one tick."""
        self.bins[min(int(late_ms / BIN_MS), BINS - 1)] += 1
        self.count += 1
        self.max_ms = max(self.max_ms, late_ms)

    def percentile(self, share: float) -> float:
        """Lateness in ms that `share` (0-1) of the ticks did not exceed (upper edge of its bin)."""
        wanted, seen = share * self.count, 0
        for number, ticks in enumerate(self.bins):
            seen += ticks
            if ticks and seen >= wanted:
                return min((number + 1) * BIN_MS, self.max_ms)
        return self.max_ms

    def summary(self) -> dict[str, float]:
        """p50, p99 and max in ms."""
        return {"p50": self.percentile(0.5), "p99": self.percentile(0.99), "max": self.max_ms}


def raise_priority() -> str:
    """Give the calling thread real-time priority, else a better nice value; says which: fifo, nice or
    normal."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0)  # wake within 1 us, not 50
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
        return "fifo"
    except OSError:
        pass
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        return "nice"
    except OSError:
        return "normal"


def favour_thread() -> None:
    """Raise the calling thread, and threads that it starts from now on, a little, where permitted.

    Every thread of the process holds the interpreter's lock at times. Were it then kept off the processor by
    other programs, the media thread would wait with it, whatever its own priority.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), HELPER_NICE)


class MediaClock:
    """Runs step(part) on time in its own thread: part 0 is the tick, parts 1..parts-1 follow evenly within
    it."""

    def __init__(self, parts: int, step: Callable[[int], None], finish: Callable[[], None]) -> None:
        self._parts, self._step, self._finish = parts, step, finish
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)
        self.lateness = LatenessHistogram()
        self.priority = "normal"
        self.restarts = 0
        self.cpu_seconds = 0.0
        self.failures = 0
        self.error: BaseException | None = None

    def start(self) -> None:
        """Start ticking. Freezes the garbage collector's present objects: a full collection would stop the
        clock."""
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.collect()
        gc.freeze()
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End after the present tick."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """The thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        self.priority = raise_priority()
        self._tick_until_stopped()
        self._finish()

    def _tick_until_stopped(self) -> None:
        start, number, parts = time.monotonic(), 0, self._parts
        while not self._stopping:
            number += 1
            due = start + number * TICK_SECONDS
            self._sleep_until(due)
            late = time.monotonic() - due
            if late > GIVE_UP_TICKS * TICK_SECONDS:
                start, number = time.monotonic(), 0
                self.restarts += 1
            self.lateness.add(max(late, 0.0) * 1000.0)
            self._try(0)
            for part in range(1, parts):
                self._sleep_until(due + part * TICK_SECONDS / parts)
                self._try(part)
            self.cpu_seconds = time.thread_time()

    def _try(self, part: int) -> None:
        try:
            self._step(part)
        except Exception as error:  # a tick gone wrong costs 20 ms; a dead thread would cost all calls
            self.failures += 1
            self.error = error

    @staticmethod
    def _sleep_until(due: float) -> None:
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
