"""Readings of words, after NeMo's tokenizer has changed them for the process."""

from __future__ import annotations

import pytest
from pypinyin import Style, lazy_pinyin
from pypinyin_dict.pinyin_data import cc_cedict

from yingda.speech.text import readings


@pytest.mark.requirement(22)
@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("还", "hai2"),
        ("吗", "ma5"),
        ("为", "wei4"),
        ("都", "dou1"),
        ("只", "zhi3"),
        ("还款", "huan2 kuan3"),
        ("重置", "chong2 zhi4"),
        ("重庆", "chong2 qing4"),
        ("重复", "chong2 fu4"),
        ("银行", "yin2 hang2"),
        ("行走", "xing2 zou3"),
        ("嗯", "en1"),
    ],
)
def test_words_are_read_as_agents_read_them(word: str, said: str) -> None:
    cc_cedict.load()  # what NeMo's ChineseG2p does when it is made
    readings.install()
    assert " ".join(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)) == said
