"""make transcribe and make speak, as people who judge the shipped models run them."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from bench._errors import distance

pytestmark = [pytest.mark.integration, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 240.0


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, so that NeMo stays out of this one."""
    return subprocess.run(
        [sys.executable, "-m", f"yingda.speech.{module}", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.requirement(1)
def test_a_recording_is_transcribed_and_a_bad_file_named(tmp_path: Path) -> None:
    clip, said = "tests/scenes/audio/balance.wav", "我想查一下余额还有多少"
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    done = run("transcribe", "--hotwords", "余额", "--", str(tmp_path), clip)
    assert done.returncode == 1, done.stderr
    assert f"{tmp_path}/bad.wav: is no audio" in done.stderr
    (line,) = done.stdout.splitlines()
    name, heard, confidence = line.split("\t")
    assert name == clip
    assert distance(said, heard) <= len(said) // 2, heard
    assert 0.0 < float(confidence) <= 1.0


def test_a_sentence_is_spoken_into_a_telephone_wav(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    done = run("speak", "--out", str(out), "--", "您好，请问有什么可以帮您？")
    assert done.returncode == 0, done.stderr
    with wave.open(str(out), "rb") as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
    assert 1.0 < len(pcm) / 8000 < 6.0
    assert float(np.sqrt(np.mean(pcm**2))) > 500
    assert done.stdout == f"{out}: {len(pcm) / 8000:.2f} s\n"
