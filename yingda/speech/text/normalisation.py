"""Written Chinese to spoken Chinese before synthesis: digits, amounts, dates, times, codes, units, symbols.

A list of rules, most special first. Each is one pass over the text and leaves Chinese characters, which no
later number rule touches; a number is entered at its first digit only, so a pass takes linear time.
Telephone, order, card and verification numbers are read digit by digit with 幺, as on the telephone. What is
said for each kind of text stands in tests/data/speech/normalisation.tsv.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from yingda.speech.text.numbers_zh import cardinal, decimal, digit_by_digit, money
from yingda.speech.text.reading_dates import DATES_AND_TIMES, year
from yingda.speech.text.reading_tables import (
    AMOUNTS,
    CHARACTERS,
    CURRENCIES,
    IS,
    LETTERS,
    MEASURES,
    NAMES,
    NAMES_OR_NOUNS,
    NUMBER,
    NUMERALS,
    START,
    SYMBOLS,
    UNITS,
    WORDS,
)

VERSION = 2  # raise it when the same text comes to be spoken differently: kept audio is made anew

_Match = re.Match[str]
_Action = Callable[[_Match], str] | str
_MARKS = "，。？！；：、"
_HAN = "\u4e00-\u9fff"
_UNREADABLE = rf"[^{_HAN}{_MARKS}]"
_MINUS = r"(?P<minus>(?:(?<![A-Za-z\d])-)?)"  # A-5 and 3-5 are no negative numbers
_BEGINS_LATER = rf"(?=[{NUMERALS}负周]|星期|次日|[上下]午|凌晨|晚|今|明)"  # right end of a range

# What follows an amount, and no code.
_AN_AMOUNT = (
    rf"\s*(?:{MEASURES}|[A-Za-z]|[元块%‰°多余几来起月日年号:/+]|\.\d|：\d|以[上下]|左右|[~到至]\s*\d)"
)
_MORE_GROUPS = rf"(?:[ -](?=[A-Za-z]{{0,6}}\d)[A-Za-z\d]+(?![A-Za-z\d]|{_AN_AMOUNT}))*"
_MORE_CODES = rf"(?:\s*[、，,和或及与]\s*\d{{3,}}(?!\d|{_AN_AMOUNT}))*"
_CODES = "|".join(
    (
        r"(?<!\d)(?:1[012]\d|12\d{3}|100\d\d|9[56]\d{3,4})(?=热线|客服|电话|报警|急救|火警|查号|服务台|专线)",
        r"(?<!\d)10000(?=号)",
        r"(?<!\d)(?:\d{3,4}-)*\d{3,4}"
        r"(?=(?:教|会议|办公|诊)?室|房(?![产贷屋租东费价源])|号房|包[厢间]|病[房床])",
        r"(?<!\d)\d{3,}(?=号(?:话务|客服|[坐座]席|专员|柜员|员工|技师|司机))",
        rf"(?:(?<=[栋幢座楼])|(?<=单元))\s?\d{{3,4}}(?![\d.]|{_AN_AMOUNT})",
        r"(?<!\d)\d{3}(?=路(?![人程口])|国道|省道)",
        r"(?<!\d)\d{2,}(?=开头|打头|结尾)",
        r"(?<!\d)(?:3\.?8|3\.?15|6\.?18)(?=大促|购物|活动|年中|狂欢|期间|晚会|妇女)",
        r"(?<!\d)(?:480|720|1080|1440|2160)(?=[Pp](?![A-Za-z]))",
        r"(?<![\d.])\d+(?:-\d+){2,}(?![\d.])",
    )
)
_amount = re.compile(_AN_AMOUNT)


def _digits(text: str, dash: str = "") -> str:
    """A code, one by one: B138-12 -> 比幺三八幺二; marks stay."""
    text = re.sub(r"[\s().·]", "", text).replace("-", dash)
    return "".join(LETTERS.get(c.upper()) or (digit_by_digit(c) if c.isdecimal() else c) for c in text)


def _bare(text: str) -> str:
    """A number that nothing explains: from five digits on it is a code, unless it is round."""
    is_code = text.isdigit() and len(text) >= 5 and not text.endswith("000" if len(text) < 7 else "0000")
    return digit_by_digit(text) if is_code else decimal(text)


def _negative(m: _Match) -> str:
    return "负" if m["minus"] else ""


def _masked(m: _Match) -> str:
    """138****5678 -> 幺三八，尾号五六七八."""
    return (_digits(m["head"]) + "，" if m["head"] else "") + "尾号" + _digits(m["tail"])


def _phone(m: _Match) -> str:
    extension = "转" + _digits(m["ext"].strip(" -转")) if m["ext"] else ""
    return _digits(m["n"]).replace("+", "加") + extension


def _named(m: _Match) -> str:
    digits = sum(c.isdigit() for c in m["n"])
    if digits <= 3 and _amount.match(m.string, m.end()):
        return m.group()
    said = cardinal(int(m["n"])) if digits == 1 and m["n"].isdigit() else ""
    is_shelf = m["name"].endswith(("件码", "货码"))
    return m["name"] + m["is"] + (said or _digits(m["n"], "杠" if is_shelf else ""))


def _after_letters(m: _Match) -> str:
    n, follows = m["n"], m.string[m.end() : m.end() + 1]
    return n if len(n) <= 4 and n.endswith("00") and follows not in ("次", "航") else _digits(n)


def _version(m: _Match) -> str:
    return "点".join(_digits(part) if len(part) > 2 else cardinal(int(part)) for part in m.group().split("."))


def _currency(m: _Match) -> str:
    unit, sign = CURRENCIES[m["cur"]], "负" if m["minus"] or m["inner"] else ""
    if m["to"]:
        return f"{sign}{decimal(m['n'], True)}{m['big']}到{decimal(m['to'], True)}{m['to_big']}{unit}"
    if unit == "元" and not m["big"]:
        return sign + money(m["n"])
    return f"{sign}{decimal(m['n'], True)}{m['big']}{unit}"


def _range(m: _Match) -> str:
    a, b, joint, unit = m["a"], m["b"], m["joint"], (m["unit"] or "").strip()
    read = (lambda text: decimal(text, unit[0] not in "%度摄华")) if unit else _bare
    if joint in "、或":
        return f"{read(a)}{joint}{read(b)}{unit}" if unit and len(a) == len(b) == 1 else m.group()
    falls = joint == "-" and not (m["minus"] or m["inner"] or m["big"])
    if falls and float(a.replace(",", "")) > float(b.replace(",", "")):
        return (_digits(a + b) if len(b) > 2 else f"{decimal(a)}杠{decimal(b)}") + unit
    joint = "到" if joint in "-~" else joint
    said = f"{_negative(m)}{read(a)}{m['big']}{joint}{'负' if m['inner'] else ''}{read(b)}"
    return "百分之" + said if unit == "%" else said + unit


def _percent(m: _Match) -> str:
    number = "百" if m["n"] == "100" else decimal(m["n"])
    return _negative(m) + ("百分之" if m["u"] == "%" else "千分之") + number


def _path(m: _Match) -> str:
    """北京-上海 goes from one to the other; 我的-设置-账户 are steps."""
    return m.group().replace("-", "，" if m.group().count("-") > 1 else "到")


def _marks(m: _Match) -> str:
    """Of several marks in a row the first strong one is heard."""
    return next((c for c in m.group() if c in "。！？；"), m.group()[0])


def _either(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_WRITING: tuple[tuple[str, _Action], ...] = (
    (r"https?://|[“”‘’\"'「」『』《》〈〉]|(?<!\d)#(?=\d)", ""),
    (r"(?<![A-Za-z])(?i:no)\.?\s*(?=\d{1,3}(?!\d))", "第"),
    (r"(?<=[号码位])\(([A-Za-z\d][A-Za-z\d -]{0,30})\)", r"\1"),
    (r"(?<=\d)\s*—+\s*(?=\d)", "-"),
    (r"(?:^|(?<=[。！？；]))\s*【([^【】]{1,30})】", r"\1，"),
    (r"(?:^|(?<=[。！？；：]))\s*(\d{1,2})[.)]\s*(?=[^\d\s])", r"\1、"),
    (
        r"(?<![A-Za-z\d.-])[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)*\.[A-Za-z]{2,}",
        lambda m: "点".join(WORDS.get(part) or _digits(part) for part in m.group().split(".")),
    ),
    (rf"(?<![A-Za-z])(?ai:{_either(WORDS)})(?![A-Za-z])", lambda m: WORDS[m.group().lower()]),
)
_NUMBERS_AS_NAMES: tuple[tuple[str, _Action], ...] = (
    (
        rf"(?:尾号{IS})?(?P<head>\d{{1,8}}[ -]?)?(?<!\*)(?<!\*[ -])\*(?:[ -]?\*)+[ -]?(?P<tail>\d{{2,8}}X?)",
        _masked,
    ),
    (r"(?<![\d-])\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,3})?(?![\d-])", lambda m: _digits(m.group())),
    (
        r"(?<![\d+])(?P<n>(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
        r"|(?:\(0\d{2,3}\)|0\d{2,3})[- ]?\d{3,4}[- ]?\d{4}(?!\d)|[48]00(?:[- ]?\d){7}(?!\d)"
        r"|\+\d(?:[- ]?\d){6,14}(?!\d|\s*元))(?P<ext>\s*[-转]\s*\d{1,5}(?!\d))?",
        _phone,
    ),
    (
        rf"(?P<name>{NAMES})(?P<is>{IS})(?P<n>[A-Za-z_]{{0,6}}\d[A-Za-z\d_]*"
        rf"(?![A-Za-z\d]|\.\d|[元块%]){_MORE_GROUPS}{_MORE_CODES})",
        _named,
    ),
    (
        rf"(?P<name>{NAMES_OR_NOUNS})(?P<is>{IS})"
        rf"(?P<n>\d{{3,}}(?!\d|{_AN_AMOUNT}){_MORE_GROUPS}{_MORE_CODES})",
        _named,
    ),
    (
        r"(?<=[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z])"
        r"[·-]?[A-Z\d]{5,6}(?![A-Za-z\d])",
        lambda m: _digits(m.group()),
    ),
    (rf"(?<=[A-Za-z])-?(?P<n>\d{{3,}}(?:-\d+)*)(?:(?=次|/[A-Z])|(?!\d|{_AN_AMOUNT}))", _after_letters),
    (_CODES, lambda m: _digits(m.group(), "杠")),
    (r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)", _version),
)
_QUANTITIES: tuple[tuple[str, _Action], ...] = (
    (r"(?<=\d)\s*[x×*X]\s*(?=\d)", "乘"),
    (r"(?<![\d.])([1-9])\.?([1-9])(?=折)", lambda m: _digits(m[1] + m[2])),
    (rf"(?<=[\d{NUMERALS}/])\s?({_either(UNITS)})(?![A-Za-z])", lambda m: UNITS[m[1]]),
    (rf"(?<=[\d万亿%])\+(?=[{_HAN}{_MARKS}]|$)", "多"),
    (
        rf"{_MINUS}(?<![A-Za-z])(?P<cur>{_either(CURRENCIES)})\s*(?P<inner>-?)(?P<n>{NUMBER})(?P<big>[万亿千]?)"
        rf"(?:\s*[-~到至]\s*(?:{_either(CURRENCIES)})?\s*(?P<to>{NUMBER})(?P<to_big>[万亿千]?))?"
        r"\s*(?:[美日港欧]?元)?",
        _currency,
    ),
    (
        rf"第\s*(?P<n>{NUMBER})(?:\s*[-~]\s*(?P<to>\d+))?",
        lambda m: "第" + decimal(m["n"]) + ("到" + decimal(m["to"]) if m["to"] else ""),
    ),
    (
        rf"(?:(?<=\d[{_HAN}])|(?<=\d分钟)|(?<=\d小时)|(?<=\d个月)|(?<=\d%)|(?<=氏度)"
        rf"|(?<=[{NUMERALS}点][点整半分日号]))"
        r"\s*[-~]\s*(?=-?\d)",
        "到",
    ),
    (
        rf"{_MINUS}{START}(?<!\d-)(?P<a>{NUMBER})(?P<big>[万亿]?)\s*(?P<joint>[-~到至、或])\s*(?P<inner>-?)"
        rf"(?P<b>{NUMBER})(?![\d-]|\.\d)(?P<unit>\s*(?:%|摄氏度|华氏度|{MEASURES}))?",
        _range,
    ),
    (
        rf"{_MINUS}{START}(?P<n>{NUMBER})\s*(?P<u>元|块钱|块)",
        lambda m: _negative(m) + money(m["n"], m["u"]),
    ),
    (rf"{_MINUS}{START}(?P<n>{NUMBER})\s*(?P<u>[%‰])", _percent),
    (
        rf"{_MINUS}{START}(?P<n>{NUMBER})\s*(?={MEASURES})",
        lambda m: _negative(m) + decimal(m["n"], liang=True),
    ),
    (rf"((?:{AMOUNTS}){IS}){START}({NUMBER})", lambda m: m[1] + decimal(m[2])),
    (rf"{START}(?<![A-Za-z,-])20[123]\d(?=[{_HAN}{_MARKS}\s]|$)", lambda m: year(m.group())),
    (rf"{_MINUS}(?P<n>{NUMBER})", lambda m: _negative(m) + _bare(m["n"])),
)
_SYMBOLS_BETWEEN: tuple[tuple[str, _Action], ...] = (
    (rf"<\s*(?=[负{NUMERALS}])", "小于"),
    (rf">=\s*(?=[负{NUMERALS}])", "大于等于"),
    (rf">\s*(?=[负{NUMERALS}])", "大于"),
    (rf"(?<=[{_HAN}])\s*-\s*{_BEGINS_LATER}", "到"),
    (rf"(?<=[{NUMERALS}点整半分秒日号天月年元度])\s*~\s*{_BEGINS_LATER}", "到"),
    (rf"(?<![{_HAN}])[{_HAN}]+(?:-[{_HAN}]+)+", _path),
    (rf"(?<=[{_HAN}])~[~\s]*(?=[{_HAN}])|--+|-+>|=>", "，"),
    (rf"(?<=[元角分毛块])\s*/|(?<=[{NUMERALS}][{_HAN}])/(?=[{NUMERALS}年月日天周小分秒次人位户件个])", "每"),
    (rf"(?<=[{_HAN}A-Za-z])\s*/\s*(?=[{_HAN}A-Za-z])", "或"),
    (r"\*{2,}|\*(?=先生|女士|小姐)", ""),
    (rf"(?<=[{NUMERALS}])#", "号"),
    (r"([#*])号?键", r"\1"),
    (f"[{re.escape(''.join(SYMBOLS))}]", lambda m: SYMBOLS[m.group()]),
    (r"[A-Za-z]", lambda m: LETTERS[m.group().upper()]),
    (_UNREADABLE, ""),
    (rf"[{_MARKS}]{{2,}}", _marks),
    (r"^[，、：]", ""),
)
_RULES = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        *_WRITING,
        *DATES_AND_TIMES,
        *_NUMBERS_AS_NAMES,
        *_QUANTITIES,
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
    return "".join(
        CHARACTERS.get(c) or (c if c in _MARKS else unicodedata.normalize("NFKC", c)) for c in text
    )
