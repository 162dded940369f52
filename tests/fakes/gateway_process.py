"""The real gateway as a process, with scripted speech and dialogue servers and its own ports and folders."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.fakes.dialogue_server import ScriptedDialogue
from tests.fakes.recordings import write_keys
from tests.fakes.speech_server import ScriptedSpeech

START_DEADLINE_S = 90.0


class GatewayProcess:
    """``async with GatewayProcess(...) as gateway``: ready to be called on 127.0.0.1:``sip_port``."""

    def __init__(
        self,
        folder: Path,
        speech: ScriptedSpeech,
        dialogue: ScriptedDialogue,
        sip_port: int = 5970,
        http_port: int = 8970,
        rtp_ports: tuple[int, int] = (30000, 31999),
        **settings: object,
    ) -> None:
        """``settings``: keys of settings/gateway.yml with __ for the dot, as turns__silence_s=2."""
        self.folder, self.sip_port, self._url = folder, sip_port, f"http://127.0.0.1:{http_port}"
        values = {
            "sip__port": sip_port,
            "http__port": http_port,
            "media__port_first": rtp_ports[0],
            "media__port_last": rtp_ports[1],
            "media__recordings_dir": folder / "recordings",
            "recordings__keys_file": write_keys(folder),
            "prompts__cache_dir": folder / "prompts",
            "prompts__shipped_dir": folder / "none",
            "records__journal_dir": folder / "journal",
            "speech__address": speech.address,
            "dialogue__urls": f"[{dialogue.url}]",
            "calls__drain_s": 1,
            **settings,
        }
        self._env = {f"YINGDA_GATEWAY__{name.upper()}": str(value) for name, value in values.items()}

    async def __aenter__(self) -> GatewayProcess:
        env = {**os.environ, "OMP_NUM_THREADS": "1", **self._env}
        self._log = (self.folder / "gateway.log").open("wb")
        command = (sys.executable, "-m", "yingda.gateway")
        self.process = await asyncio.create_subprocess_exec(*command, env=env, stderr=self._log)
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while await self.get("/health") is None:
                    if self.process.returncode is not None:
                        self._log.close()
                        raise RuntimeError(f"the gateway ended: {self.log_text()}")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            self._log.close()
            raise RuntimeError(f"the gateway is not ready: {self.log_text()}") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 30)
            except TimeoutError:
                self.process.kill()
        self._log.close()

    async def get(self, path: str) -> str | None:
        """The body, or None where the answer is not 200."""
        return await asyncio.to_thread(self._request, "GET", path, None)

    async def metrics_show(self, line: str, within_s: float) -> bool:
        """Whether the line turns up in /metrics in time."""
        deadline = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < deadline:
            if line in (await self.get("/metrics") or "").splitlines():
                return True
            await asyncio.sleep(0.1)
        return False

    async def post(self, path: str, body: dict[str, Any]) -> str | None:
        return await asyncio.to_thread(self._request, "POST", path, json.dumps(body).encode())

    def log_text(self) -> str:
        return (self.folder / "gateway.log").read_text()

    def records(self) -> list[dict[str, Any]]:
        """What the journals hold (there are no stores here, or they have not taken it yet)."""
        lines = []
        for path in sorted((self.folder / "journal").glob("*.jsonl")):
            lines += [json.loads(line) for line in path.read_text().splitlines()]
        return lines

    def _request(self, method: str, path: str, body: bytes | None) -> str | None:
        request = urllib.request.Request(self._url + path, body, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
