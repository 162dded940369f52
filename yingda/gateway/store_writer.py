"""Writes to a store in order and in a thread of its own; what the store does not take waits in a journal.

A call must never wait for a store.  ``put`` only queues.  When a write fails, the operation and all that
follow go to a file of JSON lines; it is replayed when the store is back, also after a restart of the process.
Every operation can be applied twice without harm.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Operation = dict[str, Any]


class StoreWriter:
    """``apply(operation)`` writes to the store and raises when it cannot; it runs in the writer's thread."""

    def __init__(self, name: str, apply: Callable[[Operation], None], journal: Path, retry_s: float) -> None:
        self.name = name
        self._apply = apply
        self._journal = journal
        self._retry_s = retry_s
        self._inbox: queue.SimpleQueue[Operation | None] = queue.SimpleQueue()
        self._is_behind = False  # there are operations in the journal
        self.written = 0
        self.journalled = 0
        self._thread = threading.Thread(target=self._run, name=f"writer-{name}", daemon=True)

    @property
    def is_behind(self) -> bool:
        """The store has not got everything yet."""
        return self._is_behind

    def start(self) -> None:
        self._is_behind = self._journal.exists()
        self._thread.start()

    def put(self, operation: Operation) -> None:
        """Queue one operation (plain JSON values); returns at once."""
        self._inbox.put(operation)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Write what is queued, to the store or the journal."""
        self._inbox.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            try:
                operation = self._inbox.get(timeout=self._retry_s if self._is_behind else None)
            except queue.Empty:
                self._catch_up()
                continue
            if operation is None:
                if self._is_behind:
                    self._catch_up()
                return
            self._take(operation)

    def _take(self, operation: Operation) -> None:
        if not self._is_behind:
            try:
                self._apply(operation)
                self.written += 1
                return
            except Exception as error:
                log.error(
                    "%s does not take writes (%s); they wait in %s", self.name, _kind(error), self._journal
                )
                self._is_behind = True
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(operation, ensure_ascii=False) + "\n")
        self.journalled += 1

    def _catch_up(self) -> None:
        lines = self._journal.read_text(encoding="utf-8").splitlines() if self._journal.exists() else []
        done = 0
        try:
            for line in lines:
                operation = _parse(line)
                if operation is not None:
                    self._apply(operation)
                    self.written += 1
                done += 1
        except Exception as error:
            log.debug("%s is still away (%s)", self.name, _kind(error))
        if done == len(lines):
            self._journal.unlink(missing_ok=True)
            self._is_behind = False
            log.info("%s has got everything again: %d writes from the journal", self.name, done)
        elif done:
            part = self._journal.with_suffix(".part")
            part.write_text("\n".join(lines[done:]) + "\n", encoding="utf-8")
            part.replace(self._journal)


def _parse(line: str) -> Operation | None:
    try:
        operation = json.loads(line)
    except ValueError:  # the process died in the middle of this line
        return None
    return operation if isinstance(operation, dict) else None


def _kind(error: Exception) -> str:
    return type(error).__name__
