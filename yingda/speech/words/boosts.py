"""Words that recognition shall favour: how they are written, how they are said, one list over another. Pure.

A phrase is (word, weight), or (word, weight, readings) when it is not said as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from yingda.speech.text import normalisation
from yingda.speech.words.lexicon import Lexicon

Phrase = tuple[str, float] | tuple[str, float, tuple[str, ...]]
_HAN = re.compile("[\u4e00-\u9fff]+")
_LATIN = re.compile("[A-Za-z0-9]")
_PINYIN = re.compile(r"[a-zü]+\d(?:\s+[a-zü]+\d)*")
# Characters that are said otherwise at the head of a name; the lexicon gives them their everyday reading.
SURNAMES = {
    "单": "shan4", "曾": "zeng1", "仇": "qiu2", "解": "xie4", "朴": "piao2", "查": "zha1", "区": "ou1",
    "盖": "ge3", "任": "ren2", "华": "hua4", "翟": "zhai2", "冼": "xian3", "缪": "miao4", "覃": "qin2",
    "乐": "yue4", "宁": "ning4", "燕": "yan1", "召": "shao4", "尉": "yu4", "万": "wan4",
}  # fmt: skip
_LONGEST_NAME = 4  # characters
# A phrase is made as likely as a word that is said often, and the likelier the longer it is, for then less
# sounds like it. What is likelier already stays: adding to each word's own likelihood won fewer back and put
# in more that nobody said. Numbers are raised less: digits sound like 是, 事 and 一.
_FLOOR, _NUMBERS_FLOOR = -12.0, -14.0  # ln probability
_NUMBER = re.compile("[零〇一二两三四五六七八九十百千万亿幺点元块毛]+")


def written(word: str) -> str:
    """The word as it is to stand in the text: marks and blanks go, but not from a word with letters."""
    word = unicodedata.normalize("NFKC", word)
    return word.strip() if _LATIN.search(word) else "".join(_HAN.findall(word))


def spoken(word: str) -> str:
    """The word in Chinese characters as it is said: letters and digits as the bot's voice says them. Empty
    when there is anything else in it than marks."""
    word = unicodedata.normalize("NFKC", word)
    if strange(word):
        return ""
    said = normalisation.normalise(word) if _LATIN.search(word) else word
    return "".join(_HAN.findall(said))


def strange(word: str) -> str | None:
    """The first character that is neither Chinese, nor a letter of English, nor a digit, nor a mark."""
    return next((c for c in word if c.isalpha() and not (c.isascii() or _HAN.match(c))), None)


def is_pinyin(reading: str) -> bool:
    """Whether a reading is spelled as tonal syllables: wu3 ji4."""
    return _PINYIN.fullmatch(reading.strip()) is not None


def readings(lexicon: Lexicon, word: str, said: Sequence[str] = ()) -> list[tuple[int, ...]]:
    """Syllable ids of every way to say `word`, without doubles: by `said`, in characters or tonal syllables,
    or else as it is written. Empty when the lexicon lacks a character or a syllable."""
    found = [_read(lexicon, reading) for reading in said or (word,)]
    if not said and len(word) <= _LONGEST_NAME and word[:1] in SURNAMES and word not in lexicon.ids:
        rest = lexicon.read_aloud(word[1:])
        surname = lexicon.syllable_ids.get(SURNAMES[word[0]])
        found += [(surname, *rest)] if surname is not None and rest else []
    return list(dict.fromkeys(reading for reading in found if reading))


def _read(lexicon: Lexicon, reading: str) -> tuple[int, ...]:
    if is_pinyin(reading):
        ids = [lexicon.syllable_ids.get(syllable) for syllable in reading.split()]
        return tuple(number for number in ids if number is not None) if None not in ids else ()
    return lexicon.read_aloud(spoken(reading)) or ()


def pairs(phrases: Iterable[Phrase]) -> tuple[tuple[str, float], ...]:
    """Words and weights, for models that write words themselves."""
    return tuple((phrase[0], phrase[1]) for phrase in phrases)


def raise_log(log: float, boost: float, word: str, syllables: int) -> float:
    """ln probability of a phrase that has `log` without its `boost` in nats."""
    floor = _NUMBERS_FLOOR if _NUMBER.fullmatch(word) else _FLOOR
    return max(log, floor + boost * (2 + syllables / 2)) if boost > 0 else log


def merge(first: Iterable[Phrase], second: Iterable[tuple[str, float]]) -> tuple[Phrase, ...]:
    """Both lists; where both have a word, the second says its weight and the first how it is said."""
    merged = {phrase[0]: phrase for phrase in first}
    for word, weight in second:
        known = merged.get(word, (word, weight))
        merged[word] = (word, weight, known[2]) if len(known) > 2 else (word, weight)
    return tuple(merged.values())
