"""What NeMo's pipeline writes and the slots that are kept beside it are one and the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
from pathlib import Path
import numpy as np
from yingda.caller.alaw import decode, read_clip
from yingda.speech.words import slots
from yingda.speech.engines.nemo_asr import NemoRecogniser
from yingda.speech.hearing.recogniser import StepRequest, StreamOptions
from yingda.speech.settings import Recogniser

model = NemoRecogniser(Recogniser(chunk_ms=160), 4)
pause = np.zeros(8000, np.float32)
paths = [Path(f"tests/scenes/audio/{name}.wav") for name in ("balance", "goodbye")]
clips = [decode(read_clip(path)).astype(np.float32) / 32768 for path in paths]
both = np.concatenate([pause[:1600], clips[0], pause, clips[1], pause])
audios = {1: both, 2: np.concatenate([pause, both])}
size, options = model.chunk_samples, StreamOptions(endpoint_ms=400)
partials = finals = 0
for chunk in range(max(len(a) for a in audios.values()) // size):
    at = chunk * size
    live = [n for n, a in audios.items() if at + size <= len(a)]
    ends = [at + 2 * size > len(audios[n]) for n in live]
    requests = [
        StepRequest(n, audios[n][at:at + size], chunk == 0, end, options) for n, end in zip(live, ends)
    ]
    for result in model.step(requests):
        text = (result.final or result.partial).split()
        heard = [slot for slot in slots.build(result.posteriors) if not slot.optional]
        assert len(heard) == len(text), (text, heard)
        assert all(t in [name for name, _ in slot.choices] for t, slot in zip(text, heard)), (text, heard)
        partials += bool(result.partial)
        finals += bool(result.final)
model.step([StepRequest(3, both[:size], True, False, options)])
model.drop([3])
print("partials", partials, "finals", finals)
"""


@pytest.mark.requirement(1)
def test_slots_spell_partials_and_finals_across_ends_of_utterances() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    words = done.stdout.split()
    assert int(words[-3]) >= 6 and int(words[-1]) >= 4, "several partials, and two utterances of each stream"
