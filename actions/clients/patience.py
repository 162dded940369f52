"""How long the CRM is waited for: deadlines, retries of reads, a breaker. Blocks its thread."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from actions.clients.outage import LEAST_LEFT_S, Breaker, Retries

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Work = Callable[[float], Result]  # takes the seconds that it may use

ANSWER_S = 1.0
_end: ContextVar[float | None] = ContextVar("crm_end", default=None)


class CrmUnavailable(Exception):
    """The CRM did not answer in time; the caller needs an apology and a way to a human."""


class CrmRefused(CrmUnavailable):
    """The CRM answered that it will not do this, whenever it is asked: to try again is of no use."""


class CrmMisread(CrmUnavailable):
    """The CRM answered what makes no sense: a mistake, or something before it that speaks in its place."""


class Passing(CrmUnavailable):
    """It failed in a way that often passes: a read may be tried again, after `wait_s` if the CRM said so."""

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s


@contextmanager
def until(end: float) -> Iterator[None]:
    """Everything asked in here ends by `end`, of time.monotonic()."""
    token = _end.set(end)
    try:
        yield
    finally:
        _end.reset(token)


class Patience:
    """Runs work against one CRM. Shared by all threads and clients of it."""

    def __init__(
        self,
        answer_s: float = ANSWER_S,
        breaker: Breaker | None = None,
        retries: Retries | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`answer_s` is how long one question may take, with its retries."""
        self._answer_s = answer_s
        self._breaker = breaker or Breaker(failures=5, open_s=5.0)
        self._retries = retries or Retries()
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()

    def read(self, work: Work[Result]) -> Result:
        """Result of `work`, tried again when it failed quickly. Raises CrmUnavailable by the deadline."""
        return self._run(work, self._retries)

    def write(self, work: Work[Result]) -> Result:
        """Result of `work`, tried once. Raises CrmUnavailable by the deadline."""
        return self._run(work, Retries(attempts=1))

    def _run(self, work: Work[Result], retries: Retries) -> Result:
        begun = self._clock()
        with self._lock:
            if not self._breaker.admits(begun):
                raise CrmUnavailable("CRM: not asked, because it failed several times in a row just now")
        given = _end.get()
        end = begun + self._answer_s if given is None else min(given, begun + self._answer_s)
        try:
            result = self._tried(work, end, retries)
        except CrmRefused:  # it is there
            with self._lock:
                self._breaker.succeeded()
            raise
        except CrmUnavailable:
            with self._lock:
                # a deadline that passed sooner than usual says nothing about the CRM
                fair = self._clock() < end or end - begun >= 0.9 * self._answer_s
                opened = self._breaker.failed(self._clock(), fair)
            if opened:
                logger.error("CRM: failed several times in a row; it is left alone for a while")
            raise
        except BaseException:  # the work is wrong, not the CRM; a probe must still be given back
            with self._lock:
                self._breaker.failed(self._clock(), fair=False)
            raise
        with self._lock:
            self._breaker.succeeded()
        return result

    def _tried(self, work: Work[Result], end: float, retries: Retries) -> Result:
        attempt = 0
        while True:
            attempt += 1
            left = end - self._clock()
            if left <= LEAST_LEFT_S:
                raise CrmUnavailable("CRM: no time is left to ask it")
            try:
                return work(left)
            except Passing as error:
                left = end - self._clock()
                wait = retries.wait_s(attempt, left, random.random(), error.wait_s)
                if wait is None:
                    raise
                self._sleep(wait)
