"""Words as entities: which service, product, carrier, city, address or person is meant.

The spaCy pipeline that the project builds itself (training/spacy_pipeline.py) is the layer of rules: known
words, surnames with titles, numbers of houses. A conditional random field, learned from data/nlu, decides
what of it is meant: 合作 is no city in 跟你们合作. Half of what it learns from has other goods, people and
places than the designers wrote, and for a third of it the rules are silent, so that it does not lean on them.
"""

from __future__ import annotations

import logging
import random
import shutil
from pathlib import Path
from typing import Any

import jieba
import pycrfsuite
import spacy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from extensions.nlu.spans import Span, features, marks, spans_of
from extensions.nlu.tokenizer import edges_of
from extensions.nlu.variety import Sentence, Variety
from yingda.sansio.numerals import find_values

SEED = 42
REFILLED = 0.8  # share of the words that a copy of an example has anew
SILENT = 0.35  # share of the examples whose words the rules do not show
_PENALTIES = {"c1": 0.1, "c2": 0.01, "feature.minfreq": 2, "feature.possible_transitions": True}


def pipeline_in(folder: Path) -> Path:
    """The newest spaCy pipeline in a folder. Raises RasaException when there is none."""
    found = sorted(folder.glob("zh_rules-*"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise RasaException(
            f"config.yml: SpokenEntities: rules: found no spaCy pipeline zh_rules-* in {folder}; make it: "
            "python -m training.spacy_pipeline"
        )
    return found[-1]


class Tagger:
    """Rules and what was learned, as one: text in, spans out."""

    def __init__(self, folder: Path, heeded: bool = True) -> None:
        """`folder`: holds `rules`, a spaCy pipeline, and `words.crf` once something was learned. `heeded`:
        whether it matters what the rules find."""
        self._heeded = heeded
        jieba.setLogLevel(logging.ERROR)
        self._cutter = jieba.Tokenizer()
        self._cutter.initialize()
        self._nlp = spacy.load(folder / "rules")
        self._learned: Any = None
        if (folder / "words.crf").exists():
            self._learned = pycrfsuite.Tagger()
            self._kept = (folder / "words.crf").read_bytes()  # the tagger reads in it, and does not keep it
            self._learned.open_inmemory(self._kept)

    def rules(self, text: str) -> list[Span]:
        """What the spaCy pipeline finds."""
        found = self._nlp(text).ents if self._heeded else ()
        return [Span(x.label_, x.start_char, x.end_char) for x in found]

    def known_words(self) -> dict[str, list[str]]:
        """The words of the rules by kind."""
        found: dict[str, list[str]] = {}
        for pattern in self._nlp.get_pipe("entity_ruler").patterns:
            if isinstance(pattern["pattern"], str):
                found.setdefault(pattern["label"], []).append(pattern["pattern"])
        for kind in ("surname", "title"):
            found[kind] = list(self._nlp.meta[kind])
        return found

    def features(self, text: str, rules: list[Span]) -> list[list[str]]:
        """[tokens][features]."""
        values = [Span(value.kind, value.start, value.end) for value in find_values(text)]
        return features(text, edges_of(text), rules, values, self._cutter)

    def find(self, text: str) -> list[tuple[Span, float]]:
        """Spans and how sure each is: the least sure of its tokens."""
        edges = edges_of(text)
        if self._learned is None or not edges:
            return []
        tags = self._learned.tag(self.features(text, self.rules(text)))
        return [
            (span, min(self._learned.marginal(tags[n], n) for n in range(first, last + 1)))
            for span, first, last in spans_of(tags, edges)
        ]


def fit(sentences: list[Sentence], tagger: Tagger, target: Path, config: dict[str, Any]) -> None:
    """Learn from sentences, without spans too, and write the model to `target`."""
    rng, variety = random.Random(SEED), Variety(tagger.known_words(), SEED)
    examples: list[Sentence] = []
    for sentence in sentences:
        if not sentence[1]:
            if rng.random() < config["plain"]:
                examples.append(sentence)
            continue
        examples.append(sentence)
        examples += [variety.of(sentence, REFILLED) for _ in range(config["copies"])]
    trainer = pycrfsuite.Trainer(verbose=False)
    for text, spans in examples:
        edges = edges_of(text)
        if not edges:
            continue
        rules = tagger.rules(text)
        if rng.random() < SILENT:
            rules = [x for x in rules if not any(x.start < y.end and x.end > y.start for y in spans)]
        trainer.append(tagger.features(text, rules), marks(spans, edges))
    trainer.select("lbfgs")
    trainer.set_params({**_PENALTIES, "max_iterations": config["passes"]})
    trainer.train(str(target))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class SpokenEntities(GraphComponent, EntityExtractorMixin):
    """Adds the entities that are words; values are ValueEntities' business."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`rules`: folder of the spaCy pipelines; `passes` over the examples; `copies` of each example with
        other words; `plain`: share of the utterances without entities that is learned from; `heeded`:
        whether it matters what the rules find."""
        return {"rules": "models/spacy", "passes": 50, "copies": 1, "plain": 0.25, "heeded": True}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains anew when the rules change, whose version is in the path."""
        folder = Path(config.get("rules") or cls.get_default_config()["rules"])
        return ",".join(sorted(path.name for path in folder.glob("zh_rules-*")))

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        """Called by `create` and `load`."""
        self._config, self._storage, self._resource = config, storage, resource
        self._tagger: Tagger | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SpokenEntities:
        """Called by Rasa."""
        return cls(config, model_storage, resource)

    @classmethod
    def required_packages(cls) -> list[str]:
        """Packages that Rasa looks for before it trains."""
        return ["spacy", "jieba"]

    def train(self, training_data: TrainingData) -> Resource:
        """Learn; the rules are kept with what was learned, so that the archive needs nothing beside it."""
        sentences = [
            (x.get(TEXT), [Span(y["entity"], y["start"], y["end"]) for y in x.get(ENTITIES, [])])
            for x in training_data.nlu_examples
            if x.get(TEXT)
        ]
        with self._storage.write_to(self._resource) as folder:
            shutil.copytree(pipeline_in(Path(self._config["rules"])), folder / "rules")
            if any(spans for _, spans in sentences):
                fit(sentences, Tagger(folder, self._config["heeded"]), folder / "words.crf", self._config)
            self._tagger = Tagger(folder, self._config["heeded"])
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SpokenEntities:
        """Called by Rasa."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._tagger = Tagger(folder, config["heeded"])
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Add what was found to the entities."""
        for message in messages:
            text = message.get(TEXT)
            if self._tagger is None or not text:
                continue
            found = [
                {
                    "entity": span.kind,
                    "start": span.start,
                    "end": span.end,
                    "value": text[span.start : span.end],
                    "confidence_entity": sure,
                    "extractor": self.__class__.__name__,
                }
                for span, sure in self._tagger.find(text)
            ]
            message.set(ENTITIES, message.get(ENTITIES, []) + found, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing that is learned later needs them."""
        return training_data
