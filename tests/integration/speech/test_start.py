"""What stops the start, and how it is said."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[3]


def start(settings: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "yingda.speech", "--settings", str(settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, env=dict(os.environ))
    return done.returncode, done.stderr.decode()


def test_a_missing_model_is_one_message_with_file_key_and_remedy(tmp_path: Path) -> None:
    settings = tmp_path / "speech.yml"
    settings.write_text("recogniser: {model: models/speech/none.nemo}", encoding="utf-8")
    status, said = start(settings)
    assert status == 2
    assert len(said.strip().splitlines()) == 1
    for part in (
        "speech.yml",
        "'recogniser.model'",
        "models/speech/none.nemo",
        "there is no such file",
        "published model",
    ):
        assert part in said


def test_a_malformed_settings_file(tmp_path: Path) -> None:
    settings = tmp_path / "speech.yml"
    settings.write_text("recogniser: {chunk_ms: soon}", encoding="utf-8")
    status, said = start(settings)
    assert status == 2
    assert "recogniser.chunk_ms" in said and "integer" in said


def test_a_port_in_use(tmp_path: Path, tiny_models: tuple[Path, Path]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = tmp_path / "speech.yml"
        settings.write_text(
            f"server: {{http_port: {port}}}\nrecogniser: {{model: {tiny_models[0]}}}\n"
            f"voice: {{acoustic_model: {tiny_models[1]}}}",
            encoding="utf-8",
        )
        status, said = start(settings)
    assert status == 2
    assert "server.http_port" in said and str(port) in said
