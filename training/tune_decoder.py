"""Errors of the recogniser's decoder by its weights, over speech that was in neither training nor test.

    python -m training.tune_decoder [--speech var/dev] acoustic=1.0,1.3,1.6 word=0.5,1.0

prints a line for every combination of the weights named (fields of yingda.speech.words.syllables.Weights),
fewest errors first. Choose within its noise the middle of what is good; put `acoustic`, `confusion` and
`beam` into settings/speech.yml (`recogniser.lexicon`) and the others into Weights, and run training.calibrate
again.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections import defaultdict
from dataclasses import fields, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench._errors import distance
from training import dev_speech
from training.dev_speech import Heard
from yingda.speech.words import transcript
from yingda.speech.words.syllables import Decoder, Weights


def count(decoder: Decoder, heard: list[Heard]) -> dict[str, tuple[int, int]]:
    """(errors, characters) by kind; of noisy sentences apart."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for item in heard:
        text = decoder.decode(item.slots).text.replace("幺", "一")
        wrong = distance(item.said.replace("幺", "一"), text)
        for name in ("noisy",) if item.is_noisy else ("clean", item.kind):
            sums[name][0] += wrong
            sums[name][1] += len(item.said)
    return {name: (wrong, size) for name, (wrong, size) in sums.items()}


def grid(given: list[str]) -> list[dict[str, float]]:
    """Every combination of weights such as ["acoustic=1.0,1.3"]. Raises ValueError."""
    named = {}
    known = [field.name for field in fields(Weights)]
    for item in given:
        name, _, values = item.partition("=")
        if name not in known or not values:
            raise ValueError(f"got {item!r}, expected NAME=value,value with one of: {', '.join(known)}")
        kind = int if name == "beam" else float
        named[name] = [kind(value) for value in values.split(",")]
    return [dict(zip(named, values, strict=True)) for values in itertools.product(*named.values())]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", nargs="+", metavar="NAME=value,value")
    parser.add_argument("--speech", type=Path, default=dev_speech.DEV)
    args = parser.parse_args()
    settings = dev_speech.settings()
    base = transcript.make_decoder(settings.lexicon)
    heard = dev_speech.hear(args.speech, settings)
    lines = []
    for changed in grid(args.weights):
        found = count(Decoder(base.lexicon, replace(base.weights, **changed)), heard)
        rates = {name: 100 * wrong / max(1, size) for name, (wrong, size) in sorted(found.items())}
        text = " ".join(f"{name} {rate:.2f}" for name, rate in rates.items())
        lines.append((rates["clean"], f"{changed}: {text}"))
    for _, line in sorted(lines):
        print(line)


if __name__ == "__main__":
    main()
