"""Tokenizer for Chinese without a dictionary: one character, one token.

Word segmentation errs on recognised speech and cuts entities in two; characters with n-grams do better
on our data. A number, a Latin word or a code stays one token.
"""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

_TOKEN = re.compile(r"[A-Za-z]+\d*|\d+(?:[.:]\d+)?[A-Za-z]?|[^\sA-Za-z0-9]")


def edges_of(text: str) -> list[tuple[int, int]]:
    """Start and end of every token of a text."""
    return [match.span() for match in _TOKEN.finditer(text)]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class CharTokenizer(Tokenizer):
    """One token per Chinese character; numbers and Latin words whole."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The keys that Rasa's tokenizer base expects; none is of use here."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_", "token_pattern": None}

    @classmethod
    def create(
        cls, config: dict[str, Any], storage: ModelStorage, resource: Resource, context: ExecutionContext
    ) -> CharTokenizer:
        """Called by Rasa."""
        return cls(config)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Tokens of one text attribute with their offsets."""
        return [Token(match.group(), match.start()) for match in _TOKEN.finditer(message.get(attribute))]
