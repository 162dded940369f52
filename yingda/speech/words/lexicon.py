"""The recogniser's words: readings, word and word-pair probabilities, as a trie over tonal syllables.

File (gzip, UTF-8, tabs), made by training/lexicon.py. First the words, one a line; a word's number is its
id of the word, then one line a word that has known followers:
    W  <word>  <ln probability * 100>  <reading>[|<reading>...]     readings: syllables separated by blanks
    B  <id>  <ln back-off weight * 100>  <follower id>:<ln probability * 100> ...
Words 0 and 1 are the borders <s> and </s>, without a reading.
"""

from __future__ import annotations

import gc
import gzip
import zlib
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

MAGIC = "#yingda-lexicon\t1"
SENTENCE_START, SENTENCE_END = 0, 1
WORDS = -1  # key of a trie node under which its words lie, as (word id, ln probability)
Trie = dict[int, Any]


class LexiconError(Exception):
    """The lexicon file is missing or unreadable. The text says which file and what to do."""


@dataclass
class Lexicon:
    """Everything that was in the file."""

    words: list[str] = field(default_factory=list)
    logs: list[float] = field(default_factory=list)
    readings: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    syllables: list[str] = field(default_factory=list)
    syllable_ids: dict[str, int] = field(default_factory=dict)
    trie: Trie = field(default_factory=dict)
    backoff: dict[int, float] = field(default_factory=dict)
    followers: dict[int, dict[int, float]] = field(default_factory=dict)

    def add_word(self, word: str, log: float, readings: list[str]) -> None:
        """Append a word; its id is the number of words before it."""
        number = len(self.words)
        self.words.append(word)
        self.logs.append(log)
        self.ids[word] = number
        for rank, reading in enumerate(readings):
            syllables = tuple(self._syllable(s) for s in reading.split(" "))
            if rank == 0:
                self.readings[word] = syllables
            insert(self.trie, syllables, number, log - 2.0 * rank)

    def _syllable(self, name: str) -> int:
        number = self.syllable_ids.get(name)
        if number is None:
            number = self.syllable_ids[name] = len(self.syllables)
            self.syllables.append(name)
        return number

    def read_aloud(self, text: str) -> tuple[int, ...] | None:
        """Syllable ids of any Chinese text, by longest words; None with a character that has no reading."""
        out: list[int] = []
        while text:
            size = next((n for n in range(min(8, len(text)), 0, -1) if text[:n] in self.readings), 0)
            if not size:
                return None
            out += self.readings[text[:size]]
            text = text[size:]
        return tuple(out)


@dataclass(frozen=True)
class Sounds:
    """What has a reading: single characters, and the syllables there are."""

    characters: frozenset[str]
    syllables: frozenset[str]

    @classmethod
    def of(cls, lexicon: Lexicon) -> Sounds:
        """Those of a loaded lexicon."""
        return cls(frozenset(w for w in lexicon.readings if len(w) == 1), frozenset(lexicon.syllables))


def insert(trie: Trie, syllables: tuple[int, ...], word: int, log: float) -> None:
    """Put a word under its syllables."""
    node = trie
    for syllable in syllables:
        node = node.setdefault(syllable, {})
    node.setdefault(WORDS, []).append((word, log))


def load(path: str | Path, most_homophones: int = 12) -> Lexicon:
    """Read the file. Raises LexiconError."""
    lines = _lines(path)
    collecting = gc.isenabled()
    gc.disable()  # a million small dicts: the collector would walk them again and again
    try:
        return _parse(lines, str(path), most_homophones)
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def load_sounds(path: str | Path) -> Sounds:
    """What has a reading in the file, without making all of it. Raises LexiconError."""
    characters, syllables = set(), set()
    for line in _lines(path, words_only=True)[1:]:
        word, _, readings = line.removeprefix("W\t").partition("\t")
        said = readings.rpartition("\t")[2]
        syllables.update(said.replace("|", " ").split())
        if len(word) == 1 and said:
            characters.add(word)
    return Sounds(frozenset(characters), frozenset(syllables))


def _lines(path: str | Path, words_only: bool = False) -> list[str]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            if words_only:  # they come first
                lines = [line.rstrip("\n") for line in takewhile(lambda line: line[:1] in "#W", file)]
            else:
                lines = file.read().split("\n")
    except FileNotFoundError:
        raise LexiconError(
            f"{path}: there is no such file; make it with: python -m training.lexicon"
        ) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise LexiconError(
            f"{path}: cannot be read ({error}); make it anew: python -m training.lexicon"
        ) from None
    if lines[:1] != [MAGIC]:
        raise LexiconError(f"{path}: line 1: expected {MAGIC!r}; make it anew: python -m training.lexicon")
    return lines


def _parse(lines: list[str], path: str, most_homophones: int) -> Lexicon:
    lexicon = Lexicon()
    number = 1
    try:
        for number, line in enumerate(lines[1:], 2):  # noqa: B007
            if line.startswith("W\t"):
                _, word, log, readings = line.split("\t")
                lexicon.add_word(word, int(log) / 100, readings.split("|") if readings else [])
            elif line:
                _, word, log, followers = line.split("\t")
                pairs = (item.split(":") for item in followers.split(" "))
                lexicon.backoff[int(word)] = int(log) / 100
                lexicon.followers[int(word)] = {int(b): int(p) / 100 for b, p in pairs}
    except ValueError as error:
        raise LexiconError(
            f"{path}: line {number}: {error}; make it anew: python -m training.lexicon"
        ) from None
    _sort(lexicon.trie, most_homophones)
    return lexicon


def _sort(trie: Trie, most: int) -> None:
    stack = [trie]
    while stack:
        for key, value in stack.pop().items():
            if key == WORDS:
                if len(value) > 1:
                    value.sort(key=lambda item: -item[1])
                    del value[most:]
            else:
                stack.append(value)
