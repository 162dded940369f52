"""How words are read where the dictionaries below NeMo's Chinese tokenizer are wrong for a service line.

NeMo's ChineseG2p loads CC-CEDICT over pypinyin's readings of single characters when it is made, for the
whole process: 还 becomes huán, 吗 mǎ, 为 wéi, 都 dū, 呢 ní, 只 zhī wherever no longer word is known.
`install` takes pypinyin's own readings back, and adds words that neither has right.
"""

from __future__ import annotations

PHRASES = {
    word: [[syllable] for syllable in said.split()]
    for word, said in {
        "还款": "huán kuǎn",
        "还款日": "huán kuǎn rì",
        "还清": "huán qīng",
        "还钱": "huán qián",
        "应还": "yīng huán",
        "待还": "dài huán",
        "未还": "wèi huán",
        "已还": "yǐ huán",
        "重置": "chóng zhì",
        "重拨": "chóng bō",
        "重发": "chóng fā",
        "重填": "chóng tián",
        "重选": "chóng xuǎn",
        "重启": "chóng qǐ",
        "长按": "cháng àn",
        "朝阳": "cháo yáng",
        "朝阳区": "cháo yáng qū",
        "一只": "yī zhī",
        "两只": "liǎng zhī",
        "三只": "sān zhī",
        "您得": "nín děi",
    }.items()
}


# Of GB 2312 the only character whose reading, ń, is no syllable of NeMo's: nothing was said for it.
CHARACTERS = {"嗯": "ēn"}


def install() -> None:
    """Set the readings of this process; to be called again after a tokenizer of NeMo was made."""
    import jieba
    import pypinyin
    from pypinyin.pinyin_dict import pinyin_dict

    pypinyin.load_single_dict(pinyin_dict)
    pypinyin.load_single_dict({ord(character): said for character, said in CHARACTERS.items()})
    pypinyin.load_phrases_dict(PHRASES)
    for word in PHRASES:
        jieba.add_word(word)
