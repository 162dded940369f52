"""The designers' hotwords: what the file may hold, what is said of mistakes, and when it is read again."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from yingda.speech.metrics import Metrics
from yingda.speech.words.hotword_file import CHECK_EVERY_S, HotwordError, Hotwords, parse, read
from yingda.speech.words.lexicon import Lexicon, Sounds

ROOT = Path(__file__).resolve().parents[3]


def lexicon() -> Lexicon:
    made = Lexicon(words=["<s>", "</s>"], logs=[0.0, 0.0])
    for word, reading in (
        ("余", "yu2"), ("额", "e2"), ("账", "zhang4"), ("单", "dan1"), ("五", "wu3"), ("吉", "ji2"),
        ("微", "wei1"), ("信", "xin4"), ("套", "tao4"), ("餐", "can1"), ("计", "ji4"),
    ):  # fmt: skip
        made.add_word(word, -5.0, [reading])
    return made


SOUNDS = Sounds.of(lexicon())
GOOD = """
业务:
  - 余额
  - 账单: 12.5
产品:
  - 5G套餐: {weight: 10, say: wu3 ji4 tao4 can1}
  - 微信: {say: [微信, wei1 xin4]}
空着:
"""


@pytest.mark.requirement(13)
def test_topics_of_words_with_weights_and_readings() -> None:
    words, problems = parse(GOOD, "hotwords.yml", SOUNDS)
    assert problems == []
    assert words == (
        ("余额", 8.0),
        ("账单", 12.5),
        ("5G套餐", 10.0, ("wu3 ji4 tao4 can1",)),
        ("微信", 8.0, ("微信", "wei1 xin4")),
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "业务: []", "业务:"])
def test_a_file_without_words(text: str) -> None:
    assert parse(text, "hotwords.yml", SOUNDS) == ((), [])


def test_the_shipped_file_is_right() -> None:
    words, problems = parse((ROOT / "hotwords.yml").read_text(encoding="utf-8"), "hotwords.yml", None)
    assert problems == [] and len(words) >= 5


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- 余额", 1, "expected topics with lists of words"),
        ("业务:\n  余额: 8", 2, "topic 业务: expected a list; begin each word's line with '- '"),
        ("业务:\n  - 余额\n  - [账单]", 3, "topic 业务: expected a word, `word: weight`"),
        ("业务:\n  - {余额: 8, 账单: 8}", 2, "give each word a line of its own"),
        ("业务:\n  - 余额: 21", 2, "key 余额.weight: got '21', expected a number 0-20"),
        ("业务:\n  - 余额: -1", 2, "key 余额.weight: got '-1'"),
        ("业务:\n  - 余额: .nan", 2, "key 余额.weight: got '.nan'"),
        ("业务:\n  - 余额: high", 2, "key 余额.weight: got 'high'"),
        ("业务:\n  - 余额: {weight: [1]}", 2, "key 余额.weight: got a list"),
        ("业务:\n  - 余额:\n      wieght: 3", 3, "key 余额.wieght: is unknown, expected weight or say"),
        ("业务:\n  - 余额\n产品:\n  - 余额: 3", 4, "key 余额: stands in line 2 already, expected once"),
        ("业务:\n  - 龘龘", 2, "key 龘龘: '龘' has no reading in the lexicon; add how it is said"),
        ("业务:\n  - VIP", 2, "key VIP: '维' has no reading in the lexicon; add how it is said"),
        ("业务:\n  - VIP: {say: wei1 ai4 pi4}", 2, "key VIP.say: 'ai4' is no syllable of Mandarin"),
        ("业务:\n  - VIP: {say: 龘}", 2, "key VIP.say: '龘' has no reading in the lexicon"),
        ("业务:\n  - VIP: {say: ''}", 2, "key VIP.say: has no letters, digits or Chinese characters"),
        ("业务:\n  - 余", 2, "key 余: got 1 characters, expected 2-32"),
        ("业务:\n  - " + "余" * 33, 2, "got 33 characters, expected 2-32"),
        ("业务:\n  - '！！！'", 2, "expected 2-32 of a word to say"),
        ("业务:\n  - {", 3, "is not valid YAML"),
        (
            "业务: [" + ", ".join(f"余额{n}" for n in range(2001)) + "]",
            1,
            "2001 words, expected at most 2000",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place(text: str, line: int, said: str) -> None:
    _, problems = parse(text, "hotwords.yml", None if "2001" in said else SOUNDS)
    assert len(problems) == 1
    assert problems[0].startswith(f"hotwords.yml:{line}: ")
    assert said in problems[0]


def test_every_mistake_is_listed_and_the_first_one_stops_the_server(tmp_path: Path) -> None:
    path = tmp_path / "hotwords.yml"
    path.write_text("业务:\n  - 余额: 30\n  - 余\n", encoding="utf-8")
    assert len(parse(path.read_text(encoding="utf-8"), "x", SOUNDS)[1]) == 2
    with pytest.raises(HotwordError, match=r"hotwords\.yml:2: .*0-20.* \(and 1 more"):
        read(path, SOUNDS)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(HotwordError, match=r"cannot be read .*recogniser\.hotwords_file to null"):
        read(tmp_path / "none.yml", None)
    (tmp_path / "gbk.yml").write_bytes("业务".encode("gbk"))
    with pytest.raises(HotwordError, match="is not UTF-8"):
        Hotwords(tmp_path / "gbk.yml", SOUNDS)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_is_read_again_when_it_has_changed_but_looked_at_seldom(tmp_path: Path) -> None:
    path, clock = tmp_path / "hotwords.yml", Clock()
    path.write_text("业务: [余额]", encoding="utf-8")
    hotwords = Hotwords(path, SOUNDS, Metrics(), clock)
    first = hotwords.words()
    assert first == (("余额", 8.0),)
    path.write_text("业务: [余额, 账单]", encoding="utf-8")
    assert hotwords.words() is first  # too soon
    clock.now += CHECK_EVERY_S
    assert hotwords.words() == (("余额", 8.0), ("账单", 8.0))


def test_a_file_that_breaks_keeps_the_old_words_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock, metrics = tmp_path / "hotwords.yml", Clock(), Metrics()
    path.write_text("业务: [余额]", encoding="utf-8")
    hotwords = Hotwords(path, SOUNDS, metrics, clock)
    path.write_text("业务: [余额: 99]", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.now += CHECK_EVERY_S
            assert hotwords.words() == (("余额", 8.0),)
    assert len(caplog.records) == 1 and "hotwords.yml:1: " in caplog.text
    assert metrics.value("speech_hotword_errors_total") == 1
    path.unlink()
    clock.now += CHECK_EVERY_S
    assert hotwords.words() == (("余额", 8.0),)
    assert metrics.value("speech_hotword_errors_total") == 2
    path.write_text("业务: [账单]", encoding="utf-8")
    clock.now += CHECK_EVERY_S
    assert hotwords.words() == (("账单", 8.0),)


def test_without_a_file_there_are_no_words() -> None:
    assert Hotwords(None, None).words() == ()
