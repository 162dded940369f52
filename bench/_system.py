"""The whole system, started by scripts.run beside whatever else runs here, for figures and tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pymongo.database import Database

from scripts import layout
from scripts.layout import OFFSET, ROOT, Layout
from yingda.plumbing import health, stores

START_DEADLINE_S = 600.0
READY = "stop it with Ctrl-C"


class DidNotStart(Exception):
    """The system did not come up; the text is the end of what it said."""


@dataclass
class System:
    """A running system; ``said`` grows while it runs."""

    plan: Layout
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def sip(self) -> tuple[str, int]:
        """Where to call it."""
        return "127.0.0.1", self.plan.sip_port

    @property
    def mongo_url(self) -> str:
        """Its MongoDB."""
        return os.environ.get("MONGO_URL") or f"mongodb://127.0.0.1:{self.plan.port(layout.MONGO_PORT)}"

    @cached_property
    def database(self) -> Database[dict[str, Any]]:
        """Its records, through one client."""
        return stores.database(self.mongo_url)

    def pid(self, name: str) -> int:
        """Process id of speech, actions, rasa or gateway."""
        return int(self._state()[name]["pid"])

    def restarts(self, name: str) -> int:
        """How often it was started again."""
        return int(self._state()[name]["restarts"])

    def _state(self) -> dict[str, dict[str, Any]]:
        text = (self.plan.folder / "run.json").read_text(encoding="utf-8")
        return dict(json.loads(text))

    def health_url(self, name: str) -> str:
        """GET answers 200 when the process is ready."""
        plan = self.plan
        if name.startswith("rasa"):
            return plan.rasa_url("/webhooks/voice/health", self._state()[name]["port"])
        urls = {
            "speech": plan.speech_url("/health"),
            "actions": plan.actions_url("/health"),
            "gateway": plan.gateway_url("/health"),
        }
        return urls[name]

    def healthy(self, name: str) -> bool:
        """Is it ready now?"""
        return health.check(self.health_url(name)) is None

    def kill(self, name: str) -> int:
        """kill -9 one process; returns the process id that is no more."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid


@contextmanager
def running(offset: int = 0) -> Iterator[System]:
    """Start the system without its demo call, yield it ready, stop it. Raises DidNotStart."""
    os.environ[OFFSET] = str(offset or os.environ.get(OFFSET, "0") or 0)
    env = {**os.environ, "CALL": "none", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "scripts.run"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    system = System(layout.read(), process)
    reader = threading.Thread(target=_listen, args=(system,), daemon=True)
    reader.start()
    try:
        _wait_ready(system)
        yield system
    finally:
        if "database" in vars(system):
            system.database.client.close()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(timeout=5)


def _listen(system: System) -> None:
    assert system.process.stdout is not None
    for line in system.process.stdout:
        system.said.append(line.rstrip())


def _wait_ready(system: System) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while not any(READY in line for line in system.said):
        if system.process.poll() is not None or time.monotonic() > deadline:
            raise DidNotStart("\n".join(["the system did not come up:", *system.said[-30:]]))
        time.sleep(0.2)


def recorded_file(path: str) -> Path:
    """A recording as the record names it, which may be relative to the root."""
    return Path(path) if Path(path).is_absolute() else ROOT / path
