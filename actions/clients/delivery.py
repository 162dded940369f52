"""The outbox at work: a write is on the disk before it is tried; a thread delivers what could not be written.

`kill -9` at any moment loses nothing: what is in the folder is delivered after the next start. A write that
was delivered and not yet taken out of the folder is delivered again, which is the same as once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from actions.clients import deeds, outbox
from actions.clients.deeds import Deed
from actions.clients.outbox import Entry, Queue
from actions.clients.patience import CrmMisread, CrmRefused, CrmUnavailable
from actions.clients.protocols import Adapter
from actions.clients.spool import Spool

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # other processes may have put something
LOOK_SHARE = (
    20  # a folder of many thousands takes a while to read; so many times as long nobody reads it again
)
TOLD_S = 60.0  # while anything waits, the log says so as often
DAY_S = timedelta(days=1).total_seconds()


class Outbox:
    """What waits for the CRM. Used by all threads."""

    def __init__(
        self,
        spool: Spool,
        crm: Callable[[], Adapter],
        longest_wait_s: float = 60.0,
        keep_days: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`crm` gives the adapter to deliver to; it may raise CrmUnavailable. `clock` only goes forward."""
        self.spool, self._crm = spool, crm
        self._clock = clock
        self._queue = Queue(longest_wait_s, keep_days * DAY_S)
        self._lock = threading.Lock()
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._told = float("-inf")
        self._look_took_s = 0.0

    def start(self) -> None:
        """Deliver in a thread from now on. Again is the same as once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; what waits stays where it is."""
        self._stopped.set()
        self._wake.set()
        if self._thread:
            self._thread.join()
        self.spool.leave()

    def put(self, deed: Deed) -> tuple[Entry, bool]:
        """Keep it; whether it may be tried at once, as none of its key waits before it. Raises OSError."""
        entry = self.spool.put(deed.kind, deed.key, deeds.dumps(deed))
        with self._lock:
            return entry, self._queue.put(entry, self._clock())

    def done(self, entry: Entry) -> None:
        """It is in the CRM."""
        self.spool.done(entry.name)
        with self._lock:
            self._queue.delivered(entry.name, self._clock())
            others = bool(self._queue.entries)
        if others:
            self._wake.set()  # the CRM is there: they may go too

    def refuse(self, entry: Entry, why: str) -> None:
        """It is of no use to try again."""
        self.spool.refuse(entry.name, why)
        with self._lock:
            self._queue.refused(entry.name)
        call_id, _ = self.spool.why(entry.name)
        logger.error("outbox: call %s: a %s was refused: %s; see `make outbox`", call_id, entry.kind, why)

    def failed(self, entry: Entry, misread: bool = False) -> None:
        """It stays, and is tried again."""
        with self._lock:
            give_up = self._queue.failed(entry.name, self._clock(), misread)
        if give_up:
            self.refuse(entry, f"the CRM did not answer as it should, {outbox.MOST_MISREAD} times")

    def summary(self) -> outbox.Summary:
        """What an operator wants to know."""
        return outbox.summary(self.spool.entries(), len(self.spool.refused()), time.time())

    def look(self) -> None:
        """See what waits, also what other processes put. Under the lock: what is put or done meanwhile is
        added or forgotten after it."""
        with self._lock:
            begun = self._clock()
            self._queue.look(self.spool.entries(), begun)
            self._look_took_s = self._clock() - begun

    def deliver_due(self) -> None:
        """Everything that is due now, one after the other, until the CRM fails."""
        while not self._stopped.is_set():
            self.look()
            with self._lock:
                old, due = self._queue.too_old(time.time()), self._queue.due(self._clock())
            for late in old:
                self.refuse(late, "it was kept as long as settings/crm.yml says, and could not be written")
            for entry in due if not old else ():
                if self._stopped.is_set() or not self._admits():
                    return
                self._deliver(entry)
                self._tell()
            if not due and not old:
                return

    def _admits(self) -> bool:
        with self._lock:
            return self._queue.admits(self._clock())

    def _deliver(self, entry: Entry) -> None:
        try:
            deeds.do(self._crm(), deeds.loads(self.spool.read(entry.name)))
        except FileNotFoundError:
            return  # who put it delivered it
        except (CrmRefused, deeds.Unreadable) as error:
            return self.refuse(entry, str(error))
        except CrmMisread:
            return self.failed(entry, misread=True)
        except CrmUnavailable:
            return self.failed(entry)
        except Exception as error:  # a mistake of ours must not end the thread; its text may be personal
            logger.error("outbox: a %s could not be delivered (%s)", entry.kind, type(error).__name__)
            return self.failed(entry, misread=True)
        self.done(entry)

    def _run(self) -> None:
        while not self._stopped.is_set():
            wait = LOOK_S
            self._wake.clear()
            try:
                if self.spool.lead():
                    self.deliver_due()
                    self._tell()
                    with self._lock:
                        wait = max(0.01, self._queue.wait_s(self._clock(), LOOK_S))
                else:
                    self.look()
            except OSError as error:
                logger.error("outbox: %s cannot be used (%s)", self.spool.folder, error.strerror)
                wait = TOLD_S
            self._wake.wait(max(wait, LOOK_SHARE * self._look_took_s))

    def _tell(self) -> None:
        now = self._clock()
        if now - self._told < TOLD_S:
            return
        found = self.summary()
        if found.waiting:
            self._told = now
            logger.warning("outbox: %s; see `make outbox`", found)
