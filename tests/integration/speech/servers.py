"""Speech servers as processes of their own, with words for models, to be killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.speech._process import SpeechProcess
from yingda.plumbing.processes import free_port

ROOT = Path(__file__).resolve().parents[3]
START_DEADLINE_S = 60.0


@dataclass
class WordServer(SpeechProcess):
    """One address at which servers come and go."""

    folder: Path
    recogniser: str = ""  # further YAML
    drain_s: float = 5.0

    def __post_init__(self) -> None:
        self.grpc_port, self.http_port = free_port(), free_port()
        self.grpc, self.url = f"127.0.0.1:{self.grpc_port}", f"http://127.0.0.1:{self.http_port}"
        self._settings = self.folder / "speech.yml"
        self._settings.write_text(
            f"server: {{grpc_port: {self.grpc_port}, http_port: {self.http_port}, drain_s: {self.drain_s}}}\n"
            f"recogniser: {{{self.recogniser}}}\n"
            f"prompts: {{domain_file: null, folder: {self.folder / 'prompts'}}}\n",
            encoding="utf-8",
        )
        self.log_path, self.deadline_s = self.folder / "speech.log", START_DEADLINE_S

    def launch(self) -> None:
        """Start it, and do not wait."""
        script = Path(__file__).with_name("word_server.py")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        with self.log_path.open("ab") as sink:
            command = [sys.executable, str(script), str(self._settings)]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=sink, env=environment)

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
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
