"""Sentences as a recogniser might mishear them, at a given rate of wrong characters.

    python -m training.confuse tests/data/nlu/held_out.yml > tests/data/nlu/misheard.tsv
    python -m training.confuse tests/data/knowledge/questions.yml > tests/data/knowledge/misheard.tsv

A character becomes one of the same sound or of one that is often taken for it (zh and z, n and l, ing and
in ...), or is lost, or is said twice. Lines: intent or article, said, heard. Made once, then frozen.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pypinyin import lazy_pinyin

SEED, RATE = 20261128, 0.05
LOST, TWICE = 0.1, 0.05  # shares of the wrong characters
NEAR = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("n", "l"),
    ("f", "h"),
    ("ing", "in"),
    ("eng", "en"),
    ("ang", "an"),
)
_ANNOTATION = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def common_characters() -> list[str]:
    """The 3,755 characters of GB 2312's first level."""
    rows = (bytes([high, low]) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    found = (row.decode("gb2312", "ignore") for row in rows)
    return [char for char in found if char]


def alike(syllable: str) -> set[str]:
    """The syllable, and those that are taken for it."""
    found = {syllable}
    for a, b in NEAR:
        for one, other in ((a, b), (b, a)):
            if a.isalpha() and len(a) + len(b) > 4:  # finals
                if syllable.endswith(one):
                    found.add(syllable[: -len(one)] + other)
            elif syllable.startswith(one) and not (len(one) == 1 and syllable[1:2] == "h"):
                found.add(other + syllable[len(one) :])
    return found


class Confuser:
    """Draws with a seed of its own, so that the same sentences are always misheard in the same way."""

    def __init__(self, seed: int, rate: float) -> None:
        self._rng, self._rate = random.Random(seed), rate
        self._by_sound: dict[str, list[str]] = {}
        for char in common_characters():
            self._by_sound.setdefault(lazy_pinyin(char)[0], []).append(char)

    def heard(self, text: str) -> str:
        """One sentence."""
        out = []
        for char, syllable in zip(text, lazy_pinyin(list(text)), strict=True):
            if self._rng.random() >= self._rate or not "\u4e00" <= char <= "\u9fff":
                out.append(char)
                continue
            kind = self._rng.random()
            if kind < LOST:
                continue
            if kind < LOST + TWICE:
                out.append(char + char)
                continue
            sounds = sorted(alike(syllable))
            choices = [other for sound in sounds for other in self._by_sound.get(sound, []) if other != char]
            out.append(self._rng.choice(choices) if choices else char)
        return "".join(out) or text


def sentences(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What each sentence means and the sentence: of Rasa's NLU data, or of questions by part and article."""
    for block in tree.get("nlu", []):
        for line in block["examples"].splitlines():
            yield block["intent"], _ANNOTATION.sub(r"\1", line.removeprefix("- ").strip())
    for part in ("dev", "test"):
        for article, questions in tree.get(part, {}).items():
            yield from ((article, question) for question in questions)


def main() -> int:
    """Write the lines to standard output."""
    confuser = Confuser(SEED, RATE)
    print("intent\tsaid\theard")
    for meant, said in sentences(yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print(meant, said, confuser.heard(said), sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
