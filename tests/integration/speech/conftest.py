"""A real speech server with tiny NeMo models on free ports, in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from yingda.plumbing import health
from yingda.plumbing.processes import free_port

ROOT = Path(__file__).resolve().parents[3]
START_DEADLINE_S = 180.0


@dataclass
class Running:
    """Where the server listens."""

    grpc: str
    http: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="session")
def tiny_models() -> tuple[Path, Path]:
    """Built by a process of its own, so that NeMo stays out of this one."""
    folder = ROOT / "var/tiny_models"
    paths = folder / "asr-tiny.nemo", folder / "tts-tiny.nemo"
    if not all(path.exists() for path in paths):
        script = Path(__file__).with_name("tiny_models.py")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, str(script), str(folder)], check=True, env=environment, cwd=ROOT)
    return paths


@pytest.fixture(scope="session")
def server(tiny_models: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("speech")
    grpc, http = free_port(), free_port()
    settings, voices = folder / "speech.yml", "[{name: female_1}, {name: slow_1, pace: 0.5}]"
    settings.write_text(
        f"server: {{grpc_port: {grpc}, http_port: {http}}}\n"
        f"recogniser: {{model: {tiny_models[0]}, max_streams: 10, gather_ms: 40}}\n"
        f"voice: {{acoustic_model: {tiny_models[1]}, voices: {voices}}}\n"
        f"prompts: {{texts: [感谢您的来电，再见。], voices: [female_1, slow_1], domain_file: null, "
        f"folder: {folder / 'prompts'}}}\n",
        encoding="utf-8",
    )
    log = folder / "speech.log"
    with log.open("wb") as sink:
        command = [sys.executable, "-m", "yingda.speech", "--settings", str(settings)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=sink, stdout=sink)
    url = f"http://127.0.0.1:{http}"

    def ended() -> str | None:
        return None if process.poll() is None else log.read_text(errors="replace")[-2000:]

    health.wait_until_ready("speech", lambda: health.check(url + "/health"), START_DEADLINE_S, ended)
    yield Running(f"127.0.0.1:{grpc}", url, process, log)
    process.terminate()
    assert process.wait(20) == 0
