"""Readings of words, after NeMo's tokenizer has changed them for the process."""

from __future__ import annotations

import jieba
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
        ("为", "wei2"),
        ("为您", "wei4 nin2"),
        ("华为", "hua2 wei2"),
        ("都", "dou1"),
        ("只", "zhi3"),
        ("还款", "huan2 kuan3"),
        ("重置", "chong2 zhi4"),
        ("重庆", "chong2 qing4"),
        ("重复", "chong2 fu4"),
        ("银行", "yin2 hang2"),
        ("行走", "xing2 zou3"),
        ("我行", "wo3 hang2"),
        ("发卡行", "fa1 ka3 hang2"),
        ("时长", "shi2 chang2"),
        ("理事长", "li3 shi4 zhang3"),
        ("差价", "cha1 jia4"),
        ("没收到", "mei2 shou1 dao4"),
        ("应付金额", "ying1 fu4 jin1 e2"),
        ("单女士", "shan4 nv3 shi4"),
        ("曾先生", "zeng1 xian1 sheng1"),
        ("诶", "ei1"),
        ("嗯", "en1"),
    ],
)
def test_words_are_read_as_agents_read_them(word: str, said: str) -> None:
    cc_cedict.load()  # what NeMo's ChineseG2p does when it is made
    readings.install()
    assert " ".join(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("余额为一百元", "yu2 e2 wei2 yi4 bai3 yuan2"),
        ("正在为您查询", "zheng4 zai4 wei4 nin2 cha2 xun2"),
        ("因为您没收到短信", "yin1 wei4 nin2 mei2 shou1 dao4 duan3 xin4"),
        ("还要还多少钱", "hai2 yao4 huan2 duo1 shao3 qian2"),
        ("您还清楚记得吗", "nin2 hai2 qing1 chu3 ji4 de5 ma5"),
        ("小区先生", "xiao3 qu1 xian1 sheng1"),
        ("体重下降", "ti3 zhong4 xia4 jiang4"),
    ],
)
def test_words_are_cut_where_their_reading_is(text: str, said: str) -> None:
    readings.install()
    cut = [lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True) for word in jieba.cut(text)]
    assert " ".join(syllable for word in cut for syllable in word) == said


def test_every_word_has_a_reading_for_each_character() -> None:
    assert [word for word, said in readings.PHRASES.items() if len(word) != len(said)] == []
