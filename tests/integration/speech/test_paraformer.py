"""funasr's own Paraformer class at a small random size, in its child process; where funasr is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from yingda.speech.engines import modelscope_link
from yingda.speech.engines.modelscope_asr import ParaformerRecogniser, wav2text
from yingda.speech.engines.modelscope_link import Link
from yingda.speech.engines.modelscope_worker import RATE_HZ
from yingda.speech.hearing.recogniser import StepRequest, StreamOptions
from yingda.speech.settings import Recogniser

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.requirement(14)]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(name="python", scope="module")
def find_python() -> str:
    try:
        python = modelscope_link.interpreter()
    except RuntimeError as error:
        pytest.skip(str(error))
    if subprocess.run([python, "-c", "import funasr"], capture_output=True, cwd=ROOT).returncode != 0:
        pytest.skip(f"{python} has no funasr; {modelscope_link.MAKE}")
    return python


@pytest.fixture(name="folder", scope="module")
def make_folder(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paraformer")
    script = Path(__file__).with_name("tiny_paraformer.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, str(script), str(folder)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_it_streams_and_survives_the_death_of_its_process(python: str, folder: Path) -> None:
    link = Link("asr", str(folder), python)
    model = ParaformerRecogniser(Recogniser(model=str(folder), chunk_ms=480), link)
    noise = np.random.default_rng(0).standard_normal((2, RATE_HZ * 3)).astype(np.float32) * 0.1
    size = model.chunk_samples
    steps = noise.shape[1] // size
    results = [
        model.step(
            [
                StepRequest(n, noise[n, k * size : (k + 1) * size], k == 0, k == steps - 1, StreamOptions())
                for n in range(2)
            ]
        )
        for k in range(steps)
    ]
    first, second = (r.final for r in results[-1])
    assert first and second and first != second
    assert any(r.partial for r in results[-2])
    clip = ROOT / "tests/scenes/audio/balance.wav"
    heard = wav2text(clip, link=link)
    assert heard
    link._child.kill()
    link._child.wait()
    assert wav2text(clip, link=link) == heard
    link.close()


def test_a_package_that_is_missing_is_said_by_the_child(tmp_path: Path) -> None:
    """A model that is a folder here asks no hub."""
    if importlib.util.find_spec("funasr") is not None:
        pytest.skip("funasr is installed in this environment")
    with pytest.raises(RuntimeError, match="No module named 'funasr'"):
        Link("asr", str(tmp_path), sys.executable)
