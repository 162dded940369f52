"""The Rasa workers of one running system: as many as settings/rasa.yml says, each on a port of its own.

One port more is free: a worker with a new model starts there, and when it is ready the old one ends its
turns and stops. Calls in progress go on with the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scripts.layout import RASA_PYTHON, Layout
from scripts.supervisor import Service, StartFailed, Supervisor, http_probe
from yingda.plumbing.processes import Child

DEADLINE_S = 300.0  # long enough for a laptop that is busy with something else

MakeChild = Callable[..., Child]


class RasaWorkers:
    """`child(name, command, **environment)` makes a process of this system."""

    def __init__(self, plan: Layout, child: MakeChild) -> None:
        """Nothing is started yet."""
        self._plan, self._child = plan, child
        *self._ports, self._free_port = plan.rasa_ports
        self.services: list[Service] = []

    def make(self, model: Path) -> list[Service]:
        """The workers, to be started with `model`."""
        names = ["rasa", *(f"rasa-{number}" for number in range(2, len(self._ports) + 1))]
        self.services = [
            self._worker(name, port, model) for name, port in zip(names, self._ports, strict=True)
        ]
        return self.services

    def roll(self, supervisor: Supervisor, model: Path, say: Callable[[str], None]) -> bool:
        """Put workers with `model` in the place of those that run, one after another. Whether all were."""
        for number, old in enumerate(self.services):
            port = self._free_port
            new = self._worker(old.name, port, model)
            say(f"  {old.name}: another worker starts with models/{model.name}")
            try:
                supervisor.replace(old, new)
            except StartFailed as error:
                say(f"  {old.name} goes on with the old model: {error}")
                return False
            self._free_port, self.services[number] = old.about["port"], new
        say(f"  all calls are answered by models/{model.name} now")
        return True

    def _worker(self, name: str, port: int, model: Path) -> Service:
        plan = self._plan
        command = [RASA_PYTHON, "scripts/quiet_rasa.py", "run", "--model", str(model)]
        command += ["--interface", "127.0.0.1", "--port", str(port), "--endpoints", str(plan.endpoints())]
        command += ["--credentials", "credentials.yml"]
        probe = http_probe(plan.rasa_url("/webhooks/voice/health", port))
        about = {"port": port, "model": model.name}
        return Service(self._child(name, command, SANIC_WORKERS="1"), probe, DEADLINE_S, about=about)
