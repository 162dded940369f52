"""How soon the first text comes after the first syllable, in audio time: what chunks and look-ahead cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.speech._asr_run import Ears
from bench.speech._asr_set import Utterance, on_the_line
from yingda.speech.recordings import LEAD_S

BAR_S = 0.3  # after the end of the first word
_LOUD = 0.1  # of the loudest 20 ms: speech has begun


def onset_s(audio: np.ndarray) -> float:
    """When speech begins, by its energy, in seconds."""
    frames = audio[: len(audio) // 160 * 160].reshape(-1, 160)
    power = np.sqrt(np.mean(frames**2, axis=1))
    return float(np.argmax(power > _LOUD * power.max())) * 0.02


def print_first_word(ears: Ears, utterances: Sequence[Utterance]) -> None:
    """From where speech begins; and, of recordings whose syllables' ends the teacher gave, from the end of
    the first one. Every sentence is begun at four places in a chunk."""
    chosen = [u for u in utterances if u.item["text_is"] == "unseen" or "ends_s" in u.item]
    rows = []
    for quarter in range(4):
        lead = np.zeros(quarter * ears.model.chunk_samples // 4, np.float32)
        audios = [np.concatenate([lead, on_the_line(u.audio)]) for u in chosen]
        early = LEAD_S + len(lead) / 8000
        firsts = ears.first_texts_s(audios)
        rows += [(u, at - early) for u, at in zip(chosen, firsts, strict=True) if at is not None]
    onset = np.array([at - onset_s(u.audio) for u, at in rows])
    _print("the beginning of speech", onset)
    ends = np.array([at - u.item["ends_s"][0] for u, at in rows if "ends_s" in u.item])
    if len(ends):
        _print("the end of the first syllable", ends)
        share = np.mean(ends <= BAR_S)
        print(f"  {share:.0%} within {1000 * BAR_S:.0f} ms of the first syllable's end")


def _print(name: str, delays: np.ndarray) -> None:
    p50, p95 = np.percentile(delays, [50, 95])
    print(f"first text: {p50:.2f} s (p50), {p95:.2f} s (p95) after {name}, n {len(delays)}")
