"""Rasa workers with all that they need: MongoDB, Redis, the action server; on free ports and chosen cores."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripts.layout import RASA_PYTHON, ROOT
from yingda.plumbing import health, stores
from yingda.plumbing.processes import Child, free_port

START_DEADLINE_S = 240.0
STOCK_ENDPOINTS = 'action_endpoint:\n  url: "http://127.0.0.1:5055/webhook"\n'
STOCK_CREDENTIALS = "channels.voice.VoiceInput:\n  patches: false\n"


@dataclass(frozen=True)
class Configuration:
    """What a worker is started with: a trained model, and ours or Rasa's own stores and code."""

    model: Path
    endpoints: str
    credentials: str

    @classmethod
    def ours(cls, model: Path) -> Configuration:
        """As shipped."""
        texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("endpoints.yml", "credentials.yml")]
        return cls(model, *texts)

    @classmethod
    def stock(cls, model: Path) -> Configuration:
        """Rasa's own code, in-memory tracker store and lock store. Its MongoDB store is left out: it rewrites
        the conversation with $push, which the embedded stand-in does wrongly."""
        return cls(model, STOCK_ENDPOINTS, STOCK_CREDENTIALS)


@dataclass
class Neighbours:
    """The stores and the action server, seeded with the demo customers."""

    folder: Path
    env: dict[str, str]
    actions_url: str
    children: list[Child]

    def worker(self, configuration: Configuration, core: int | None = None, **env: str) -> Worker:
        """A Rasa worker, started and ready. Raises health.NotReady."""
        worker = Worker(self, configuration, core, env)
        worker.start()
        return worker


@dataclass
class Worker:
    """One Rasa process on a port of its own, pinned to `core` if one is given."""

    neighbours: Neighbours
    configuration: Configuration
    core: int | None
    env: dict[str, str]
    port: int = field(default_factory=free_port)
    child: Child = field(init=False)

    def start(self) -> None:
        """Start it on its port and return when it answers. Raises health.NotReady."""
        folder = self.neighbours.folder
        endpoints, credentials = (
            folder / f"endpoints-{self.port}.yml",
            folder / f"credentials-{self.port}.yml",
        )
        text = self.configuration.endpoints.replace(
            "http://127.0.0.1:5055/webhook", self.neighbours.actions_url
        )
        endpoints.write_text(text, encoding="utf-8")
        credentials.write_text(self.configuration.credentials, encoding="utf-8")
        pinned = [] if self.core is None else ["taskset", "-c", str(self.core)]
        command = [*pinned, RASA_PYTHON, "scripts/quiet_rasa.py", "run", "-m", str(self.configuration.model)]
        command += ["--endpoints", str(endpoints), "--credentials", str(credentials)]
        command += ["-i", "127.0.0.1", "-p", str(self.port)]
        env = {**self.neighbours.env, "SANIC_WORKERS": "1", **self.env}
        self.child = Child("rasa", command, folder / f"rasa-{self.port}.log", env, ROOT)
        self.child.start()
        url = f"http://127.0.0.1:{self.port}/webhooks/voice/health"
        health.wait_until_ready("Rasa", lambda: health.check(url), START_DEADLINE_S, self.child.why_ended)

    @property
    def address(self) -> str:
        """Where calls go; the call id is added."""
        return f"ws://127.0.0.1:{self.port}/webhooks/voice/ws"

    def stop(self) -> None:
        """Ask it to end, then end it."""
        self.child.stop()


@contextmanager
def neighbours(folder: Path) -> Iterator[Neighbours]:
    """Started, seeded, and stopped again. They run on the cores that the caller is pinned to."""
    folder.mkdir(parents=True, exist_ok=True)
    mongo = stores.EmbeddedMongo(folder / "mongo", free_port(), folder / "mongo.log")
    redis = stores.EmbeddedRedis(folder / "redis", free_port(), folder / "redis.log")
    actions_port = free_port()
    env = {**os.environ, "MONGO_URL": mongo.url, "REDIS_URL": redis.url, "PYTHONUNBUFFERED": "1"}
    env.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    env.pop("PYTHONPATH", None)
    children = [mongo.child, redis.child]
    try:
        mongo.start()
        redis.start()
        seed = Child("seed", [RASA_PYTHON, "-m", "actions.clients.demo_data"], folder / "seed.log", env, ROOT)
        children.append(seed)
        seed.start()
        actions = _actions(folder, actions_port, env)
        children.append(actions)
        actions.start()
        health.wait_until_ready(
            "the action server",
            lambda: health.check(f"http://127.0.0.1:{actions_port}/health"),
            START_DEADLINE_S,
            actions.why_ended,
        )
        health.wait_until_ready("the seed", lambda: "runs" if seed.running() else None, START_DEADLINE_S)
        if seed.exit_status() != 0:
            raise health.NotReady(f"the demo customers could not be written\n{seed.log_tail()}")
        yield Neighbours(folder, env, f"http://127.0.0.1:{actions_port}/webhook", children)
    finally:
        for child in reversed(children):
            child.ask_to_stop()
        for child in reversed(children):
            child.stop()


def _actions(folder: Path, port: int, env: dict[str, str]) -> Child:
    command = [RASA_PYTHON, "scripts/quiet_rasa.py", "run", "actions", "--port", str(port)]
    told = {**env, "SANIC_HOST": "127.0.0.1", "SANIC_WORKERS": "1"}
    told["YINGDA_CRM__OUTBOX__FOLDER"] = str(folder / "outbox")
    return Child("actions", command, folder / "actions.log", told, ROOT)


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time so far of these processes and all their threads; one that is gone counts as 0."""
    ticks = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def busy_seconds(core: int) -> float:
    """How long the core has worked so far, for whomever."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *numbers = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, steal = map(int, numbers[:8])
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    raise ValueError(f"/proc/stat names no core {core}")
