"""Words that one stream makes likelier, as NeMo's boosting trees for RNNT decoders."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

_WITHIN = "\x00"  # marks a phrase that is to be spelt as it is within a sentence
_BEFORE = "我"  # any character: what stands before such a phrase
_RIVA_UNIT = 10.0  # Riva's boosts of about 10 mean NeMo's 1


class BoostTrees:
    """Makes a tree for each set of phrases and keeps the last ones: callers of one scene want the same."""

    def __init__(self, tokenizer: Any, name: str, keep: int = 256) -> None:
        """`name` is the model's: NeMo's memory of trees is one for the process."""
        self._tokenizer, self._name, self._keep = tokenizer, name, keep
        self._keys: OrderedDict[str, None] = OrderedDict()

    def request(self, boosts: tuple[tuple[str, float], ...]) -> Any:
        """NeMo's request for one stream: one weight for all its phrases. None when the model has signs for
        none of them."""
        from nemo.collections.asr.parts.context_biasing.biasing_multi_model import BiasingRequestItemConfig
        from nemo.collections.asr.parts.context_biasing.boosting_graph_batched import BoostingTreeModelConfig

        phrases = sorted({phrase for phrase, _ in boosts if self._spellable(phrase)})
        if not phrases:
            return None
        tree = BoostingTreeModelConfig(key_phrases_list=phrases, use_triton=False)
        weight = sum(boost for _, boost in boosts) / len(boosts) / _RIVA_UNIT
        key = "\n".join((self._name, *phrases))
        self._remember(key, phrases)
        return BiasingRequestItemConfig(boosting_model_cfg=tree, boosting_model_alpha=weight, cache_key=key)

    def _spellable(self, phrase: str) -> bool:
        ids = self._tokenizer.text_to_ids(phrase.strip())
        return bool(ids) and getattr(self._tokenizer, "unk_id", None) not in ids

    def _remember(self, key: str, phrases: list[str]) -> None:
        """NeMo never forgets a tree, and each caller's name makes one."""
        from nemo.collections.asr.parts.context_biasing import biasing_multi_model
        from nemo.collections.asr.parts.context_biasing.boosting_graph_batched import (
            BoostingTreeModelConfig,
            GPUBoostingTreeModel,
        )

        trees = biasing_multi_model._BIASING_MODEL_CACHE
        self._keys[key] = None
        self._keys.move_to_end(key)
        if key not in trees:
            both = [*phrases, *(_WITHIN + p for p in phrases if spelt_within(self._tokenizer, p))]
            config = BoostingTreeModelConfig(key_phrases_list=both, use_triton=False)
            trees[key] = GPUBoostingTreeModel.from_config(config, tokenizer=_Speller(self._tokenizer))
        while len(self._keys) > self._keep:
            trees.pop(self._keys.popitem(last=False)[0], None)


def spelt_within(tokenizer: Any, phrase: str) -> list[int]:
    """The phrase's tokens after another character, where that is not how it begins a sentence: SentencePiece
    puts a blank before the first word, and Chinese has none before the others. Else empty."""
    before = list(tokenizer.text_to_ids(_BEFORE))
    whole = list(tokenizer.text_to_ids(_BEFORE + phrase))
    if whole[: len(before)] != before or whole[len(before) :] == list(tokenizer.text_to_ids(phrase)):
        return []
    return whole[len(before) :]


class _Speller:
    """What the maker of trees asks of a tokenizer, knowing both spellings."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.vocab_size = tokenizer.vocab_size

    def text_to_ids(self, phrase: str) -> list[int]:
        if phrase.startswith(_WITHIN):
            return spelt_within(self._tokenizer, phrase.removeprefix(_WITHIN))
        return list(self._tokenizer.text_to_ids(phrase))
