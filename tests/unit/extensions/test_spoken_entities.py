"""Words as entities: the spaCy rules, what is learned beside them, and who wins."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from extensions.nlu.numerals import ValueEntities
from extensions.nlu.spans import Span, marks, spans_of
from extensions.nlu.tokenizer import edges_of
from extensions.nlu.variety import Variety
from extensions.nlu.words import SpokenEntities, Tagger, fit, pipeline_in
from training import spacy_pipeline

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = [
    ("约李师傅修空调", [Span("person", 1, 4), Span("product", 5, 7)]),
    ("找王师傅装热水器", [Span("person", 1, 4), Span("product", 5, 8)]),
    ("我买的冰箱坏了", [Span("product", 3, 5)]),
    ("送到建设路12号", [Span("address", 2, 8)]),
    ("跟你们合作三年了", []),
    ("在苏州开了店", [Span("city", 1, 3)]),
    ("寄到洛阳去", [Span("city", 2, 4)]),
    ("你好", []),
] * 4


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Tagger:
    folder = tmp_path_factory.mktemp("tagger")
    spacy_pipeline.build(folder / "rules")
    fit(EXAMPLES, Tagger(folder), folder / "words.crf", {**SpokenEntities.get_default_config(), "plain": 1.0})
    return Tagger(folder)


@pytest.mark.requirement(204)
def test_the_shipped_pipeline_is_that_of_the_words() -> None:
    """If this fails: python -m training.spacy_pipeline, and commit models/spacy."""
    built = pipeline_in(ROOT / "models" / "spacy")
    assert built == spacy_pipeline.folder()
    nlp = spacy.load(built)
    found = [(x.text, x.label_) for x in nlp("找李师傅修空调送到苏州88号3单元，走顺丰").ents]
    assert found == [
        ("李师傅", "person"),
        ("空调", "product"),
        ("苏州", "city"),
        ("88号", "house"),
        ("3单元", "house"),
        ("顺丰", "courier"),
    ]


def test_words_stand_in_one_list_each_line() -> None:
    for kind in spacy_pipeline.PHRASES:
        assert all(not word.startswith("#") for word in spacy_pipeline.words(kind))
    assert "空调" in spacy_pipeline.words("product")


def test_a_folder_without_a_pipeline_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RasaException, match=r"python -m training\.spacy_pipeline"):
        pipeline_in(tmp_path)


def test_what_is_learned_reaches_words_that_no_example_had(tagger: Tagger) -> None:
    found = [(x.kind, x.start, x.end) for x, _ in tagger.find("约赵师傅修洗碗机")]
    assert found == [("person", 1, 4), ("product", 5, 8)]
    assert all(0.0 < sure <= 1.0 for _, sure in tagger.find("约赵师傅修洗碗机"))


def test_a_word_of_the_rules_is_not_always_meant(tagger: Tagger) -> None:
    assert ("合作", "city") in [
        (("跟你们合作三年了")[x.start : x.end], x.kind) for x in tagger.rules("跟你们合作三年了")
    ]
    assert tagger.find("跟你们合作三年了") == []


def test_marks_spell_spans() -> None:
    text = "约李师傅10:30修空调"
    spans = [Span("person", 1, 4), Span("product", 10, 12)]
    edges = edges_of(text)
    assert [span for span, _, _ in spans_of(marks(spans, edges), edges)] == spans


def test_a_span_that_cuts_a_number_is_widened() -> None:
    edges = edges_of("住1202室")
    assert marks([Span("address", 3, 6)], edges) == ["O", "B-address", "L-address"]


def test_a_span_that_is_not_closed_ends_where_the_next_begins() -> None:
    edges = [(0, 1), (1, 2), (2, 3)]
    found = spans_of(["B-city", "I-city", "B-person"], edges)
    assert [span for span, _, _ in found] == [Span("city", 0, 2), Span("person", 2, 3)]


def test_other_words_keep_their_place() -> None:
    words = {
        "surname": ["王"],
        "title": ["师傅"],
        "district": ["天河区"],
        "place": ["机场"],
        "product": ["烤箱"],
    }
    variety = Variety(words, 1)
    for _ in range(50):
        text, spans = variety.of(EXAMPLES[0], 1.0)
        assert text.startswith("约") and "修" in text
        assert text[spans[1].start : spans[1].end].endswith("烤箱")
        assert text[spans[0].start : spans[0].end] in text


def entity(kind: str, start: int, end: int, sure: float) -> dict[str, object]:
    return {"entity": kind, "start": start, "end": end, "value": "", "confidence_entity": sure}


@pytest.mark.parametrize(
    ("text", "learned", "kept"),
    [
        # a number within a longer word belongs to it
        ("送到建设路12号", [entity("address", 2, 8, 0.9)], [("address", 2, 8)]),
        ("办99元套餐", [entity("service", 1, 6, 0.9)], [("service", 1, 6)]),
        # elsewhere the value wins
        ("明天来", [entity("person", 0, 2, 0.9)], [("date", 0, 2)]),
        # the longer word, then the surer
        ("扬州路店", [entity("city", 0, 2, 0.9), entity("address", 0, 4, 0.5)], [("address", 0, 4)]),
        ("小米", [entity("person", 0, 2, 0.4), entity("product", 0, 2, 0.6)], [("product", 0, 2)]),
    ],
)
def test_one_entity_for_the_same_words(
    text: str, learned: list[dict[str, object]], kept: list[tuple[str, int, int]]
) -> None:
    message = Message({TEXT: text, ENTITIES: learned})
    ValueEntities().process([message])
    assert [(x["entity"], x["start"], x["end"]) for x in message.get(ENTITIES)] == kept
