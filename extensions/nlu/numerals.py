"""Numbers in NLU: the first component writes spoken numbers as digits, the last one adds their values.

Between them stands everything that learns, so training data, calls, `rasa shell` and evaluation all see
the same form. The work itself is done by yingda.sansio.numerals.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from yingda.sansio.numerals import CHINA, Value, find_values, normalise

VALUE_KINDS = frozenset(
    {"amount", "percent", "phone", "order_number", "date", "time", "id_last4", "score", "count", "number"}
)
# learned words that may keep a number in them: 人民路88号, 99元套餐
WHOLE = frozenset({"address", "service", "product"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class SpokenNumbers(GraphComponent):
    """一百块 becomes 100元 before anything else looks at the text; the event keeps the words as spoken."""

    @classmethod
    def create(
        cls, config: dict[str, Any], storage: ModelStorage, resource: Resource, context: ExecutionContext
    ) -> SpokenNumbers:
        """Called by Rasa."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Rewrite the texts in place."""
        for message in messages:
            if text := message.get(TEXT):
                message.set(TEXT, normalise(text))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing: NLU data is written in the output form, which extensions.check_project verifies."""
        return training_data


def call_day(metadata: dict[str, Any] | None) -> date:
    """The day on which the call began, by the channel's metadata; without a call, today."""
    about = (metadata or {}).get("call") or {}
    try:
        return (
            datetime.fromisoformat(str(about["started_at"]).replace("Z", "+00:00")).astimezone(CHINA).date()
        )
    except (KeyError, ValueError):
        return datetime.now(CHINA).date()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ValueEntities(GraphComponent, EntityExtractorMixin):
    """Amounts, numbers, dates and times as entities with values: amount 100 (cents 10000) for 100元, date
    2026-12-03 for 下周四. Relative dates are counted from the day on which the call began in China."""

    @classmethod
    def create(
        cls, config: dict[str, Any], storage: ModelStorage, resource: Resource, context: ExecutionContext
    ) -> ValueEntities:
        """Called by Rasa."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the values, and settle what claims the same words: a value wins over a word, unless it stands
        within a longer one; of two words the longer wins, then the surer."""
        for message in messages:
            learned = message.get(ENTITIES, [])
            values = [
                self._entity(value)
                for value in find_values(message.get(TEXT) or "", call_day(message.get(METADATA)))
                if not any(_within(value, word) for word in learned)
            ]
            words = [x for x in learned if x["entity"] not in VALUE_KINDS]
            words.sort(key=lambda x: (x["start"] - x["end"], -float(x.get("confidence_entity", 0.0))))
            kept = list(values)
            kept += [x for n, x in enumerate(words) if not _overlaps(x, values + words[:n])]
            message.set(ENTITIES, sorted(kept, key=lambda x: x["start"]), add_to_output=True)
        return messages

    def _entity(self, value: Value) -> dict[str, Any]:
        entity = {
            "entity": value.kind,
            "start": value.start,
            "end": value.end,
            "value": value.value,
            "extractor": self.__class__.__name__,
        }
        return entity if value.cents is None else {**entity, "cents": value.cents}


def _within(value: Value, word: dict[str, Any]) -> bool:
    longer = word["end"] - word["start"] > value.end - value.start
    return longer and word["entity"] in WHOLE and word["start"] <= value.start and value.end <= word["end"]


def _overlaps(entity: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    return any(entity["end"] > x["start"] and entity["start"] < x["end"] for x in others)
