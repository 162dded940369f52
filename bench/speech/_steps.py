"""One step of the recogniser and of its bare model, in CPU-seconds of the thread that runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from yingda.speech.hearing.recogniser import StepRequest, StreamingModel, StreamOptions

ROOT = Path(__file__).resolve().parents[2]
TEST_SET = ROOT / "tests/data/asr"
WARM_STEPS = 4


@dataclass(frozen=True)
class Cost:
    """Medians, in seconds of CPU time."""

    chunk_ms: int
    streams: int
    step_s: float
    bare_s: float
    wall_s: float

    @property
    def streams_per_core(self) -> float:
        """Audio-seconds per CPU-second."""
        return self.streams * self.chunk_ms / 1000 / self.step_s

    @property
    def ratio(self) -> float:
        """The whole step over the bare model."""
        return self.step_s / self.bare_s


def speech(rate: int, sentences: int = 12) -> np.ndarray:
    """Recorded sentences end to end, float32."""
    import soundfile
    from scipy.signal import resample_poly

    parts = []
    for line in (TEST_SET / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[:sentences]:
        audio, given = soundfile.read(TEST_SET / json.loads(line)["audio"], dtype="float32")
        parts.append(resample_poly(audio, rate, given).astype(np.float32) * np.float32(0.5))
    return np.concatenate(parts)


def measure(model: Any, streams: int, steps: int) -> Cost:
    """`streams` streams through `model`, a NemoRecogniser; between two steps the bare model gets what the
    first of them got, so that what else the machine does weighs on both alike."""
    audio = speech(model.sample_rate)
    bare = _bare(model)
    whole_s, wall_s, bare_s = [], [], []
    for k in range(WARM_STEPS + steps):
        requests = [_request(model, audio, stream, k) for stream in range(streams)]
        began, began_wall = time.thread_time(), time.perf_counter()
        model.step(requests)
        took = time.thread_time() - began, time.perf_counter() - began_wall
        began = time.thread_time()
        bare()
        if k >= WARM_STEPS:
            whole_s.append(took[0])
            wall_s.append(took[1])
            bare_s.append(time.thread_time() - began)
    model.drop([_BEGIN + stream for stream in range(streams)])
    chunk_ms = round(1000 * model.chunk_samples / model.sample_rate)
    return Cost(chunk_ms, streams, median(whole_s), median(bare_s), median(wall_s))


_BEGIN = 1000


def _request(model: StreamingModel, audio: np.ndarray, stream: int, k: int) -> StepRequest:
    at = (k * model.chunk_samples + stream * 7919) % (len(audio) - model.chunk_samples)
    samples = np.ascontiguousarray(audio[at : at + model.chunk_samples])
    return StepRequest(_BEGIN + stream, samples, k == 0, False, StreamOptions())


def _bare(model: Any) -> Callable[[], None]:
    """Encoder and decoder alone, on the features and states that the last step gave them."""
    import torch

    wrapper = model._pipeline.asr_model
    last: dict[str, Any] = {}
    real = type(wrapper).execute_step

    def noting(*args: Any, **kwargs: Any) -> Any:
        last["args"], last["kwargs"] = args, kwargs
        return real(wrapper, *args, **kwargs)

    wrapper.execute_step = noting

    def run() -> None:
        with torch.inference_mode():
            real(wrapper, *last["args"], **last["kwargs"])

    return run
