"""How the figure `nlu` counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bench import nlu


def test_f1_of_intents() -> None:
    found = nlu.macro_f1(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    assert found == {"a": 2 / 3, "b": 0.8}


def test_f1_of_entities_counts_kind_and_words() -> None:
    meant = [Counter({("date", "明天"): 1, ("count", "两个"): 1}), Counter()]
    f1, kinds = nlu.entity_f1(meant, [Counter({("date", "明天"): 1}), Counter({("time", "3点"): 1})])
    assert f1 == 0.5 and kinds == {"count": 0.0, "date": 1.0}


def test_held_out_entities_are_compared_as_rasa_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "held_out.yml"
    file.write_text(
        "nlu:\n  - intent: top_up\n    examples: |\n      - 充[一百块](amount)\n", encoding="utf-8"
    )
    (sentence,) = nlu.sentences_of(file)
    assert (sentence.said, dict(sentence.entities)) == ("充一百块", {("amount", "100元"): 1})


def test_every_held_out_sentence_has_been_misheard_once() -> None:
    heard = nlu.misheard()
    sentences = nlu.sentences_of()
    assert {x.said for x in sentences} == set(heard)
    wrong = sum(said != text for said, text in heard.items())
    assert 0.2 < wrong / len(heard) < 0.7  # five in a hundred characters, about ten a sentence


def test_a_row_of_parse_is_understood() -> None:
    found = nlu.understood_row(
        '充一百\ttop_up\t0.9\t[{"entity": "amount", "value": 100, "text": "100元"}]\tnlu_fallback'
    )
    assert (found.intent, found.likeliest) == ("nlu_fallback", "top_up")
    assert found.entities == Counter({("amount", "100元"): 1})


def test_every_sentence_for_development_is_new_and_annotated_with_known_kinds() -> None:
    known, held_out = nlu.trained_on(), {x.said for x in nlu.sentences_of(nlu.HELD_OUT)}
    sentences = nlu.sentences_of(nlu.DEV)
    assert len(sentences) >= 300
    assert not {x.said for x in sentences if len(x.said) > 5} & (known | held_out)  # 转人工 is everybody's
    kinds = {kind for x in sentences for kind, _ in x.entities}
    assert kinds == {
        "phone", "order_number", "id_last4", "amount", "percent", "date", "time", "person", "city", "address",
        "product", "service", "courier", "score", "count",
    }  # fmt: skip
