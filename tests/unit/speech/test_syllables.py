"""Tonal syllables to characters, on a lexicon of a few words."""

import gzip
from pathlib import Path

import pytest

from yingda.speech.words.confusion import Confusions, parts
from yingda.speech.words.lexicon import MAGIC, LexiconError, load
from yingda.speech.words.slots import Slot
from yingda.speech.words.syllables import Decoder

WORDS = """
<s>|-2|
</s>|-2|
我|-4|wo3
要|-4|yao4
幺|-6|yao1
不是|-5|bu4 shi4
是|-4|shi4
四|-6|si4
事|-6|shi4
账单|-7|zhang4 dan1
张|-8|zhang1
单|-9|dan1
行|-6|xing2;hang2
银行|-8|yin2 hang2
查|-6|cha2
人工|-7|ren2 gong1
""".strip().splitlines()


@pytest.fixture(name="decoder")
def make_decoder(tmp_path: Path) -> Decoder:
    return Decoder(load(write(tmp_path / "lexicon.tsv.gz")))


def write(path: Path) -> Path:
    lines = [MAGIC]
    for line in WORDS:
        word, log, readings = line.split("|")
        lines.append(f"W\t{word}\t{int(log) * 100}\t{readings.replace(';', '|')}")
    lines.append("B\t2\t-50\t3:-100")  # 我 is often followed by 要
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_syllables_become_words(decoder: Decoder) -> None:
    reading = decoder.decode(["wo3", "yao4", "cha2", "zhang4", "dan1"])
    assert reading.text == "我要查账单"
    assert reading.misheard == pytest.approx(0.0)


def test_a_misheard_tone_or_initial_is_put_right_and_counted(decoder: Decoder) -> None:
    reading = decoder.decode(["wo3", "yao4", "ca2", "zang4", "dan1"])
    assert reading.text == "我要查账单"
    assert 1.0 < reading.misheard < 15.0


def test_other_readings_of_a_character(decoder: Decoder) -> None:
    assert decoder.decode(["xing2"]).text == "行"
    assert decoder.decode(["yin2", "hang2"]).text == "银行"


def test_what_is_no_syllable_is_skipped(decoder: Decoder) -> None:
    assert decoder.decode(["⁇", "wo3", "hm"]).text == "我"
    assert decoder.decode([]).text == ""
    assert decoder.decode(["⁇"]).text == ""


def test_boosts_decide_between_homophones_and_only_in_their_request(decoder: Decoder) -> None:
    assert decoder.decode(["shi4"]).text == "是"
    boosts = decoder.prepare([("事", 20.0)])
    assert decoder.decode(["shi4"], boosts).text == "事"
    assert decoder.decode(["shi4"]).text == "是"


def test_a_boosted_word_that_the_lexicon_lacks(decoder: Decoder) -> None:
    boosts = decoder.prepare([("张四", 10.0), ("ABC", 10.0), ("龘", 10.0)])
    assert boosts.new_words == ("张四",)
    assert decoder.decode(["wo3", "shi4", "zhang1", "si4"], boosts).text == "我是张四"


def slot(*choices: tuple[str, float], nothing: float = -20.0, optional: bool = False) -> Slot:
    return Slot(choices, nothing, optional)


def heard(*syllables: str) -> list[Slot]:
    """Slots without a doubt."""
    return [slot((syllable, -0.01)) for syllable in syllables]


@pytest.mark.requirement(2)
def test_a_rival_wins_where_only_it_makes_words(decoder: Decoder) -> None:
    slots = [*heard("wo3", "yao4", "cha2"), slot(("zhuang4", -0.5), ("zhang4", -1.0)), *heard("dan1")]
    assert decoder.decode(slots).text == "我要查账单"
    assert decoder.decode([s.choices[0][0] for s in slots]).text != "我要查账单"


def test_a_surer_model_is_believed(decoder: Decoder) -> None:
    """What is far likelier in the language gives way to what was clearly heard."""
    unsure = [*heard("wo3"), slot(("si4", -0.6), ("shi4", -0.9))]
    assert decoder.decode(unsure).text == "我是"
    assert decoder.decode([*heard("wo3"), slot(("si4", -0.01), ("shi4", -5.0))]).text == "我四"


def test_a_syllable_that_may_be_nothing_is_passed_over(decoder: Decoder) -> None:
    between = slot(("de5", -0.7), nothing=-0.8)
    reading = decoder.decode([*heard("zhang4"), between, *heard("dan1")])
    assert reading.text == "账单"
    assert reading.paths[0].skipped == 0  # within a word
    assert decoder.decode([*heard("wo3"), between, *heard("yao4")]).paths[0].skipped == 1
    certain = slot(("yao4", -0.01), nothing=-12.0)
    assert decoder.decode([*heard("wo3"), certain, *heard("cha2")]).text == "我要查"


def test_an_optional_slot_is_taken_when_the_language_wants_it(decoder: Decoder) -> None:
    almost = slot(("dan1", -1.5), nothing=-0.3, optional=True)
    assert decoder.decode([*heard("cha2", "zhang4"), almost]).text == "查账单"
    unlikely = slot(("dan1", -9.0), nothing=-0.01, optional=True)
    assert decoder.decode([*heard("cha2", "zhang4"), unlikely]).text == "查张"
    assert decoder.decode([*heard("cha2"), almost]).slots == 1


def test_a_word_pair_holds_across_what_is_passed_over(decoder: Decoder) -> None:
    between = slot(("de5", -0.7), nothing=-0.8, optional=True)
    near = decoder.decode([*heard("wo3"), *heard("yao4")]).paths[0]
    apart = decoder.decode([*heard("wo3"), between, *heard("yao4")]).paths[0]
    assert near.log == pytest.approx(apart.log)


def test_distinct_texts_the_best_first(decoder: Decoder) -> None:
    reading = decoder.decode(heard("wo3", "shi4"), None, 4)
    texts = [path.text for path in reading.paths]
    assert texts[:2] == ["我是", "我事"]
    assert len(set(texts)) == len(texts)
    scores = [path.score for path in reading.paths]
    assert scores == sorted(scores, reverse=True)
    assert len(decoder.decode(heard("wo3", "shi4"), None, 2).paths) == 2
    assert decoder.decode(heard("wo3", "shi4"), None, 2).paths == reading.paths[:2]


def test_the_best_path_has_the_score_that_its_parts_have(decoder: Decoder) -> None:
    path = decoder.decode(heard("wo3", "yao4"), None, 3).paths[0]
    assert path.text == "我要"
    assert path.score == pytest.approx(path.log - path.cost)
    assert path.log == pytest.approx(-4.0 - 1.0 - 2.0)  # 我, 要 after it, the end


def test_many_ways_to_write_one_text_do_not_hide_another(decoder: Decoder) -> None:
    """Every pair is a word and two words, so that one text alone has 2 to the 12th readings."""
    boosts = decoder.prepare([("是四", 4.0)])
    texts = [p.text for p in decoder.decode(heard(*["shi4", "si4"] * 12), boosts, 5).paths]
    assert texts[0] == "是四" * 12
    assert len(set(texts)) == 5


def test_boosted_words_are_among_the_alternatives(decoder: Decoder) -> None:
    boosts = decoder.prepare([("张四", 10.0)])
    texts = [p.text for p in decoder.decode(heard("zhang1", "si4"), boosts, 5).paths]
    assert texts[0] == "张四" and len(texts) > 1


def test_parts_of_syllables() -> None:
    assert parts("zhang4") == ("zh", "ang", 4)
    assert parts("yuan2") == ("", "van", 2)
    assert parts("wei4") == ("", "ui", 4)
    assert parts("ju1") == ("j", "v", 1)
    assert parts("hello") is None


def test_confusions_prefer_tones_and_neighbours() -> None:
    names = ["shi4", "si4", "shi2", "ma1", "zhi4"]
    found = Confusions(names).alternatives("shi4")
    assert found[0] == (0, 0.0)
    assert {names[i] for i, _ in found[1:3]} == {"si4", "shi2"}
    assert "ma1" not in {names[i] for i, _ in found}
    assert Confusions(names).alternatives("xyz") == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "there is no such file; make it with: python -m training.lexicon"),
        (b"nonsense", "cannot be read"),
        (gzip.compress(b"hello"), "line 1"),
        (gzip.compress(f"{MAGIC}\nW\tx\n".encode()), "line 2"),
        (gzip.compress(b"x" * 5000)[:20], "cannot be read"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "lexicon.tsv.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LexiconError, match=r"lexicon\.tsv\.gz") as caught:
        load(path)
    assert expected in str(caught.value)
