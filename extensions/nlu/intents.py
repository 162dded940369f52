"""The intent of an utterance by what it is written with and how it sounds.

Recognised speech has the right syllables more often than the right characters (余额, 鱼额), so runs of one to
three syllables stand beside runs of one to three characters; both weighed by how rare they are (tf-idf).
On them one logistic regression for each intent, learned by averaged stochastic gradients in seconds; what
they say together is made a probability by a temperature, chosen on utterances that were kept back.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from pypinyin import lazy_pinyin
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

from extensions.nlu import several

LONGEST = 3  # characters or syllables in a run
RANKED = 10
PASSES, SEED = 15, 42
KEPT_BACK = 0.2
SHARPNESS = (0.25, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0)
_EDGE = "^"


def runs(text: str) -> Iterator[str]:
    """All runs of characters, then of syllables; the edges of the utterance are part of them."""
    chars = [_EDGE, *(char for char in text if not char.isspace()), _EDGE]
    for size in range(1, LONGEST + 1):
        for at in range(len(chars) - size + 1):
            yield "".join(chars[at : at + size])
    syllables = lazy_pinyin("".join(chars[1:-1]))
    for size in range(1, LONGEST + 1):
        for at in range(len(syllables) - size + 1):
            yield "/" + " ".join(syllables[at : at + size])


class Weights:
    """The runs that are known with their rarity, and what each says for every intent."""

    def __init__(
        self, known: list[str], rarity: np.ndarray, intents: list[str], weights: np.ndarray, bias: np.ndarray
    ) -> None:
        """`rarity`: [runs]; `weights`: [runs, intents]; `bias`: [intents]."""
        self.known, self.rarity, self.intents = known, rarity, intents
        self.weights, self.bias = weights, bias
        self._place = {run: place for place, run in enumerate(known)}

    def _found(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Places of the known runs of a text, and values: log counts by rarity, characters and syllables
        each of length one."""
        counts: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for run in runs(text):
            place = self._place.get(run)
            if place is not None:
                kind = counts[run.startswith("/")]
                kind[place] = kind.get(place, 0) + 1
        places, values = [], []
        for kind in counts:
            at = np.fromiter(kind, int, len(kind))
            value = (1 + np.log(np.fromiter(kind.values(), float, len(kind)))) * self.rarity[at]
            places.append(at)
            values.append(value / (np.linalg.norm(value) or 1.0))
        return np.concatenate(places), np.concatenate(values)

    def features(self, texts: list[str]) -> csr_matrix:
        """[texts, runs], for learning."""
        found = [self._found(text) for text in texts]
        ends = np.cumsum([0, *(len(places) for places, _ in found)])
        columns = np.concatenate([places for places, _ in found])
        data = np.concatenate([values for _, values in found])
        return csr_matrix((data, columns, ends), shape=(len(texts), len(self.known)))

    def confidences(self, texts: list[str]) -> np.ndarray:
        """[texts, intents], each row adding up to one."""
        scores = self.scores(texts)
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True))

    def scores(self, texts: list[str]) -> np.ndarray:
        """[texts, intents], any numbers."""
        # only the rows of what was said: a product with the whole takes 30 ms
        found = [self._found(text) for text in texts]
        rows = [values @ self.weights[places] + self.bias for places, values in found]
        return np.stack(rows) if rows else np.zeros((0, len(self.intents)))


def fit(texts: list[str], intents: list[str], penalty: float, least: int) -> Weights:
    """`penalty`: of large weights; the longest runs that fewer than `least` utterances have are left out."""
    kept_back = set(random.Random(SEED).sample(range(len(texts)), round(KEPT_BACK * len(texts))))
    rest = [n for n in range(len(texts)) if n not in kept_back]
    trial = _fit([texts[n] for n in rest], [intents[n] for n in rest], penalty, least)
    judged = [n for n in sorted(kept_back) if intents[n] in trial.intents]
    scores = trial.scores([texts[n] for n in judged])
    right = np.array([trial.intents.index(intents[n]) for n in judged], dtype=int)
    sharpness = max(SHARPNESS, key=lambda k: _log_likelihood(k * scores, right)) if judged else 1.0
    learned = _fit(texts, intents, penalty, least)
    learned.weights *= sharpness
    learned.bias *= sharpness
    return learned


def _fit(texts: list[str], intents: list[str], penalty: float, least: int) -> Weights:
    seen: dict[str, int] = {}
    for text in texts:
        for run in set(runs(text)):
            seen[run] = seen.get(run, 0) + 1
    known = sorted(run for run, count in seen.items() if count >= least or not _is_long(run))
    rarity = np.log((1 + len(texts)) / (1 + np.array([seen[run] for run in known]))) + 1
    blank = Weights(known, rarity, [], np.zeros((len(known), 0)), np.zeros(0))
    names = sorted(set(intents))
    if len(names) == 1:
        return Weights(known, rarity, names, np.zeros((len(known), 1)), np.zeros(1))
    model = SGDClassifier(
        loss="log_loss", alpha=penalty, max_iter=PASSES, tol=None, average=True,
        class_weight="balanced", random_state=SEED,
    )  # fmt: skip
    model.fit(blank.features(texts), intents)
    weights, bias = model.coef_.T.astype(np.float32), model.intercept_
    if len(names) == 2:  # it learns one side only
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    return Weights(known, rarity, list(model.classes_), weights, bias)


def _is_long(run: str) -> bool:
    return (run.count(" ") + 1 if run.startswith("/") else len(run)) == LONGEST


def _log_likelihood(scores: np.ndarray, right: np.ndarray) -> float:
    logs = scores - scores.max(1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    return float(logs[np.arange(len(right)), right].mean())


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SpokenIntents(IntentClassifier, GraphComponent):
    """Sets the intent and its ranking from the text alone; no featurizer is needed before it."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`penalty` of large weights, `least` the fewest utterances that one of the longest runs occurs
        in; `requests` are the intents of which one sentence may hold several, each at least `sure`."""
        return {"penalty": 1e-5, "least": 2, "requests": [], "sure": 0.7}

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        """Called by `create` and `load`."""
        self._config, self._storage, self._resource = config, storage, resource
        self._weights: Weights | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SpokenIntents:
        """Called by Rasa."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit, and write what was learned."""
        examples = [x for x in training_data.intent_examples if x.get(INTENT) and x.get(TEXT)]
        if examples:
            texts, intents = [x.get(TEXT) for x in examples], [x.get(INTENT) for x in examples]
            learned = fit(texts, intents, float(self._config["penalty"]), int(self._config["least"]))
            self._weights = learned
            with self._storage.write_to(self._resource) as folder:
                about = {"known": learned.known, "intents": learned.intents}
                (folder / "runs.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
                np.savez_compressed(
                    folder / "weights.npz",
                    rarity=learned.rarity,
                    weights=learned.weights.astype(np.float16),
                    bias=learned.bias,
                )
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SpokenIntents:
        """Called by Rasa; a model that was trained without utterances stays silent."""
        component = cls(config, model_storage, resource)
        try:
            with model_storage.read_from(resource) as folder:
                about = json.loads((folder / "runs.json").read_text(encoding="utf-8"))
                arrays = np.load(folder / "weights.npz")
                component._weights = Weights(
                    about["known"],
                    arrays["rarity"],
                    about["intents"],
                    arrays["weights"].astype(np.float32),
                    arrays["bias"],
                )
        except (ValueError, FileNotFoundError):
            pass
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """The likeliest intents, most likely first."""
        for message in messages:
            text = message.get(TEXT)
            if self._weights is None or not text:
                message.set(INTENT, {"name": None, "confidence": 0.0}, add_to_output=True)
                continue
            confidences = self._weights.confidences([text])[0]
            ranking = [
                {"name": self._weights.intents[place], "confidence": float(confidences[place])}
                for place in np.argsort(-confidences)[:RANKED]
            ]
            asked = several.requests(text, self._understand, self._config["requests"], self._config["sure"])
            if asked:
                message.set("requests", [piece.as_dict() for piece in asked], add_to_output=True)
                first = {"name": asked[0].intent, "confidence": asked[0].confidence}
                kept = {piece.intent for piece in asked}  # they are no rivals
                ranking = [first, *(x for x in ranking if x["name"] not in kept)]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _understand(self, texts: list[str]) -> list[tuple[str, float]]:
        assert self._weights is not None
        confidences = self._weights.confidences(texts)
        return [(self._weights.intents[row.argmax()], float(row.max())) for row in confidences]

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing that is learned later needs the intent."""
        return training_data
