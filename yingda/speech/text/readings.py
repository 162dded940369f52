"""How words are read where the dictionaries below NeMo's Chinese tokenizer are wrong for a service line.

NeMo's ChineseG2p loads CC-CEDICT over pypinyin's readings of single characters when it is made, for the
whole process: 还 becomes huán, 吗 mǎ, 都 dū, 呢 ní, 只 zhī wherever no longer word is known.
`install` takes pypinyin's own readings back, and adds words that neither has right. Words come as jieba cuts
them; one that is listed here is cut as a word.
"""

from __future__ import annotations

_WORDS = """
还款 huán kuǎn|还款日 huán kuǎn rì|还清 huán qīng|还钱 huán qián|应还 yīng huán|待还 dài huán
未还 wèi huán
已还 yǐ huán|需还 xū huán|月还 yuè huán|每月还 měi yuè huán|每期还 měi qī huán|再还 zài huán|多还 duō huán
少还 shǎo huán|没还 méi huán|还没还 hái méi huán|还的 huán de|还了 huán le|还完 huán wán
还上 huán shàng|还掉 huán diào|还信用卡 huán xìn yòng kǎ|还花呗 huán huā bei|还房贷 huán fáng dài
还车贷 huán chē dài|还本金 huán běn jīn|还利息 huán lì xī|还最低 huán zuì dī|还多少 huán duō shǎo
还不上 huán bú shàng|还不起 huán bù qǐ|还不清 huán bù qīng|还得起 huán de qǐ|还得上 huán de shàng
还一部分 huán yí bù fèn|按时还 àn shí huán|按期还 àn qī huán|分期还 fēn qī huán|一次性还 yí cì xìng huán
重置 chóng zhì|重拨 chóng bō|重发 chóng fā|重填 chóng tián|重选 chóng xuǎn|重启 chóng qǐ|重装 chóng zhuāng
重说 chóng shuō|重输 chóng shū|重听 chóng tīng|重传 chóng chuán|重签 chóng qiān|重做 chóng zuò
重试 chóng shì|重来 chóng lái|重办 chóng bàn|重开 chóng kāi|重绑 chóng bǎng|重查 chóng chá|重寄 chóng jì
重配 chóng pèi|重名 chóng míng|重订 chóng dìng|重打 chóng dǎ|重约 chóng yuē|重写 chóng xiě|重提 chóng tí
重刷 chóng shuā
重连 chóng lián|重录 chóng lù|重领 chóng lǐng|重下 chóng xià|重接 chóng jiē|重登 chóng dēng|重扫 chóng sǎo
重交 chóng jiāo|重走 chóng zǒu|重下单 chóng xià dān|多重 duō chóng|请重新 qǐng chóng xīn
长按 cháng àn|时长 shí cháng|多长时间 duō cháng shí jiān|乡长 xiāng zhǎng|秘书长 mì shū zhǎng
委员长 wěi yuán zhǎng|理事长 lǐ shì zhǎng|检察长 jiǎn chá zhǎng|审计长 shěn jì zhǎng|教务长 jiào wù zhǎng
执行长 zhí xíng zhǎng|大队长 dà duì zhǎng
中队长 zhōng duì zhǎng|区长 qū zhǎng|厅长 tīng zhǎng|署长 shǔ zhǎng|园长 yuán zhǎng|场长 chǎng zhǎng
营长 yíng zhǎng|旅长 lǚ zhǎng|舰长 jiàn zhǎng|族长 zú zhǎng|长大 zhǎng dà|长到 zhǎng dào
长了 zhǎng le|长出 zhǎng chū|长势 zhǎng shì|涨跌 zhǎng diē
朝阳 cháo yáng|朝阳区 cháo yáng qū|一只 yī zhī|两只 liǎng zhī|三只 sān zhī
我行 wǒ háng|贵行 guì háng|该行 gāi háng|他行 tā háng|跨行 kuà háng|支行 zhī háng|总行 zǒng háng
收款行 shōu kuǎn háng|付款行 fù kuǎn háng|放款行 fàng kuǎn háng|代发行 dài fā háng|联行号 lián háng hào
行号 háng hào|发卡行 fā kǎ háng|发卡 fā kǎ|发卡银行 fā kǎ yín háng|上行 shàng xíng
没收到 méi shōu dào|没收费 méi shōu fèi|没收您 méi shōu nín|没收钱 méi shōu qián|没收到货 méi shōu dào huò
差价 chā jià|退差价 tuì chā jià|补差价 bǔ chā jià|价差 jià chā|温差 wēn chā|时差 shí chā|利差 lì chā
补差 bǔ chā|差旅 chāi lǚ|差旅费 chāi lǚ fèi
调高 tiáo gāo|调低 tiáo dī|调额 tiáo é|调到 tiáo dào|调成 tiáo chéng|调为 tiáo wéi|调至 tiáo zhì
上调 shàng tiáo|下调 xià tiáo|调休 tiáo xiū|可调 kě tiáo
应付 yīng fù|应付款 yīng fù kuǎn|应付金额 yīng fù jīn é|当日 dàng rì|当晚 dàng wǎn
中签 zhòng qiān|选中 xuǎn zhòng|抽中 chōu zhòng|猜中 cāi zhòng|中了奖 zhòng le jiǎng
找不着 zhǎo bù zháo|打不着 dǎ bù zháo|用不着 yòng bù zháo|睡不着 shuì bù zháo|流血 liú xuè
系上 jì shàng|空座 kòng zuò|空着 kòng zhe|数一数 shǔ yī shǔ|数钱 shǔ qián|弹出 tán chū|弹窗 tán chuāng
量一下 liáng yī xià|量血压 liáng xuè yā|教您 jiāo nín|教你 jiāo nǐ|教我 jiāo wǒ|教一下 jiāo yí xià
您得 nín děi|就得 jiù děi|都得 dōu děi|也得 yě děi|还得 hái děi|必须得 bì xū děi|得去 děi qù|得先 děi xiān
得等 děi děng|说得 shuō de|听得 tīng de|看得 kàn de|做得 zuò de|办得 bàn de|用得 yòng de|变得 biàn de
讲得 jiǎng de|过得 guò de|处理得 chǔ lǐ de|服务得 fú wù de|解释得 jiě shì de|看得见 kàn de jiàn
看得出 kàn de chū|听得清 tīng de qīng|听得到 tīng de dào|看得到 kàn de dào|受得了 shòu de liǎo
更好地 gèng hǎo de|尽快地 jǐn kuài de|耐心地 nài xīn de|详细地 xiáng xì de|及时地 jí shí de
慢慢地 màn màn de|准确地 zhǔn què de|顺利地 shùn lì de|认真地 rèn zhēn de|清楚地 qīng chǔ de
高兴地 gāo xìng de
为民 wèi mín|喂养 wèi yǎng|喂奶 wèi nǎi|喂食 wèi shí
丽水 lí shuǐ|单县 shàn xiàn|解州 xiè zhōu|洪洞 hóng tóng|朝南 cháo nán|朝北 cháo běi
"""

# Before 先生 and 女士: names that are read otherwise than the word.
_SURNAMES = {
    "单": "shàn", "解": "xiè", "曾": "zēng", "仇": "qiú", "查": "zhā", "任": "rén", "区": "ōu", "盖": "gě",
    "朴": "piáo", "翟": "zhái", "葛": "gě", "乐": "yuè", "覃": "qín", "燕": "yān", "纪": "jì", "卜": "bǔ",
    "阚": "kàn", "干": "gān", "占": "zhān", "薄": "bó", "华": "huà", "撒": "sà",
}  # fmt: skip
_TITLES = {"先生": "xiān shēng", "女士": "nǚ shì", "小姐": "xiǎo jiě", "老师": "lǎo shī", "师傅": "shī fu"}


def _phrases() -> dict[str, list[list[str]]]:
    """Readings by word, in pypinyin's form."""
    said = dict(item.split(" ", 1) for line in _WORDS.split("\n") for item in line.split("|") if item)
    for name, reading in _SURNAMES.items():
        said[f"姓{name}"] = f"xìng {reading}"
        said |= {name + title: f"{reading} {sound}" for title, sound in _TITLES.items()}
    return {word: [[syllable] for syllable in syllables.split()] for word, syllables in said.items()}


PHRASES = _phrases()

# Single characters, the usual reading first. 为 is "is", as in 余额为十元, unless somebody stands behind it.
# Of GB 2312 only 嗯 has a reading, ń, that is no syllable of NeMo's: nothing was said for it.
CHARACTERS = {"嗯": "ēn", "诶": "ēi", "喂": "wéi,wèi", "为": "wéi,wèi", "长": "cháng,zhǎng"}

# 为 before these is wèi, for or in order to.
_FOR = (
    "您", "你", "我", "我们", "他", "她", "他们", "大家", "客户", "用户", "广大", "家人", "孩子", "谁", "其",
    "避免", "防止", "保障", "保证", "确保", "方便", "便于", "更好", "提升", "提高", "感谢", "答谢", "回馈",
    "配合", "维护", "加强", "进一步", "不影响", "及时", "尽快",
)  # fmt: skip


def install() -> None:
    """Set the readings of this process; to be called again after a tokenizer of NeMo was made."""
    import jieba
    import pypinyin
    from pypinyin.pinyin_dict import pinyin_dict

    pypinyin.load_single_dict(pinyin_dict)
    pypinyin.load_single_dict({ord(character): said for character, said in CHARACTERS.items()})
    for_whom = {f"为{whom}": [["wèi"], *pypinyin.pinyin(whom)] for whom in _FOR}
    pypinyin.load_phrases_dict(PHRASES | for_whom)  # once: each time it reads its whole dictionary again
    for word in (*PHRASES, *for_whom):
        jieba.add_word(word)
