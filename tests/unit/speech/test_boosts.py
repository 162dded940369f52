"""Hotwords on the shipped lexicon: which characters are written for a name that sounds like others."""

from __future__ import annotations

from pathlib import Path

import pytest

from yingda.speech.words import boosts, lexicon
from yingda.speech.words.boosts import merge, raise_log, readings, spoken, written
from yingda.speech.words.lexicon import Lexicon
from yingda.speech.words.syllables import Boosts, Decoder

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("王小红", "李娜", "陈志强", "张敏", "曾国丽", "单雪梅", "林小燕")
PRODUCTS = ("畅享冰激凌套餐", "5G畅享套餐", "国际漫游包", "宽带提速包")


@pytest.fixture(scope="module", name="shipped")
def load_lexicon() -> Lexicon:
    return lexicon.load(ROOT / "models/speech/lexicon-zh.tsv.gz")


@pytest.fixture(scope="module", name="decoder")
def make_decoder(shipped: Lexicon) -> Decoder:
    return Decoder(shipped)


@pytest.fixture(scope="module", name="call")
def prepare(decoder: Decoder) -> Boosts:
    return decoder.prepare([(word, 8.0) for word in (*NAMES, *PRODUCTS)])


@pytest.mark.requirement(13)
@pytest.mark.parametrize(
    ("heard", "text"),
    [
        # the same syllables
        ("wo3 shi4 wang2 xiao3 hong2", "我是王小红"),
        ("wo3 shi4 li3 na4", "我是李娜"),
        ("ban4 li3 chang4 xiang3 bing1 ji1 ling2 tao4 can1", "办理畅享冰激凌套餐"),
        ("qu3 xiao1 guo2 ji4 man4 you2 bao1", "取消国际漫游包"),
        # letters and surnames are said otherwise than the lexicon has them
        ("wo3 yao4 wu3 ji2 chang4 xiang3 tao4 can1", "我要5G畅享套餐"),
        ("wo3 shi4 zeng1 guo2 li4", "我是曾国丽"),
        ("wo3 shi4 shan4 xue3 mei2", "我是单雪梅"),
        # another tone
        ("wo3 jiao4 wang2 xiao4 hong2", "我叫王小红"),
        ("wo3 jiao4 lin2 xiao3 yan2", "我叫林小燕"),
        # n for l, z for zh, in for ing, en for eng
        ("wo3 shi4 ni3 na4", "我是李娜"),
        ("wo3 jiao4 chen2 zi4 qiang2", "我叫陈志强"),
        ("wo3 jiao4 zang1 min3", "我叫张敏"),
        ("wo3 jiao4 zhang1 ming3", "我叫张敏"),
        ("wo3 jiao4 cheng2 zhi4 qiang2", "我叫陈志强"),
        ("wo3 jiao4 ling2 xiao3 yan4", "我叫林小燕"),
        ("qu3 xiao1 chang4 xiang3 bin1 ji1 lin2 tao4 can1", "取消畅享冰激凌套餐"),
        ("kuan1 dai4 ti2 su4 bao1", "宽带提速包"),
    ],
)
def test_a_name_that_sounds_like_others_is_the_calls_own(
    decoder: Decoder, call: Boosts, heard: str, text: str
) -> None:
    assert decoder.decode(heard.split(), call).text == text


def test_without_the_calls_words_they_are_others(decoder: Decoder) -> None:
    said = [
        "wo3 shi4 wang2 xiao3 hong2",
        "ban4 li3 chang4 xiang3 bing1 ji1 ling2 tao4 can1",
        "wo3 shi4 ni3 na4",
    ]
    texts = [decoder.decode(heard.split()).text for heard in said]
    assert all(word not in text for text in texts for word in (*NAMES, *PRODUCTS))


@pytest.mark.parametrize(
    "heard",
    [
        "wo3 yao4 cha2 yi2 xia4 yu2 e2",
        "ni3 na2 dao4 le5 ma5",
        "zhe4 li3 na4 li3",
        "wo3 xiang3 mai3 bing1 qi2 lin2",
        "zhang4 dan1 you3 wen4 ti2",
        "tao4 can1 tai4 gui4 le5",
        "wo3 zhi1 dao4 le5",
        "hong2 se4 de5",
        "xiao3 yan4 zi5",
        "man4 you2 fei4",
        "wo3 yao4 xiao1 hu4",
        "liu4 qi1 er4 yi1",
        "xian4 zai4 kuan1 dai4 hen3 man4",
    ],
)
def test_what_is_no_name_stays(decoder: Decoder, call: Boosts, heard: str) -> None:
    plain = decoder.decode(heard.split()).text
    assert decoder.decode(heard.split(), call).text == plain
    assert all(word not in plain for word in (*NAMES, *PRODUCTS))


def test_a_designer_says_how_a_word_is_said(decoder: Decoder) -> None:
    said = ["wo3", "yao4", "wu3", "ji4", "tao4", "can1"]
    with_reading = decoder.prepare([("5G套餐", 10.0, ("wu3 ji4 tao4 can1", "五吉套餐"))])
    assert decoder.decode(said, with_reading).text == "我要5G套餐"
    assert len(with_reading.new_words) == 1
    nonsense = [("5G套餐", 10.0, ("wu3 xx9",)), ("龘龘", 8.0), ("！", 8.0)]
    assert decoder.prepare(nonsense) == Boosts({}, ())


def test_readings_and_written_form(shipped: Lexicon) -> None:
    assert spoken("99元5G包") == "九十九元五吉包"
    assert written(" 查 余额！") == "查余额"
    assert written(" iPhone 15 ") == "iPhone 15"
    (ours,) = readings(shipped, "余额")
    assert [shipped.syllables[i] for i in ours] == ["yu2", "e2"]
    assert len(readings(shipped, "单雪梅")) == 2
    assert readings(shipped, "") == []


def test_a_phrase_is_raised_to_a_floor_and_never_lowered() -> None:
    assert raise_log(-12.0, 2.0, "漫游", 2) == -6.0
    assert raise_log(-12.0, 2.0, "漫游包", 3) == -5.0
    assert raise_log(-12.0, 2.0, "四十", 2) == -8.0  # numbers less
    assert raise_log(-3.0, 2.0, "我们", 2) == -3.0
    assert raise_log(-15.0, 0.0, "漫游", 2) == -15.0


def test_the_requests_weight_wins_over_the_files_and_the_files_reading_stays() -> None:
    file = (("余额", 12.0), ("5G套餐", 10.0, ("wu3 ji4",)))
    assert merge(file, (("5G套餐", 3.0), ("账单", 8.0))) == (
        ("余额", 12.0),
        ("5G套餐", 3.0, ("wu3 ji4",)),
        ("账单", 8.0),
    )
    assert boosts.pairs(file) == (("余额", 12.0), ("5G套餐", 10.0))
