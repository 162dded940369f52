"""Written Chinese to spoken Chinese before synthesis: digits, amounts, dates, times, codes, units, symbols.

A list of rules, most special first. Each is one pass over the text and leaves Chinese characters, which no
later number rule touches; a number is entered at its first digit only, so a pass takes linear time.
Telephone, order, card and verification numbers are read digit by digit with 幺, as on the telephone. What is
said for each kind of text stands in tests/data/speech/normalisation.tsv.
"""

from __future__ import annotations

import re
import unicodedata

from yingda.speech.text.reading_codes import NUMBERS_AS_NAMES
from yingda.speech.text.reading_dates import DATES_AND_TIMES
from yingda.speech.text.reading_quantities import QUANTITIES
from yingda.speech.text.reading_tables import (
    CHARACTERS,
    HAN,
    LETTERS,
    MARKS,
    NUMERALS,
    SYMBOLS,
    Action,
    Match,
)
from yingda.speech.text.reading_writing import WRITING

VERSION = 3  # raise it when the same text comes to be spoken differently: kept audio is made anew

_UNREADABLE = rf"[^{HAN}{MARKS}]"
_PER = (  # what stands after a slash that means 每
    "(?:[年月日天周小分秒次人位户件个平期斤晚节课瓶片盒套间股亩辆台条箱包袋罐桶支杯份根粒颗只双米克升吨公兆吉季度立]"
    "|学[期年]|毫)"
)
_QUANTITY = rf"(?<=[^周期拜][{NUMERALS}])|" + "|".join(
    f"(?<=[{NUMERALS}]{f'[{HAN}]' * length})" for length in (1, 2, 3)
)
_BEGINS_LATER = rf"(?=[{NUMERALS}负周]|星期|次日|[上下]午|凌晨|晚|今|明)"  # right end of a range


def _path(m: Match) -> str:
    """北京-上海 goes from one to the other; 我的-设置-账户 are steps."""
    return m.group().replace("-", "，" if m.group().count("-") > 1 else "到")


def _marks(m: Match) -> str:
    """Of several marks in a row the first strong one is heard."""
    return next((c for c in m.group() if c in "。！？；"), m.group()[0])


_SYMBOLS_BETWEEN: tuple[tuple[str, Action], ...] = (
    (rf"<\s*(?=[负{NUMERALS}])", "小于"),
    (rf"(?<=[{NUMERALS}][{HAN}])\s*<\s*(?=[{HAN}])", "小于"),
    (rf">=\s*(?=[负{NUMERALS}])", "大于等于"),
    (rf">\s*(?=[负{NUMERALS}])", "大于"),
    (rf"(?<=[{HAN}])\s*-\s*{_BEGINS_LATER}", "到"),
    (rf"(?<=[{NUMERALS}点整半分秒日号天月年元度])\s*~\s*{_BEGINS_LATER}", "到"),
    (rf"(?<![{HAN}])[{HAN}]+(?:-[{HAN}]+)+", _path),
    (rf"(?<=[{HAN}])~[~\s]*(?=[{HAN}])|--+|-+>|=>", "，"),
    (rf"(?<=[{NUMERALS}])([{HAN}]{{1,2}})\s*/\s*(?=[{NUMERALS}点]+\1)", r"\1或"),
    (rf"(?<=[元角分毛块升克次片粒])\s*/\s*(?=[{NUMERALS}])", "每"),
    (
        rf"(?<=[{NUMERALS}][{HAN}])\s*/\s*(?=[{NUMERALS}])|(?<=[{NUMERALS}][{HAN}]{{2}})/(?=[{NUMERALS}])",
        "，",
    ),
    (rf"(?<=[元角分毛块])\s*/|(?:{_QUANTITY})\s*/\s*(?={_PER})|(?<=公里)/(?=小时)", "每"),
    (rf"(?<=每[{HAN}])\s*/\s*(?={_PER})|(?:(?<=每[{HAN}]{{2}})|(?<=每[{HAN}]{{3}}))\s*/\s*(?={_PER})", "每"),
    (rf"(?<![{HAN}])[{HAN}]+(?:\s*/\s*[{HAN}]+){{2,}}", lambda m: m.group().replace("/", "、")),
    (r"和/或", "和或"),
    (rf"(?<=每[{HAN}]{{3}})·(?=月)", "每"),
    (rf"(?<=[{NUMERALS}])\s+(?=[{NUMERALS}])", "，"),  # T2 11月 is not T21月
    (rf"(?<=[{HAN}A-Za-z])\s*/\s*(?=[{HAN}A-Za-z])", "或"),
    (rf"\*{{2,}}|(?<=[{HAN}])\*(?=[{HAN}])(?!号?键)", ""),
    (rf"(?<=[{NUMERALS}])#", "号"),
    (r"([#*])号?键", r"\1"),
    (f"[{re.escape(''.join(SYMBOLS))}]", lambda m: SYMBOLS[m.group()]),
    (r"[A-Za-z]", lambda m: LETTERS[m.group().upper()]),
    (_UNREADABLE, ""),
    (rf"[{MARKS}]{{2,}}", _marks),
    (r"^[，、：]", ""),
)
_RULES = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        *WRITING,
        *DATES_AND_TIMES,
        *NUMBERS_AS_NAMES,
        *QUANTITIES,
        *_SYMBOLS_BETWEEN,
    )
)


def normalise(text: str) -> str:
    """What is to be said for `text`. Marks stay; anything without a reading is left out.

    >>> normalise("您的余额是128.50元。")
    '您的余额是一百二十八元五角。'
    """
    text = _characters(text)
    for pattern, action in _RULES:
        text = pattern.sub(action, text)
    return text


def unreadable(text: str) -> list[str]:
    """Characters of `text` that are left out for want of a reading; blanks and invisible ones are none."""
    text = _characters(text)
    for pattern, action in _RULES:
        if pattern.pattern == _UNREADABLE:
            return [c for c in pattern.findall(text) if unicodedata.category(c)[0] not in "ZC"]
        text = pattern.sub(action, text)
    return []


def _characters(text: str) -> str:
    return "".join(CHARACTERS.get(c) or (c if c in MARKS else unicodedata.normalize("NFKC", c)) for c in text)
