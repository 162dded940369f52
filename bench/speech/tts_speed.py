"""tts_speed: how much of one core the bot's voice costs, and how soon a clause of it is there.

    make figure NAME=tts_speed

On one core with one thread, through the speech server's own synthesiser without its memory: CPU-seconds a
second of audio over 40 of the bot's sentences, then the time from request to audio of 40 first clauses of up
to 12 characters; then the same clauses through a speech server of its own and gRPC, for what that adds.
Fixed matrix work, timed before, between and after, tells whether the core was ours: wall time counts only if
it was. Exit status 2: it was not, and the first audio is judged by CPU time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

CORE = max(os.sched_getaffinity(0))
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import yaml

from bench.speech import _core
from bench.speech._server import Server
from scripts.layout import ROOT
from yingda.plumbing.settings import load
from yingda.sansio.turns.markup import pieces
from yingda.speech.metrics import Metrics
from yingda.speech.settings import SpeechSettings
from yingda.speech.text import clauses
from yingda.speech.text.normalisation import normalise
from yingda.speech.voice import voices
from yingda.speech.voice.prompt_cache import PromptCache
from yingda.speech.voice.synthesiser import Synthesiser

SENTENCES = 40
MOST_RTF, MOST_FIRST_S = 0.10, 0.150
RATE = 8000
VALUES = {
    "customer_title": "王女士", "amount": "86.42元", "month": "11月", "total": "160.5元", "day": "11月3日",
    "lines": "套餐月费59元，短信费1.5元", "line": "国际漫游包", "named": "100元",
}  # fmt: skip
START_DEADLINE_S = 300.0


def bot_sentences(settings: SpeechSettings) -> list[str]:
    """The first 40 sentences of the responses, with the variables filled in, and of the fixed prompts; each
    once."""
    responses = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    texts = [variant.get("text", "") for variants in responses.values() for variant in variants]
    filled = [_filled(text) for text in (*texts, *settings.prompts.texts)]
    return list(dict.fromkeys(piece.markup for text in filled for piece in pieces(text)))[:SENTENCES]


def _filled(text: str) -> str:
    for name, value in VALUES.items():
        text = text.replace("{" + name + "}", value)
    return text


def first_clauses(sentences: list[str]) -> list[str]:
    """What is synthesised first of each, different from one another; up to 12 characters."""
    found = [clauses.split(normalise(text), 12)[0].text for text in sentences]
    return [text for text in dict.fromkeys(found) if len(text) <= 13]  # with its mark


@dataclass(frozen=True)
class Took:
    """Wall and CPU seconds of each request."""

    wall_s: list[float]
    cpu_s: list[float]


async def first_audio(voice: Synthesiser, texts: list[str]) -> Took:
    """From the request to the clause's samples."""
    took = Took([], [])
    for text in texts:
        wall, cpu = time.perf_counter(), time.process_time()
        await anext(voice.say(text, RATE))
        took.wall_s.append(time.perf_counter() - wall)
        took.cpu_s.append(time.process_time() - cpu)
    return took


async def real_time_factor(voice: Synthesiser, metrics: Metrics, texts: list[str]) -> tuple[float, float]:
    """CPU-seconds a second of audio, and the seconds of audio."""
    before, cpu = metrics.value("speech_spoken_seconds_total"), time.process_time()
    for text in texts:
        async for _ in voice.say(text, RATE):
            pass
    audio_s = metrics.value("speech_spoken_seconds_total") - before
    return (time.process_time() - cpu) / audio_s, audio_s


@contextmanager
def server() -> Iterator[str]:
    """The address of a speech server on this core, which holds no prompts."""
    with tempfile.TemporaryDirectory() as folder:
        running = Server({"PROMPTS__FOLDER": folder})
        try:
            running.start()
            yield running.address
        finally:
            running.terminate()
            assert running.process is not None
            running.process.wait(30)


def first_audio_by_grpc(address: str, texts: list[str]) -> list[float]:
    """Wall seconds from the request to the first answer of SynthesizeOnline."""
    import riva.client

    tts = riva.client.SpeechSynthesisService(riva.client.Auth(uri=address))
    took = []
    for text in ("您好。", *texts):
        began = time.perf_counter()
        answers = tts.synthesize_online(text, language_code="zh-CN", sample_rate_hz=RATE)
        next(iter(answers))
        took.append(time.perf_counter() - began)
    return took[1:]  # the first one opened the connection


async def measure(
    voice: Synthesiser, metrics: Metrics, sentences: list[str], core: _core.Probe
) -> tuple[float, Took]:
    """The real-time factor, and the first audio."""
    _ = [part async for part in voice.say("您好，请稍等。", RATE)]
    core.try_it()
    rtf, audio_s = await real_time_factor(voice, metrics, sentences)
    print(f"{len(sentences)} sentences, {audio_s:.0f} s of audio: {rtf:.3f} CPU-s a second of audio")
    core.try_it()
    took = await first_audio(voice, first_clauses(sentences))
    core.try_it()
    return rtf, took


def percentiles(seconds: list[float]) -> str:
    """p50 and p95 in words."""
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"


def main() -> int:
    """Print the figure; 0 when it meets the bars, 2 when the machine does not let them be judged."""
    os.sched_setaffinity(0, {CORE})
    from yingda.speech.engines import families

    whole, metrics = load(ROOT / "settings/speech.yml", SpeechSettings), Metrics()
    settings, sentences = whole.voice, bot_sentences(whole)
    voice = Synthesiser(
        lambda: voices.make_model(settings, families.make_voice), settings, PromptCache(None, 0), metrics
    )
    voice.begin().result()
    core = _core.Probe()
    rtf, took = asyncio.run(measure(voice, metrics, sentences, core))
    voice.stop()
    print(f"first audio of {len(took.wall_s)} clauses: {percentiles(took.wall_s)}")
    print(f"    in CPU time: {percentiles(took.cpu_s)}")
    with server() as address:
        by_grpc = first_audio_by_grpc(address, first_clauses(sentences))
    core.try_it()
    more_ms = (np.median(by_grpc) - np.median(took.wall_s)) * 1000
    print(f"through gRPC and a server's process: {percentiles(by_grpc)}; {more_ms:+.0f} ms at the median")
    return report(rtf, took, core)


def report(rtf: float, took: Took, core: _core.Probe) -> int:
    """The last lines and the exit status."""
    print(core.said())
    first_s = float(np.percentile(took.wall_s if core.is_ours else took.cpu_s, 95))
    if not core.is_ours:
        print("not fit: the core was shared, so first audio is CPU time and this is no verdict; run it alone")
    passed = rtf <= MOST_RTF and first_s <= MOST_FIRST_S
    print(
        f"tts_speed: RTF {rtf:.3f}, first audio p95 {first_s * 1000:.0f} ms "
        f"(bars <= {MOST_RTF:.2f}, <= {MOST_FIRST_S * 1000:.0f} ms) {'PASS' if passed else 'FAIL'}"
    )
    return 2 if not core.is_ours else 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
