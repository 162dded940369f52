"""Unknown questions that mean the same, put together. Pure; scikit-learn does the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from actions.clients.retrieval import VIEWS

APART = 0.78  # average distance (1 - cosine) from which on two groups stay apart
MOST = 3000  # sentences at once: memory grows with the square


def distances(texts: Sequence[str]) -> np.ndarray:
    """[texts, texts], 0 for the same words or sounds, 1 for nothing in common."""
    views = [TfidfVectorizer(analyzer=view, sublinear_tf=True).fit_transform(texts) for view in VIEWS]
    alike = sum((view @ view.T).toarray() for view in views) / len(views)
    return np.clip(1.0 - alike, 0.0, 1.0)


def clusters(
    texts: Sequence[str], least: int, plain: Callable[[str], str] = lambda text: text
) -> list[list[int]]:
    """Places of sentences that belong together, the largest group first, each beginning with its middle.
    Groups of fewer than `least` are left out. `plain` puts synonyms into one word."""
    texts = [plain(text) for text in texts[:MOST]]
    if len(texts) < max(2, least):
        return []
    apart = distances(texts)
    model = AgglomerativeClustering(
        n_clusters=None, affinity="precomputed", linkage="average", distance_threshold=APART
    )
    labels = model.fit_predict(apart)
    found = [np.flatnonzero(labels == label) for label in sorted(set(labels))]
    groups = [_from_the_middle(places, apart) for places in found if len(places) >= least]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _from_the_middle(places: np.ndarray, apart: np.ndarray) -> list[int]:
    """Nearest to all others first."""
    mean = apart[np.ix_(places, places)].mean(1)
    return [int(place) for place in places[np.argsort(mean, kind="stable")]]
