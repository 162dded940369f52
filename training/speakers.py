"""Who speaks for training: blends of the teacher's voices, and what the student makes of them."""

from __future__ import annotations

import random

from training.teacher import HELD_OUT_VOICE, VOICES
from training.tts_model import SPEAKERS

PLAIN = {"shift": 1.0, "throat": 1.0}  # the student as the teacher would speak


def random_voice(rng: random.Random, kind: str) -> tuple[dict[str, float], float]:
    """A blend of the training voices and a tempo; the bot has one voice at an even tempo."""
    if kind == "bot":
        return SPEAKERS[0], round(rng.uniform(0.95, 1.1), 3)
    names = rng.sample([v for v in VOICES if v != HELD_OUT_VOICE], rng.choice((1, 2, 2, 3, 4)))
    shares = [rng.gammavariate(1.0, 1.0) + 0.02 for _ in names]
    blend = {n: round(s / sum(shares), 3) for n, s in zip(names, shares, strict=True)}
    return blend, round(rng.uniform(0.8, 1.35), 3)


def random_student(rng: random.Random) -> dict[str, float]:
    """Pitch and throat factors of one speaker; half of the speakers keep the teacher's."""
    if rng.random() < 0.5:
        return PLAIN
    return {"shift": round(2 ** rng.uniform(-0.35, 0.35), 3), "throat": round(rng.uniform(0.88, 1.12), 3)}
