"""A real speech server on ports of its own, and callers who talk to it through the gateway's link."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.speech._process import SpeechProcess
from yingda.gateway.settings import SpeechSettings as LinkSettings
from yingda.gateway.speech_link import Recognition, SpeechLink
from yingda.plumbing.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE_S = 600.0
FRAME = 160  # samples: 20 ms
FRAME_S = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server(SpeechProcess):
    """One address, at which `python -m yingda.speech` may be killed and started again."""

    settings: dict[str, str] = field(default_factory=dict)  # RECOGNISER__CHUNK_MS and so on

    def __post_init__(self) -> None:
        self.grpc_port, self.http_port = free_port(), free_port()
        self.address, self.url = f"127.0.0.1:{self.grpc_port}", f"http://127.0.0.1:{self.http_port}"
        self._log = tempfile.NamedTemporaryFile(prefix="speech-", suffix=".log")  # noqa: SIM115
        self.log_path, self.deadline_s = Path(self._log.name), START_DEADLINE_S

    def launch(self) -> None:
        """Start it, and do not wait."""
        wanted = {
            "SERVER__GRPC_PORT": str(self.grpc_port),
            "SERVER__HTTP_PORT": str(self.http_port),
            "PROMPTS__DOMAIN_FILE": "null",
            "PROMPTS__TEXTS": "[]",
            **self.settings,
        }
        environment = {**os.environ, **{f"YINGDA_SPEECH__{k}": v for k, v in wanted.items()}}
        environment.update({"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)})
        command = [sys.executable, "-m", "yingda.speech", "--settings", "settings/speech.yml"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self._log.file, stderr=subprocess.STDOUT
        )

    def start(self) -> None:
        """Up and healthy."""
        print("  starting a speech server ...", end="", flush=True)
        began = time.monotonic()
        self.launch()
        self.wait_until_ready()
        print(f" ready after {time.monotonic() - began:.0f} s", flush=True)

    def status(self) -> int:
        """Of GET /health; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code)
        except OSError:
            return 0

    def metric(self, name: str) -> float:
        """Summed over its labels."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return sum(float(v) for v in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    def thread_cpu_s(self) -> dict[int, float]:
        """CPU-seconds of each thread so far; the process's own number is the event loop's."""
        assert self.process is not None
        found = {}
        for folder in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICKS
        return found


@dataclass
class Heard:
    """What became of a turn: its text (None: it failed), and the seconds from half-close to the final."""

    text: str | None
    delay_s: float
    ended_at: float = field(default_factory=time.monotonic)


class Turn:
    """One customer turn at the pace of speech."""

    def __init__(self, link: SpeechLink, pcm: np.ndarray) -> None:
        self.pcm = pcm
        self.partials: list[str] = []
        self._done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.stream: Recognition = link.recognise(
            [], self.partials.append, lambda text, _: self._end(text), lambda: self._end(None)
        )

    def _end(self, text: str | None) -> None:
        if not self._done.done():
            self._done.set_result(text)

    @property
    def is_over(self) -> bool:
        return self._done.done()

    async def speak(self, begin_s: float = 0.0, end_s: float | None = None) -> None:
        """A part of the turn, a frame every 20 ms."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        last = len(self.pcm) if end_s is None else min(len(self.pcm), round(end_s * 8000))
        for at in range(round(begin_s * 8000), last, FRAME):
            self.stream.write(self.pcm[at : at + FRAME])
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def finish(self, limit_s: float = 30.0) -> Heard:
        """Half-close, and wait."""
        began = time.monotonic()
        self.stream.finish()
        try:
            text = await asyncio.wait_for(asyncio.shield(self._done), limit_s)
        except TimeoutError:
            text = None
        return Heard(text, time.monotonic() - began)

    async def all(self) -> Heard:
        """From the first word to the final."""
        await self.speak()
        return await self.finish()


@contextlib.asynccontextmanager
async def linked(server: Server, reconnect_s: float = 1.0) -> AsyncIterator[SpeechLink]:
    """The gateway's link to a server that runs."""
    link = SpeechLink(LinkSettings(address=server.address, reconnect_s=reconnect_s), lambda is_up: None)
    await link.start()
    try:
        async with asyncio.timeout(30):
            while not link.is_up:  # noqa: ASYNC110 (it has no event)
                await asyncio.sleep(0.02)
        yield link
    finally:
        await link.close()


def percentile(values: list[float], share: float) -> float:
    """Of a list that is not empty."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
