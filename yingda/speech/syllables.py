"""Tonal syllables to characters: Viterbi search over words, word pairs and what may have been misheard.

The score of a word after another is its ln probability there, less what it costs to take the heard
syllables for the word's own (confusion.py), plus what the request boosts. Few histories a syllable are kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from yingda.speech.confusion import Confusions
from yingda.speech.lexicon import SENTENCE_END, SENTENCE_START, WORDS, Lexicon, Trie, insert

WORD_COST = 1.0  # nats a word: fewer, longer words
SKIP_COST = 14.0  # nats: a heard syllable that was no speech, or fits nowhere
WORD_LIMIT = 7.0  # nats of misheard syllables within one word
NEW_WORD_LOG = -9.0  # ln probability of a word that only the request knows
_NOTHING = -1  # word id of a skipped syllable

_HAN = re.compile("[\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Reading:
    """What was made of the syllables: text, and within 0..1 how well they fit it."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Boosts:
    """A request's words, prepared by `Decoder.prepare`."""

    trie: Trie
    new_words: tuple[str, ...]


@dataclass(slots=True)
class _State:
    word: int
    score: float
    cost: float
    before: _State | None


class Decoder:
    """Reads syllables. Keeps no state between calls; safe to share between threads."""

    def __init__(
        self, lexicon: Lexicon, beam: int = 6, confusion_weight: float = 1.5, boost_weight: float = 0.25
    ) -> None:
        """`beam`: histories kept a syllable; `boost_weight`: nats per unit of boost and syllable."""
        self._lexicon = lexicon
        self._beam = beam
        self._boost_weight = boost_weight
        self._confusions = Confusions(lexicon.syllables, confusion_weight)

    def prepare(self, phrases: Iterable[tuple[str, float]]) -> Boosts:
        """Make a request's (phrase, boost) pairs searchable. Words that the lexicon lacks are added for
        this request; phrases without a Chinese reading are left out."""
        trie: Trie = {}
        new: list[str] = []
        for phrase, boost in phrases:
            text = "".join(_HAN.findall(phrase))
            syllables = self._lexicon.read_aloud(text)
            if not text or syllables is None:
                continue
            known = self._lexicon.ids.get(text)
            log = self._lexicon.logs[known] if known is not None else NEW_WORD_LOG
            if known is None:
                known = len(self._lexicon.words) + len(new)
                new.append(text)
            insert(trie, syllables, known, log + self._boost_weight * boost * len(syllables))
        return Boosts(trie, tuple(new))

    def decode(self, heard: Sequence[str], boosts: Boosts | None = None) -> Reading:
        """Characters for syllables such as ["ni3", "hao3"]; what is no syllable is skipped."""
        if not heard:
            return Reading("", 0.0)
        tries = [self._lexicon.trie] + ([boosts.trie] if boosts and boosts.trie else [])
        alternatives = [self._confusions.alternatives(s) for s in heard]
        columns: list[dict[int, _State]] = [{} for _ in range(len(heard) + 1)]
        columns[0][SENTENCE_START] = _State(SENTENCE_START, 0.0, 0.0, None)
        for start in range(len(heard)):
            states = sorted(columns[start].values(), key=lambda s: -s.score)[: self._beam]
            columns[start] = {}
            if states:
                self._extend(states, tries, alternatives, start, columns)
        best = max(
            columns[-1].values(), key=lambda s: s.score + self._log(s.word, SENTENCE_END), default=None
        )
        return self._trace(best, len(heard), boosts)

    def _extend(
        self,
        states: list[_State],
        tries: list[Trie],
        alternatives: list[tuple[tuple[int, float], ...]],
        start: int,
        columns: list[dict[int, _State]],
    ) -> None:
        backoff, lexicon_followers, logs = self._lexicon.backoff, self._lexicon.followers, self._lexicon.logs
        any_score, any_state = max(
            ((s.score + backoff.get(s.word, 0.0), s) for s in states), key=itemgetter(0)
        )
        followers = [(s.score, lexicon_followers[s.word], s) for s in states if s.word in lexicon_followers]
        for trie in tries:
            for end, cost, words in _matches(trie, alternatives, start):
                column = columns[end]
                for word, log in words:
                    score, before = any_score + log, any_state
                    lift = log - logs[word] if word < len(logs) else 0.0
                    for base, known, state in followers:
                        pair = known.get(word)
                        if pair is not None and base + pair + lift > score:
                            score, before = base + pair + lift, state
                    score -= cost + WORD_COST
                    old = column.get(word)
                    if old is None or score > old.score:
                        column[word] = _State(word, score, before.cost + cost, before)
        best = states[0]
        skipped = _State(_NOTHING, best.score - SKIP_COST, best.cost + SKIP_COST, best)
        old = columns[start + 1].get(_NOTHING)
        if old is None or skipped.score > old.score:
            columns[start + 1][_NOTHING] = skipped

    def _log(self, before: int, word: int) -> float:
        pair = self._lexicon.followers.get(before, {}).get(word)
        return pair if pair is not None else self._lexicon.backoff.get(before, 0.0) + self._lexicon.logs[word]

    def _trace(self, state: _State | None, count: int, boosts: Boosts | None) -> Reading:
        if state is None:
            return Reading("", 0.0)
        confidence = math.exp(-state.cost / count / 2)
        words: list[str] = []
        known = len(self._lexicon.words)
        while state is not None and state.before is not None:
            if state.word >= known and boosts is not None:
                words.append(boosts.new_words[state.word - known])
            elif state.word >= 0:
                words.append(self._lexicon.words[state.word])
            state = state.before
        return Reading("".join(reversed(words)), confidence)


def _matches(
    trie: Trie, alternatives: list[tuple[tuple[int, float], ...]], start: int
) -> list[tuple[int, float, list[tuple[int, float]]]]:
    """(end, cost, words) of every trie path that the syllables from `start` on may stand for."""
    out = []
    nodes = [(trie, 0.0)]
    for end in range(start, len(alternatives)):
        deeper = []
        for node, cost in nodes:
            for syllable, extra in alternatives[end]:
                child = node.get(syllable)
                if child is not None and cost + extra <= WORD_LIMIT:
                    deeper.append((child, cost + extra))
                    words = child.get(WORDS)
                    if words is not None:
                        out.append((end + 1, cost + extra, words))
        if not deeper:
            break
        nodes = deeper
    return out
