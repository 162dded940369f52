"""Starts processes in parallel, waits until they are healthy, restarts those that die, stops them all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yingda.plumbing import health
from yingda.plumbing.processes import Child

# A process that dies is started again at once, since callers wait; one that keeps dying, ever more slowly.
LONGEST_DELAY_S = 30.0
SETTLED_AFTER_S = 60.0
STILL_EVERY_S = 15.0
REPLACED_GRACE_S = 15.0  # for turns that are under way


class StartFailed(Exception):
    """A process did not become ready; the text says which, why, and the end of its log."""


@dataclass
class Service:
    """One process of the system."""

    child: Child
    probe: Callable[[], str | None]  # None when ready, else what is missing
    deadline_s: float
    ready: bool = False
    started_at: float = 0.0
    restarts: int = 0
    about: dict[str, Any] = field(default_factory=dict)  # more for the state file
    deaths_in_a_row: int = 0
    start_again_at: float | None = None

    @property
    def name(self) -> str:
        return self.child.name


class Supervisor:
    """Works from one thread, because a child's parent-death signal follows the thread that started it."""

    def __init__(self, say: Callable[[str], None], state: Path) -> None:
        """`say` shows one line; `state` is a JSON file with process ids and restarts, for tests."""
        self.services: list[Service] = []
        self._say = say
        self._state = state

    def start(self, services: list[Service]) -> None:
        """Start these together and return when all are healthy. Raises StartFailed."""
        begun = time.monotonic()
        for service in services:
            self.services.append(service)
            self._launch(service, begun)
        still_at = begun + STILL_EVERY_S
        while True:
            waiting = [service for service in services if not service.ready]
            if not waiting:
                return
            for service in waiting:
                self._look(service)
            now = time.monotonic()
            if now >= still_at:
                still_at = now + STILL_EVERY_S
                names = ", ".join(service.name for service in waiting if not service.ready)
                self._say(f"  still starting: {names} ({now - begun:.0f} s)")
            time.sleep(0.1)

    def replace(self, old: Service, new: Service) -> None:
        """Start `new`, and when it is healthy stop `old`; the others are looked after meanwhile.

        Raises StartFailed, and then `old` goes on.
        """
        self._launch(new, time.monotonic())
        try:
            while not new.ready:
                self.watch()
                self._look(new)
                time.sleep(0.1)
        except BaseException:
            new.child.stop()
            raise
        self.services[self.services.index(old)] = new
        self._write_state()
        old.child.stop(grace_s=REPLACED_GRACE_S)

    def _look(self, service: Service) -> None:
        reason = service.probe()
        took = time.monotonic() - service.started_at
        if reason is None:
            service.ready = True
            self._say(f"  {service.name:<9} ready {took:6.1f} s")
            return
        ended = service.child.why_ended()
        if ended is None and took < service.deadline_s:
            return
        why = ended or f"was not ready after {service.deadline_s:.0f} s: {reason}"
        raise StartFailed(f"{service.name} {why}\n--- {service.child.log}\n{service.child.log_tail()}")

    def _launch(self, service: Service, now: float) -> None:
        service.ready, service.started_at, service.start_again_at = False, now, None
        service.child.start()
        self._write_state()

    def watch(self) -> None:
        """Look after everything once: call it several times a second."""
        now = time.monotonic()
        for service in self.services:
            if service.start_again_at is not None:
                if now >= service.start_again_at:
                    service.restarts += 1
                    self._launch(service, now)
            elif not service.child.running():
                self._bury(service, now)
            elif not service.ready and service.probe() is None:
                service.ready = True
                self._say(f"  {service.name} is back after {now - service.started_at:.1f} s")
            elif service.deaths_in_a_row and now - service.started_at > SETTLED_AFTER_S:
                service.deaths_in_a_row = 0

    def _bury(self, service: Service, now: float) -> None:
        delay = (
            0.0
            if service.deaths_in_a_row == 0
            else min(2.0 ** (service.deaths_in_a_row - 1), LONGEST_DELAY_S)
        )
        service.deaths_in_a_row += 1
        service.start_again_at = now + delay
        when = f"in {delay:.0f} s" if delay else "now"
        self._say(
            f"  {service.name} {service.child.why_ended()}; starting it again {when} ({service.restarts + 1})"
        )

    def stop(self) -> None:
        """Stop everything, the latest started first; those that end slowly end together."""
        for service in reversed(self.services):
            service.child.ask_to_stop()
        for service in reversed(self.services):
            service.child.stop(grace_s=8.0)
        self._state.unlink(missing_ok=True)

    def _write_state(self) -> None:
        rows = {s.name: {"pid": s.child.pid, "restarts": s.restarts, **s.about} for s in self.services}
        rows["run"] = {"pid": os.getpid(), "restarts": 0}
        self._state.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._state.with_suffix(".tmp")
        fresh.write_text(json.dumps(rows, indent=2) + "\n")
        fresh.replace(self._state)


def http_probe(url: str) -> Callable[[], str | None]:
    """Healthy when `url` answers 200."""
    return lambda: health.check(url)
