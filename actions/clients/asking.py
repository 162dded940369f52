"""Whether a sentence asks about something, or wants something of one's own: learned, in a second.

退货运费谁出 and 我的退货到哪了 have the same topic, and only the first is for an article. What is asked is
learned from the articles' questions, what is wanted from the utterances of data/nlu, by one logistic
regression over runs of characters. Utterances of an intent that an article answers are on neither side.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

LONGEST = 3  # characters in a run
LEAST = 2  # sentences that have a run, or it is not learned
PENALTY, PASSES, SEED = 1e-5, 10, 1
_EDGE = "^"
_ANNOTATION = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")


class Asking:
    """What was learned. The same sentences give the same."""

    def __init__(self, asked: Sequence[str], wanted: Sequence[str]) -> None:
        """Some of each. Raises ValueError when one is empty."""
        self._view = TfidfVectorizer(analyzer=_runs, sublinear_tf=True, min_df=LEAST)
        self._model = SGDClassifier(
            loss="log_loss", alpha=PENALTY, max_iter=PASSES, tol=None, average=True,
            class_weight="balanced", random_state=SEED,
        )  # fmt: skip
        kinds = [1] * len(asked) + [0] * len(wanted)
        self._model.fit(self._view.fit_transform([*asked, *wanted]), kinds)

    def likely(self, text: str) -> float:
        """0 to 1: how likely the sentence asks about something."""
        score = float(self._model.decision_function(self._view.transform([text]))[0])
        return float(1 / (1 + np.exp(-score)))


def said(folder: Path, without: Collection[str]) -> list[str]:
    """The utterances of Rasa's files in `folder`, but those of the intents `without`. Rasa checks the files;
    what cannot be read is left out."""
    found = []
    for path in sorted(folder.rglob("*.yml")):
        try:
            blocks = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["nlu"]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
            continue
        for block in blocks:
            if block.get("intent", "") in (*without, ""):
                continue
            lines = str(block.get("examples") or "").splitlines()
            found += [_ANNOTATION.sub(r"\1", line.removeprefix("- ")).strip() for line in lines]
    return [text for text in found if text]


def _runs(text: str) -> list[str]:
    """All runs of characters, the edges among them."""
    chars = [_EDGE, *(char for char in text if char.isalnum()), _EDGE]
    return [
        "".join(chars[at : at + size])
        for size in range(1, LONGEST + 1)
        for at in range(len(chars) - size + 1)
    ]
