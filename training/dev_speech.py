"""Speech for tuning and calibrating the recogniser's decoder: neither trained on nor in the test set.

    python -m training.dev_speech --count 400 --seed 770001      # .venv/training; 1-3 CPU-seconds a sentence

writes var/dev/dev.i16 and dev.jsonl, in the format of training/make_speech.py; trainers do not read them.
Each sentence is then heard as it is and once more with noise.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.sentences import ROOT, bare, sentence
from yingda.plumbing.settings import load
from yingda.speech import recordings
from yingda.speech.hearing.recogniser import StreamOptions
from yingda.speech.settings import Recogniser, SpeechSettings
from yingda.speech.words import slots
from yingda.speech.words.slots import Slot

DEV = ROOT / "var/dev"
LONGEST = 24  # characters
PEAK = 0.5
_SHARES = (
    ("customer", 0.4), ("short", 0.05), ("address", 0.05), ("digits", 0.2),
    ("general", 0.07), ("review", 0.08), ("open", 0.15),
)  # fmt: skip
_SNR_DB = (10.0, 15.0, 20.0, 25.0)


@dataclass(frozen=True)
class Heard:
    """What was said, in characters only, its kind, and the slots that the model heard."""

    said: str
    kind: str
    is_noisy: bool
    slots: list[Slot]


def settings() -> Recogniser:
    """The repository's, with paths that hold from any folder."""
    chosen = load(ROOT / "settings/speech.yml", SpeechSettings).recogniser
    paths = replace(
        chosen.lexicon,
        path=str(ROOT / chosen.lexicon.path),
        confidence=str(ROOT / chosen.lexicon.confidence),
    )
    model = chosen.model if not chosen.model.endswith(".nemo") else str(ROOT / chosen.model)
    return replace(chosen, model=model, lexicon=paths)


def hear(folder: Path, recogniser: Recogniser) -> list[Heard]:
    """Every utterance of a folder's shards, clean and noisy, through the model that the settings name."""
    from yingda.speech.engines.nemo_asr import NemoRecogniser

    model = NemoRecogniser(recogniser, recordings.STREAMS)
    options = StreamOptions(endpoint_ms=-1)
    heard = []
    for (said, kind, noisy), finals in recordings.recognise(model, _read(folder, model.sample_rate), options):
        found = [slot for final in finals if final.posteriors for slot in slots.build(final.posteriors)]
        heard.append(Heard(said, kind, noisy, found))
    return heard


def _read(folder: Path, rate: int) -> Iterator[tuple[tuple[str, str, bool], np.ndarray]]:
    rng = np.random.default_rng(1)
    for lines in sorted(folder.glob("*.jsonl")):
        shard = np.memmap(lines.with_suffix(".i16"), dtype="<i2", mode="r")
        for line in lines.read_text(encoding="utf-8").splitlines():
            x = json.loads(line)
            audio = shard[x["offset"] : x["offset"] + x["samples"]].astype(np.float32)
            audio *= PEAK / max(1.0, float(np.abs(audio).max()))
            noisy = add_noise(audio, float(rng.choice(_SNR_DB)), rng)
            for is_noisy, samples in ((False, audio), (True, noisy)):
                yield (bare(x["text"]), x["kind"], is_noisy), recordings.as_turn(samples, rate)


def add_noise(audio: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """White noise at a ratio to the whole utterance's power."""
    noise = rng.standard_normal(len(audio)).astype(np.float32)
    return audio + noise * np.float32(np.sqrt(np.mean(audio**2) / 10 ** (snr_db / 10)))


def speak(count: int, seed: int, by_student: bool) -> None:
    """Speak sentences of every kind by random blends of the training voices."""
    from training.make_speech import Shard, Speaker
    from training.speakers import PLAIN, random_voice

    rng, shard, speaker = random.Random(seed), Shard("dev", DEV), Speaker()
    kinds, shares = zip(*_SHARES, strict=True)
    done = 0
    while done < count:
        kind = rng.choices(kinds, shares)[0]
        text = sentence(kind, rng)
        voice, speed = random_voice(rng, kind)
        row = {"text": text, "voice": voice, "speed": speed, "kind": kind, "split": "dev"}
        if by_student:
            row["student"] = PLAIN
        if len(text) > LONGEST:
            continue
        try:
            shard.add(*speaker.speak(row))
        except (ValueError, IndexError, AssertionError):
            continue  # a character without a reading, or one that the teacher swallowed
        done += 1
        if done % 50 == 0:
            print(f"{done} of {count}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--student", action="store_true", help="the student speaks: ten times cheaper")
    args = parser.parse_args()
    speak(args.count, args.seed, args.student)


if __name__ == "__main__":
    main()
