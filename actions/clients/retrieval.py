"""Which article a question means, learned from the articles' own questions in seconds. Pure.

scikit-learn does the work: tf-idf over three views of a sentence (runs of characters; runs of syllables,
because recognition gets sounds right more often than characters; pairs of characters anywhere in the
sentence, because callers put the same words in another order), and a logistic regression for each article.
One class stands for everything that no article answers. docs/knowledge.md compares it with other engines.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pypinyin import lazy_pinyin
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

NOTHING = ""  # the class of what no article answers
PENALTY, PASSES, SEED = 2e-5, 6, 1
NOTHING_COUNTS = 8.0  # how much the refused sentences weigh against the questions of one article
GRAMMAR = frozenset("的了吗我你是在有不呢吧啊呀嘛就也都还给把那这个们啦么")
_EDGE = "^"


@dataclass(frozen=True)
class Hit:
    """A class and how likely it is."""

    name: str
    confidence: float


def characters(text: str) -> list[str]:
    """Single characters and pairs of neighbours, the edges among them."""
    return _runs([_EDGE, *_written(text), _EDGE])


def syllables(text: str) -> list[str]:
    """Single syllables and pairs of neighbours."""
    return _runs(lazy_pinyin("".join(_written(text))))


def pairs(text: str) -> list[str]:
    """Two characters that occur together, in any order; grammar does not count."""
    found = sorted(set(_written(text)) - GRAMMAR)
    return [f"{a}{b}" for place, a in enumerate(found) for b in found[place + 1 :]]


VIEWS: tuple[Callable[[str], list[str]], ...] = (characters, syllables, pairs)


class Retriever:
    """What was learned. The same sentences give the same retriever."""

    def __init__(self, texts: Sequence[str], names: Sequence[str]) -> None:
        """`texts` and the class of each, NOTHING for what must be refused. Two classes at least."""
        self._views = [TfidfVectorizer(analyzer=view, sublinear_tf=True) for view in VIEWS]
        features = hstack([view.fit_transform(texts) for view in self._views]).tocsr()
        model = SGDClassifier(
            loss="log_loss", alpha=PENALTY, max_iter=PASSES, tol=None, average=True,
            class_weight=_weights(names), random_state=SEED,
        )  # fmt: skip
        model.fit(features, list(names))
        self._names = [str(name) for name in model.classes_]
        weights, bias = model.coef_.T, model.intercept_
        if weights.shape[1] == 1:  # of two classes scikit-learn learns the second one only
            weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        self._weights = np.ascontiguousarray(weights, dtype=np.float32)  # [features, classes]
        self._bias = bias

    def rank(self, text: str) -> list[Hit]:
        """All classes, the likeliest first; confidences add up to one."""
        return self.rank_all([text])[0]

    def rank_all(self, texts: Sequence[str]) -> list[list[Hit]]:
        """`rank` of each text."""
        found = self._features(texts)
        # only the rows of what was said: scikit-learn's product would copy all weights, some 40 MB
        rows = [(found.indices[a:b], found.data[a:b]) for a, b in itertools.pairwise(found.indptr)]
        scores = np.stack([values @ self._weights[places] + self._bias for places, values in rows])
        likely = np.exp(scores - scores.max(1, keepdims=True))
        likely /= likely.sum(1, keepdims=True)
        return [[Hit(self._names[at], float(row[at])) for at in np.argsort(-row)] for row in likely]

    def _features(self, texts: Sequence[str]) -> csr_matrix:
        return hstack([view.transform(texts) for view in self._views]).tocsr()


def likeness(one: str, other: str) -> float:
    """0 to 1: how many runs of characters and syllables two sentences share. For sentences that the
    retriever has not learned yet."""
    return max(_shared(a, b) for a, b in zip(_seen(one), _seen(other), strict=True))


@functools.lru_cache(maxsize=8192)
def _seen(text: str) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(characters(text)), frozenset(syllables(text))


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def _written(text: str) -> list[str]:
    return [char for char in text if char.isalnum()]


def _runs(units: list[str]) -> list[str]:
    return units + [f"{a} {b}" for a, b in itertools.pairwise(units)]


def _weights(names: Sequence[str]) -> dict[str, float]:
    """Classes count alike whatever their size, what is refused NOTHING_COUNTS times."""
    kinds = sorted(set(names))
    even = {kind: len(names) / (len(kinds) * names.count(kind)) for kind in kinds}
    return {kind: weight * (NOTHING_COUNTS if kind == NOTHING else 1) for kind, weight in even.items()}
