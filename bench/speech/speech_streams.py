"""speech_streams: how many callers a core hears, against the bare model, and what else a stream costs.

    make figure NAME=speech_streams      (quickly: ... speech_streams.py --steps 9 --seconds 9)

1. The shipped recogniser in this process, in steps of 1 to 64 streams: CPU-seconds of a step, audio-seconds
   per CPU-second, and the same step's encoder and decoder alone on the same features (the floor).
2. A real server and the gateway's own client: what a stream-second costs beside the model's thread, and how
   long after half-close the final comes with as many streams as load the busiest thread to 60 %.
3. With a GPU: a model of 0.6 B parameters, never trained, against NVIDIA's published 560 streams on an H100.

CPU time is counted, not wall time, so that other work on the machine matters little. Bar: the whole step
costs at most 1.5 times the bare model at 160 ms and 32 streams.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from bench.speech import _steps
from bench.speech._server import Heard, Server, Turn, linked, percentile
from yingda.gateway.speech_link import SpeechLink
from yingda.plumbing.settings import load
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.settings import SpeechSettings

BAR = 1.5
BAR_AT = (160, 32)  # chunk in ms, streams
CHUNKS_MS, STREAMS = (80, 160, 320), (1, 8, 32, 64)
LOAD = 0.6
THREADS = ("model", "words", "event loop")  # of which each is one
FIRST_STREAMS = 12  # through gRPC, to learn what one costs
NVIDIA_STREAMS, NVIDIA_CHUNK_MS = (
    560,
    320,
)  # nemotron-3.5-asr-streaming-0.6b on an H100, as NVIDIA publishes it


def recogniser(settings: Settings) -> tuple[Any, bool]:
    """The recogniser, and whether its model was trained for these chunks: what it hears in others means
    nothing, what it costs does."""
    from yingda.speech.engines import nemo_runtime
    from yingda.speech.engines.nemo_asr import NemoRecogniser

    slots = max(STREAMS) + 2
    try:
        return NemoRecogniser(settings, slots), True
    except RuntimeError:
        model = nemo_runtime.load_recogniser(settings.model, nemo_runtime.device_name(settings.device))
        left, stride_ms = settings.left_context_frames, 80
        context = [left, settings.chunk_ms // stride_ms - 1]
        model.cfg.encoder.att_context_size = [*model.cfg.encoder.att_context_size, context]
        model.encoder.att_context_size_all.append(context)
        return NemoRecogniser(settings, slots, model=model), False


def measure_steps(settings: Settings, steps: int) -> list[_steps.Cost]:
    """The table."""
    costs = []
    print("  chunk  streams  step ms  bare ms  ratio  streams/core  wall ms")
    for chunk_ms in CHUNKS_MS:
        model, is_trained = recogniser(replace(settings, chunk_ms=chunk_ms))
        if not is_trained:
            print(
                f"{chunk_ms:>4} ms: the model was not trained for it; what it costs is the same", flush=True
            )
        for streams in STREAMS:
            cost = _steps.measure(model, streams, steps)
            costs.append(cost)
            print(
                f"{chunk_ms:>4} ms{streams:>9}{cost.step_s * 1000:>9.1f}{cost.bare_s * 1000:>9.1f}"
                f"{cost.ratio:>7.2f}{cost.streams_per_core:>14.0f}{cost.wall_s * 1000:>9.1f}",
                flush=True,
            )
    return costs


async def talk(link: SpeechLink, pcm: np.ndarray, streams: int, seconds: float) -> list[Heard]:
    """`streams` callers at a time, each with turns of about 4 s, for `seconds`."""
    until = time.monotonic() + seconds
    rng = np.random.default_rng(0)

    async def caller(number: int) -> list[Heard]:
        heard = []
        await asyncio.sleep(4.0 * number / streams)
        while time.monotonic() < until:
            size = int(rng.integers(24_000, 40_000))
            begin = int(rng.integers(0, len(pcm) - size))
            heard.append(await Turn(link, pcm[begin : begin + size]).all())
        return heard

    return [h for found in await asyncio.gather(*map(caller, range(streams))) for h in found]


class Costs:
    """CPU-seconds per stream-second over gRPC, by who spends them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before = self._read()

    def _read(self) -> dict[str, float]:
        assert self._server.process is not None
        threads = self._server.thread_cpu_s()
        loop = threads.pop(self._server.process.pid, 0.0)
        model = self._server.metric("speech_step_cpu_seconds_total")
        words = self._server.metric("speech_words_cpu_seconds_total")
        return {
            "model": model,
            "words": words,
            "event loop": loop,
            "server's other threads": sum(threads.values()) - model - words,
            "client": time.process_time(),
            "audio": self._server.metric("speech_heard_seconds_total"),
        }

    def end(self) -> dict[str, float]:
        """Since the beginning."""
        spent = {name: after - self._before[name] for name, after in self._read().items()}
        audio_s = max(1e-9, spent.pop("audio"))
        return {name: cpu_s / audio_s for name, cpu_s in spent.items()}


async def measure_grpc(seconds: float) -> tuple[int, dict[str, float], list[Heard]]:
    """Streams, CPU-seconds per stream-second, and what was heard."""
    server = Server()
    pcm = (_steps.speech(8000) * 32767).astype(np.int16)
    try:
        await asyncio.to_thread(server.start)
        async with linked(server) as link:
            costs = Costs(server)
            await talk(link, pcm, FIRST_STREAMS, seconds)
            first = costs.end()
            busiest = max(first[name] for name in THREADS)
            streams = max(4, int(LOAD / busiest))
            show(f"{FIRST_STREAMS} streams", first)
            costs = Costs(server)
            heard = await talk(link, pcm, streams, seconds)
            second = costs.end()
            show(f"{streams} streams", second)
            return streams, second, heard
    finally:
        server.close()


def show(what: str, costs: dict[str, float]) -> None:
    parts = ", ".join(f"{name} {cpu * 1000:.1f}" for name, cpu in costs.items())
    print(f"  {what}: CPU-ms per stream-second: {parts}", flush=True)


def measure_gpu(settings: Settings, steps: int) -> None:
    """A stand-in of the published model's size: what it says means nothing, what it costs does."""
    import torch

    if not torch.cuda.is_available():
        print("GPU: none here, so nothing to compare with 560 streams of NVIDIA's 0.6 B model on an H100")
        return
    from training import asr_model
    from yingda.speech.engines import nemo_runtime
    from yingda.speech.engines.nemo_asr import NemoRecogniser

    nemo_runtime.prepare()
    config = asr_model.config(ROOT / "training/tokenizer", d_model=1024, layers=24, channels=256)
    stand_in = asr_model.build(config).cuda().eval()
    size = sum(p.numel() for p in stand_in.parameters())
    name = torch.cuda.get_device_name()
    gpu = replace(settings, chunk_ms=NVIDIA_CHUNK_MS, device="cuda", max_batch=1024)
    model: Any = NemoRecogniser(gpu, 1024 + 2, model=stand_in)
    best = 0.0
    for streams in (64, 256, 560, 1024):
        cost = _steps.measure(model, streams, steps)
        held = streams * NVIDIA_CHUNK_MS / 1000 / cost.wall_s
        best = max(best, held)
        print(
            f"  {name}, {size / 1e6:.0f} M parameters: {streams} in {cost.wall_s * 1000:.0f} ms", flush=True
        )
    print(f"GPU: {best:.0f} streams at {NVIDIA_CHUNK_MS} ms; NVIDIA publishes {NVIDIA_STREAMS} on an H100")


def judge(costs: list[_steps.Cost]) -> bool:
    """The last lines."""
    judged = next(c for c in costs if (c.chunk_ms, c.streams) == BAR_AT)
    passed = judged.ratio <= BAR
    print(
        f"speech_streams: {judged.ratio:.2f} times the bare model (bar <= {BAR}), "
        f"{judged.streams_per_core:.0f} streams per core at {BAR_AT[0]} ms and {BAR_AT[1]} streams "
        f"{'PASS' if passed else 'FAIL'}"
    )
    return passed


def main() -> int:
    """Print the figure; 0 when the bar holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30.0, help="of talking over gRPC, twice")
    args = parser.parse_args()
    settings = load(ROOT / "settings/speech.yml", SpeechSettings).recogniser
    os.chdir(ROOT)
    costs = measure_steps(settings, args.steps)
    streams, spent, heard = asyncio.run(measure_grpc(args.seconds))
    delays = [h.delay_s for h in heard if h.text is not None]
    beside = sum(spent.values()) - spent["model"]
    limit = max(THREADS, key=lambda name: spent[name])
    print(
        f"over gRPC: {streams} streams, {len(delays)} of {len(heard)} turns heard, "
        f"final {percentile(delays, 0.5) * 1000:.0f} ms after half-close (p50), "
        f"{percentile(delays, 0.95) * 1000:.0f} ms (p95)"
    )
    print(
        f"beside the model a stream-second costs {beside * 1000:.1f} CPU-ms, client and server together; "
        f"what limits is the {limit}: alone on its cores a process holds about {1 / spent[limit]:.0f} streams"
    )
    measure_gpu(settings, args.steps)
    return 0 if judge(costs) else 1


if __name__ == "__main__":
    sys.exit(main())
