"""What test_published_models.py judges, as JSON: NeMo takes long to import, and stays out of pytest's own
process.

PYTHONPATH=. python tests/integration/speech/published_driver.py var/tiny_models/published OUT_FOLDER
"""

from __future__ import annotations

import asyncio
import json
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tiny_published

from yingda.speech import audio, speak
from yingda.speech.api.refusals import BadRequest
from yingda.speech.engines import families, nemo_runtime
from yingda.speech.engines.nemo_boosts import spelt_within
from yingda.speech.hearing.recogniser import Recogniser, StepRequest, StreamOptions
from yingda.speech.hearing.streams import Hearing, Wanted
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Buffered, OneVoice, Voice
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.voice.manner import Manner
from yingda.speech.voice.model import GaveWay, Prosody
from yingda.speech.words.transcript import Transcriber

SENTENCE = "您好，您的余额是一百元。"
ROAMING, REFUND = (("国际漫游", 60.0),), (("退费", 60.0),)


def noise(seed: int, seconds: float, rate: int) -> np.ndarray:
    """Syllable-like bursts."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * f * time_s * (1 + 0.1 * seed)) for f in (200, 700, 1900))
    shape = np.abs(np.sin(4 * np.pi * time_s))
    return ((0.2 * tone + 0.1 * rng.standard_normal(len(time_s))) * shape * 0.3).astype(np.float32)


def stream(model: Any, options: Sequence[StreamOptions], seed: int | None = None) -> list[dict[str, Any]]:
    """2 s of each stream, all in one batch; stream n hears noise n unless all hear one `seed`."""
    size = model.chunk_samples
    heard = [noise(n if seed is None else seed, 2.0, model.sample_rate) for n in range(len(options))]
    steps = len(heard[0]) // size
    found: list[dict[str, Any]] = [{"partials": [], "finals": []} for _ in options]
    for step in range(steps):
        requests = [
            StepRequest(
                100 + n, samples[step * size : (step + 1) * size], step == 0, step == steps - 1, wanted
            )
            for n, (samples, wanted) in enumerate(zip(heard, options, strict=True))
        ]
        for n, result in enumerate(model.step(requests)):
            found[n]["partials"].append(result.partial)
            found[n]["finals"].append(result.final)
            found[n]["confidence"] = result.confidence
    return found


def recogniser(path: Path, **more: Any) -> Any:
    return families.make_recogniser(
        Settings(model=str(path), chunk_ms=320, endpoint_silence_ms=0, **more), slots=8
    )


def refusal(path: Path, **more: Any) -> str:
    try:
        recogniser(path, **more)
    except RuntimeError as error:
        return str(error)
    return ""


def nemotron(path: Path, precision: str) -> dict[str, Any]:
    model = recogniser(path, precision=precision)
    network = model._pipeline.asr_model.asr_model
    plain = [StreamOptions()] * 3
    facts = {
        "class": type(network).__name__,
        "runs_as": type(model).__name__,
        "dtype": str(next(network.parameters()).dtype),
        "sample_rate": model.sample_rate,
        "languages": list(model.languages),
        "plain": stream(model, plain),
        "told": stream(model, [StreamOptions(language=name) for name in ("zh-CN", "en-US", "zh_cn")], 0),
        "boosted": stream(
            model, [StreamOptions(boosts=ROAMING), StreamOptions(boosts=REFUND), StreamOptions()]
        ),
        "after": stream(model, plain),
    }
    silence = np.zeros(model.chunk_samples, np.float32)
    model.step([StepRequest(7, silence, True, False, StreamOptions(boosts=REFUND))])
    held = network.decoding.decoding.decoding_computer.biasing_multi_model
    facts["trees_while_open"] = held.num_models - len(held.free_ids)
    model.drop([7])
    facts["trees_after_drop"] = held.num_models - len(held.free_ids)
    tokenizer = network.tokenizer
    facts["alone"] = tokenizer.ids_to_tokens(tokenizer.text_to_ids("国际漫游"))
    facts["within"] = tokenizer.ids_to_tokens(spelt_within(tokenizer, "国际漫游"))
    facts["call"] = asyncio.run(call(model))
    return facts


async def call(model: Any) -> dict[str, Any]:
    """A telephone's 8 kHz A-law, while another client asks for a language that is not there."""
    metrics = Metrics()
    worker = Recogniser(lambda: model, 4, 4, 0.0, metrics)
    await asyncio.wrap_future(worker.begin())
    hearing = Hearing(worker, model, Transcriber(None), Settings(step_deadline_s=60.0), metrics)
    line = hearing.open(Wanted("ALAW", 8000, StreamOptions(language="zh-CN")))
    data = audio.encode(audio.to_int16(noise(0, 2.0, 8000)), "ALAW")
    heard = [part.text async for part in line.feed(data[:8000])]
    try:
        hearing.open(Wanted("ALAW", 8000, StreamOptions(language="xx-YY")))
        said = ""
    except BadRequest as error:
        said = str(error)
    heard += [part.text async for part in line.feed(data[8000:])]
    last = await line.finish()
    worker.stop()
    return {"partials": heard, "final": last.text, "end_s": last.end_s, "refused": said}


def buffered(path: Path) -> dict[str, Any]:
    model = recogniser(path)
    plain = [StreamOptions()] * 3
    together = stream(model, plain)
    facts = {"runs_as": type(model).__name__, "kind": model.kind, "chunk_samples": model.chunk_samples}
    facts |= {"together": together, "alone": stream(model, plain[:1])}
    if model.kind == "rnnt":
        facts["boosted"] = stream(model, [StreamOptions(boosts=ROAMING), StreamOptions(), StreamOptions()])
    model.step([StepRequest(9, np.zeros(model.chunk_samples, np.float32), True, False, StreamOptions())])
    model.drop([9])
    facts["left_behind"] = len(model._pipeline._state_pool) + len(model._pipeline.bufferer.bufferers)
    facts["half"] = stream(recogniser(path, precision="bfloat16"), plain)
    return facts


def spoken(folder: Path, out: Path) -> dict[str, Any]:
    """The FastPitch and the HiFi-GAN, as `make speak` runs them: what a telephone hears."""
    settings, sound = out / "speech.yml", out / "spoken.wav"
    models = f"acoustic_model: {folder / 'fastpitch.nemo'}, vocoder: {folder / 'hifigan.nemo'}"
    settings.write_text(f"voice: {{{models}}}", encoding="utf-8")
    speak.run(SENTENCE, str(sound), Manner(), str(settings), families.make_voice)
    with wave.open(str(sound), "rb") as file:
        rate, frames = file.getframerate(), file.getnframes()
    model = families.make_voice(
        Voice(acoustic_model=str(folder / "fastpitch.nemo"), vocoder=str(folder / "hifigan.nemo"))
    )
    return {"model_rate": model.sample_rate, "file_rate": rate, "seconds": frames / rate}


def magpie(folder: Path) -> dict[str, Any]:
    path, voices = str(folder / "magpie.nemo"), [OneVoice("a", 0), OneVoice("b", 1)]
    model = families.make_voice(Voice(acoustic_model=path, vocoder=str(folder / "codec.nemo"), voices=voices))
    first = model.speak(SENTENCE, Prosody("a", 0))
    asked: list[int] = []
    try:
        model.speak(SENTENCE, Prosody("a", 0), lambda: asked.append(1) is None and len(asked) > 3)
        gave_way = False
    except GaveWay:
        gave_way = True
    try:
        families.make_voice(Voice(acoustic_model=path, voices=[OneVoice("c", 2)]))
        refused = ""
    except RuntimeError as error:
        refused = str(error)
    return {
        "class": type(model._model).__name__,
        "rate": model.sample_rate,
        "seconds": len(first) / model.sample_rate,
        "loudest": float(np.abs(first).max()),
        "same_again": np.array_equal(first, model.speak(SENTENCE, Prosody("a", 0))),
        "other_voice_differs": not np.array_equal(first, model.speak(SENTENCE, Prosody("b", 1))),
        "faster_s": len(model.speak(SENTENCE, Prosody("a", 0, pace=2.0))) / model.sample_rate,
        "marks_only": len(model.speak("，。", Prosody("a", 0))),
        "gave_way_after_frames": len(asked) if gave_way else None,
        "refused": refused,
    }


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    tiny_published.build(folder, [])
    nemo_runtime.prepare()
    names = ("character-rnnt", "bpe-rnnt", "character-ctc")
    facts: dict[str, Any] = {
        "nemotron": {name: nemotron(folder / "nemotron.nemo", name) for name in ("float32", "bfloat16")},
        "buffered": {name: buffered(folder / f"{name}.nemo") for name in names},
        "no_such_language": refusal(folder / "nemotron.nemo", language="xx-YY"),
        "wrong_window": refusal(folder / "bpe-rnnt.nemo", buffered=Buffered(chunk_ms=650)),
        "spoken": spoken(folder, out),
        "magpie": magpie(folder),
    }
    (out / "facts.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
