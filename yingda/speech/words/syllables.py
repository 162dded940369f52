"""Tonal syllables to characters: Viterbi search over words, word pairs and what may have been said.

The score of a word after another is its ln probability there, less what it costs to take its syllables for
what was heard, plus what the request boosts. What the costs are, places.py says: of slots the model's own
posteriors, of bare syllables a table of confusions. Few histories a slot are kept; nbest.py reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from yingda.speech.words import boosts as boosting
from yingda.speech.words import nbest
from yingda.speech.words.boosts import Phrase
from yingda.speech.words.confusion import Confusions
from yingda.speech.words.lexicon import SENTENCE_END, SENTENCE_START, WORDS, Lexicon, Sounds, Trie, insert
from yingda.speech.words.nbest import Arc, Path, State
from yingda.speech.words.places import Costs, Place
from yingda.speech.words.slots import Slot

WORD_LIMIT = 9.0  # nats of misheard syllables within one word
NEW_WORD_LOG = -9.0  # ln probability of a word that only the request knows

_SCORE = attrgetter("score")
_Match = tuple[int, float, list[tuple[int, float]]]


@dataclass(frozen=True)
class Reading:
    """What was made of the slots. `paths`: distinct texts, the best first, at least one; `misheard`: nats
    that the best one takes otherwise than heard; `slots`: how many places were heard, optional ones apart."""

    paths: tuple[Path, ...]
    misheard: float
    slots: int

    @property
    def text(self) -> str:
        """The best text."""
        return self.paths[0].text


NOTHING_HEARD = Reading((Path("", 0.0, 0.0, 0.0, 0, 0),), 0.0, 0)


@dataclass(frozen=True)
class Boosts:
    """A request's words, prepared by `Decoder.prepare`."""

    trie: Trie
    new_words: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """What was tuned on speech apart from training and test (training/tune_decoder.py). In nats, except
    `acoustic` and `confusion`, which multiply them, and `beam`, histories kept a slot."""

    acoustic: float = 1.3
    confusion: float = 1.2
    word: float = 0.5  # a word's cost: fewer, longer words
    boost: float = 0.25  # per unit of boost (boosts.raise_log)
    beam: int = 6


class Decoder:
    """Reads slots or syllables. Keeps no state between calls; safe to share between threads."""

    def __init__(self, lexicon: Lexicon, weights: Weights | None = None) -> None:
        self.lexicon = lexicon
        self.weights = weights or Weights()
        confusions = Confusions(lexicon.syllables, self.weights.confusion)
        self._costs = Costs(lexicon.syllable_ids, confusions, self.weights.acoustic)

    @property
    def sounds(self) -> Sounds:
        """What can be read in phrases."""
        return Sounds.of(self.lexicon)

    def prepare(self, phrases: Iterable[Phrase]) -> Boosts:
        """Make a request's (phrase, boost) pairs searchable, or (phrase, boost, readings). Words that the
        lexicon lacks are added for this request; phrases that cannot be read are left out."""
        trie: Trie = {}
        new: dict[str, int] = {}
        for phrase, boost, *said in phrases:
            text = boosting.written(phrase)
            number = self.lexicon.ids.get(text)
            log = self.lexicon.logs[number] if number is not None else NEW_WORD_LOG
            for syllables in boosting.readings(self.lexicon, text, *said):
                if number is None:
                    number = new.setdefault(text, len(self.lexicon.words) + len(new))
                raised = boosting.raise_log(log, self.weights.boost * boost, text, len(syllables))
                insert(trie, syllables, number, raised)
        return Boosts(trie, tuple(new))

    def decode(
        self, heard: Sequence[str] | Sequence[Slot], boosts: Boosts | None = None, most: int = 1
    ) -> Reading:
        """Up to `most` distinct texts for slots, or for syllables such as ["ni3", "hao3"]; what is no
        syllable is skipped."""
        places = [self._costs.place(item) for item in heard]
        if not places:
            return NOTHING_HEARD
        tries = [self.lexicon.trie] + ([boosts.trie] if boosts and boosts.trie else [])
        columns: list[dict[int, State]] = [{} for _ in range(len(places) + 1)]
        columns[0][SENTENCE_START] = State(SENTENCE_START, 0.0)
        kept: list[list[State]] = []
        for start in range(len(places)):
            kept.append(sorted(columns[start].values(), key=_SCORE, reverse=True)[: self.weights.beam])
            columns[start] = {}
            if kept[start]:
                self._extend(kept[start], tries, places, start, columns)
        ends = ((self._log(state.word, SENTENCE_END), state) for state in columns[-1].values())
        new_words = boosts.new_words if boosts else ()
        words = self.lexicon.words

        def spell(word: int) -> str:
            return words[word] if word < len(words) else new_words[word - len(words)]

        paths = nbest.best(list(ends), kept, self._transition, spell, most)
        misheard = max(0.0, paths[0].cost - self.weights.word * paths[0].words)
        return Reading(tuple(paths), misheard, sum(not place.optional for place in places))

    def _extend(
        self, states: list[State], tries: list[Trie], places: list[Place], start: int,
        columns: list[dict[int, State]],
    ) -> None:  # fmt: skip
        backoff, lexicon_followers, logs = self.lexicon.backoff, self.lexicon.followers, self.lexicon.logs
        any_score = max(s.score + backoff.get(s.word, 0.0) for s in states)
        followers = [(s.score, lexicon_followers[s.word]) for s in states if s.word in lexicon_followers]
        for trie in tries:
            for end, cost, words in _matches(trie, places, start):
                column = columns[end]
                cost += self.weights.word
                for word, log in words:
                    score = any_score + log
                    for base, known in followers:
                        pair = known.get(word)
                        if pair is not None:
                            lift = log - logs[word] if word < len(logs) else 0.0
                            if base + pair + lift > score:
                                score = base + pair + lift
                    score -= cost
                    state = column.get(word)
                    if state is None:
                        state = column[word] = State(word, score)
                    elif score > state.score:
                        state.score = score
                    state.arcs.append(Arc(start, cost, log))
        skip = places[start].skip
        for before in states:
            score = before.score - skip
            state = columns[start + 1].get(before.word)
            if state is None:
                state = columns[start + 1][before.word] = State(before.word, score)
            elif score > state.score:
                state.score = score
            state.arcs.append(Arc(start, skip, None))

    def _transition(self, before: int, word: int, log: float) -> float:
        """ln probability of a word, which alone has `log`, after another."""
        alone = self.lexicon.backoff.get(before, 0.0) + log
        pair = self.lexicon.followers.get(before, {}).get(word)
        if pair is None:
            return alone
        return max(alone, pair + (log - self.lexicon.logs[word] if word < len(self.lexicon.logs) else 0.0))

    def _log(self, before: int, word: int) -> float:
        pair = self.lexicon.followers.get(before, {}).get(word)
        return pair if pair is not None else self.lexicon.backoff.get(before, 0.0) + self.lexicon.logs[word]


def _matches(trie: Trie, places: list[Place], start: int) -> list[_Match]:
    """(end, cost, words) of every trie path that the places from `start` on may stand for."""
    out: list[_Match] = []
    nodes = [(trie, 0.0)]
    for end in range(start, len(places)):
        deeper = []
        place = places[end]
        for node, cost in nodes:
            for syllable, extra in place.syllables:
                if cost + extra > WORD_LIMIT:
                    break  # the cheapest come first
                child = node.get(syllable)
                if child is not None:
                    deeper.append((child, cost + extra))
                    words = child.get(WORDS)
                    if words is not None:
                        out.append((end + 1, cost + extra, words))
            if end > start and cost + place.skip <= WORD_LIMIT:
                deeper.append((node, cost + place.skip))
        if not deeper:
            break
        nodes = deeper
    return out
