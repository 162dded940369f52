"""Speech servers as processes of their own, with words for models, to be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from yingda.plumbing import health

ROOT = Path(__file__).resolve().parents[3]
START_DEADLINE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class WordServer:
    """One address at which servers come and go."""

    folder: Path
    recogniser: str = ""  # further YAML
    drain_s: float = 5.0

    def __post_init__(self) -> None:
        self.grpc_port, self.http_port = free_port(), free_port()
        self.grpc, self.http = f"127.0.0.1:{self.grpc_port}", f"http://127.0.0.1:{self.http_port}"
        self._settings = self.folder / "speech.yml"
        self._settings.write_text(
            f"server: {{grpc_port: {self.grpc_port}, http_port: {self.http_port}, drain_s: {self.drain_s}}}\n"
            f"recogniser: {{{self.recogniser}}}\n"
            f"prompts: {{domain_file: null, folder: {self.folder / 'prompts'}}}\n",
            encoding="utf-8",
        )
        self.log = self.folder / "speech.log"
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it, and do not wait."""
        script = Path(__file__).with_name("word_server.py")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        with self.log.open("ab") as sink:
            command = [sys.executable, str(script), str(self._settings)]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=sink, env=environment)

    def wait_until_ready(self) -> None:
        process = self.process
        assert process is not None

        def ended() -> str | None:
            return None if process.poll() is None else self.log.read_text(errors="replace")[-2000:]

        url = self.http + "/health"
        health.wait_until_ready("speech", lambda: health.check(url), START_DEADLINE_S, ended)

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.http + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name: str) -> float:
        """A metric's value, summed over its labels."""
        lines = self.get("/metrics")[1].splitlines()
        values = [float(x.split()[-1]) for x in lines if x.split("{")[0].split(" ")[0] == name]
        return sum(values)

    def wait_for_streams(self, number: int, limit_s: float) -> float:
        """Seconds until there are `number` streams."""
        began = time.monotonic()
        while self.metric("speech_streams") != number:
            assert time.monotonic() - began < limit_s, self.metric("speech_streams")
            time.sleep(0.02)
        return time.monotonic() - began
