"""The extractor keeps what it learned instead of learning it again at each start."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.extractors.crf_entity_extractor import CRFEntityExtractor
from rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer import LexicalSyntacticFeaturizer
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from extensions.nlu.entities import LearnedEntities
from extensions.nlu.tokenizer import CharTokenizer

SERVICES = ("流量包", "彩铃", "来电显示", "国际漫游包")
EXECUTION = ExecutionContext(GraphSchema({}))
CONFIG = {
    **LearnedEntities.get_default_config(),
    "features": [["low"], ["low", "digit", "bias"], ["low"]],
}


def sentences(storage: LocalModelStorage) -> TrainingData:
    """Sentences that name a service, with tokens and features."""
    examples = []
    for service in SERVICES:
        for before, after in (("帮我开通", "谢谢"), ("我要退订", ""), ("请问", "多少钱一个月")):
            text, start = before + service + after, len(before)
            entity = {"entity": "service", "start": start, "end": start + len(service), "value": service}
            examples.append(Message({TEXT: text, INTENT: "open_service", ENTITIES: [entity]}))
    data = TrainingData(examples)
    CharTokenizer(CharTokenizer.get_default_config()).process_training_data(data)
    featurizer = LexicalSyntacticFeaturizer(
        {**LexicalSyntacticFeaturizer.get_default_config(), "alias": "words"},
        storage,
        Resource("words"),
        EXECUTION,
    )
    featurizer.train(data)
    featurizer.process_training_data(data)
    return data


def test_what_was_learned_is_loaded_and_not_learned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, resource = LocalModelStorage(tmp_path), Resource("entities")
    data = sentences(storage)
    LearnedEntities.create(CONFIG, storage, resource, EXECUTION).train(data)

    def must_not_train(*arguments: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(CRFEntityExtractor, "train_model", must_not_train)
    loaded = LearnedEntities.load(CONFIG, storage, resource, EXECUTION)
    message = data.training_examples[0]
    message.set(ENTITIES, [])
    loaded.process([message])
    assert [(found["entity"], found["value"]) for found in message.get(ENTITIES)] == [("service", "流量包")]


def test_without_anything_learned_it_finds_nothing(tmp_path: Path) -> None:
    storage = LocalModelStorage(tmp_path)
    loaded = LearnedEntities.load(CONFIG, storage, Resource("entities"), EXECUTION)
    message = Message({TEXT: "帮我开通流量包"})
    loaded.process([message])
    assert message.get(ENTITIES) == []
