"""Tonal syllables to characters, on a lexicon of a few words."""

import gzip
from pathlib import Path

import pytest

from yingda.speech.confusion import Confusions, parts
from yingda.speech.lexicon import MAGIC, LexiconError, load
from yingda.speech.syllables import Decoder

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
    assert reading.confidence == pytest.approx(1.0)


def test_a_misheard_tone_or_initial_is_put_right_and_costs_confidence(decoder: Decoder) -> None:
    reading = decoder.decode(["wo3", "yao4", "ca2", "zang4", "dan1"])
    assert reading.text == "我要查账单"
    assert 0.05 < reading.confidence < 0.9


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
