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
from yingda.speech.voice.pitch import median_hz

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


@pytest.mark.requirement(18)
def test_the_second_voice_is_another_person(tmp_path: Path) -> None:
    hz = {}
    for voice in ("female_1", "male_1"):
        out = tmp_path / f"{voice}.wav"
        done = run("speak", "--out", str(out), "--voice", voice, "--", "感谢您的来电，祝您生活愉快，再见。")
        assert done.returncode == 0, done.stderr
        with wave.open(str(out), "rb") as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
        hz[voice] = median_hz(pcm / 32768, 8000) or 0.0
    assert 150 < hz["female_1"] < 350
    assert 70 < hz["male_1"] < 0.75 * hz["female_1"]


@pytest.mark.requirement(18)
def test_a_semitone_is_heard_as_one(tmp_path: Path) -> None:
    """6 % of the pitch, within what a voice wanders by itself."""
    heard = {}
    for pitch in ("0", "1", "-3"):
        out = tmp_path / f"{pitch}.wav"
        done = run("speak", "--out", str(out), f"--pitch={pitch}", "--", "感谢您的来电，祝您生活愉快，再见。")
        assert done.returncode == 0, done.stderr
        with wave.open(str(out), "rb") as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
        heard[pitch] = median_hz(pcm / 32768, 8000)
    assert heard["0"] and heard["1"] and heard["-3"]
    assert 1.03 < heard["1"] / heard["0"] < 1.10
    assert 0.78 < heard["-3"] / heard["0"] < 0.90
