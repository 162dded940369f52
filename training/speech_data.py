"""Training examples from aligned shards: whole utterances, spliced ones, and what a telephone line
does to them.

Splicing (after Lam et al., "On-the-fly aligned data augmentation for sequence-to-sequence ASR",
Interspeech 2021):
runs of syllables of one voice, cut at the quietest point near their borders, are joined to
sentences that nobody
ever wrote. It multiplies the text and breaks the habit of guessing from the words around.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training import telephone_line
from training.telephone_line import RATE_HZ

_CROSSFADE = 40  # samples, 5 ms


@dataclass
class Item:
    """One utterance of a shard; spans are seconds of its syllables. `voice` None: a speaker of one utterance,
    with whom nothing can be spliced."""

    shard: np.ndarray
    offset: int
    samples: int
    syllables: list[str]
    spans: np.ndarray
    voice: str | None
    kind: str
    is_teacher: bool = True

    def audio(self) -> np.ndarray:
        return self.shard[self.offset : self.offset + self.samples].astype(np.float32) / 32768


@dataclass
class Example:
    """What the trainer sees: audio at 8 kHz, syllables and their spans in seconds."""

    audio: np.ndarray
    syllables: list[str]
    spans: np.ndarray


def load(folder: Path, split: str = "train") -> list[Item]:
    """All utterances of a split; grows while shards are being written, so it is called again each epoch."""
    items = []
    for lines in sorted(folder.glob("*.jsonl")):
        path = lines.with_suffix(".i16")
        if not path.exists() or path.stat().st_size < 2:
            continue
        shard = np.memmap(path, dtype="<i2", mode="r")
        for line in lines.read_text(encoding="utf-8").splitlines():
            try:
                x = json.loads(line)
            except json.JSONDecodeError:
                break  # the line being written right now
            spans = np.array(x["spans"], np.float32).reshape(-1, 2)
            fits = x["offset"] + x["samples"] <= len(shard) and x["samples"] / 640 > len(spans) * 1.1
            if x["split"] == split and fits and len(spans) and (spans[:, 1] > spans[:, 0]).all():
                warped = x.get("student", {}).get("throat", 1.0) != 1.0
                voice = None if warped else max(x["voice"], key=x["voice"].get)
                items.append(
                    Item(
                        shard, x["offset"], x["samples"], x["syllables"], spans, voice, x["kind"],
                        "student" not in x,
                    )
                )  # fmt: skip
    return items


class Examples:
    """Draws examples; `hard` 0..1 scales how much the line harms them."""

    def __init__(self, items: list[Item], seed: int = 1) -> None:
        self._rng, self._np = random.Random(seed), np.random.RandomState(seed)
        self._by_voice: dict[str, list[Item]] = defaultdict(list)
        self.replace(items)

    def replace(self, items: list[Item]) -> None:
        self.items = items
        self._by_voice.clear()
        for item in items:
            if item.voice is not None:
                self._by_voice[item.voice].append(item)

    def whole(self, item: Item, hard: float) -> Example:
        return self._line(Example(item.audio(), item.syllables, item.spans), hard)

    def spliced(self, hard: float, longest_s: float = 6.0) -> Example:
        """Two to five runs of one to five syllables, all of one main voice."""
        pool = self._by_voice[self._rng.choice(list(self._by_voice))]
        pieces, syllables, spans, at = [], [], [], 0.0
        for _ in range(self._rng.choice((2, 3, 3, 4, 5))):
            piece, names, inner = self._run(self._rng.choice(pool))
            if at + len(piece) / RATE_HZ > longest_s:
                break
            if len(piece) < 4 * _CROSSFADE:
                continue
            pieces.append(piece)
            syllables += names
            spans.append(inner + at)
            at += (len(piece) - _CROSSFADE) / RATE_HZ
        if not pieces:
            return self.spliced(hard, longest_s)
        return self._line(Example(_join(pieces), syllables, np.concatenate(spans)), hard)

    def _run(self, item: Item) -> tuple[np.ndarray, list[str], np.ndarray]:
        n = len(item.syllables)
        length = min(n, self._rng.choice((1, 2, 2, 3, 3, 4, 5)))
        first = self._rng.randrange(n - length + 1)
        audio = item.audio()
        start = 0 if first == 0 else _quiet(audio, (item.spans[first - 1, 1] + item.spans[first, 0]) / 2)
        past = first + length
        end = len(audio) if past == n else _quiet(audio, (item.spans[past - 1, 1] + item.spans[past, 0]) / 2)
        end = max(end, start + 2 * _CROSSFADE)
        return audio[start:end], item.syllables[first:past], item.spans[first:past] - start / RATE_HZ

    def _line(self, x: Example, hard: float) -> Example:
        """Tempo and pitch, silence around, and what rooms and lines do."""
        r, y, spans = self._np, x.audio, x.spans
        if r.rand() < 0.5:
            factor = r.uniform(0.88, 1.14)
            y = np.interp(np.arange(0, len(y) - 1, factor), np.arange(len(y)), y).astype(np.float32)
            spans = spans / factor
        lead, tail = int(r.uniform(0, 0.4) * RATE_HZ), int(r.uniform(0, 0.5) * RATE_HZ)
        y = np.concatenate([np.zeros(lead, np.float32), y, np.zeros(tail, np.float32)])
        spans = spans + lead / RATE_HZ
        y = telephone_line.harm(y, hard, r, lambda: self._rng.choice(self.items).audio())
        return Example(y, x.syllables, spans)


def _quiet(audio: np.ndarray, at_s: float, reach: int = 240) -> int:
    """The quietest 5 ms within 30 ms of a border."""
    low = max(0, int(at_s * RATE_HZ) - reach)
    window = np.abs(audio[low : int(at_s * RATE_HZ) + reach])
    if len(window) < 80:
        return min(len(audio) - 1, int(at_s * RATE_HZ))
    return low + int(np.convolve(window, np.ones(40), "valid").argmin()) + 20


def _join(pieces: list[np.ndarray]) -> np.ndarray:
    fade = np.linspace(0, 1, _CROSSFADE, dtype=np.float32)
    out = pieces[0].copy()
    for piece in pieces[1:]:
        out[-_CROSSFADE:] = out[-_CROSSFADE:] * (1 - fade) + piece[:_CROSSFADE] * fade
        out = np.concatenate([out, piece[_CROSSFADE:]])
    return out
