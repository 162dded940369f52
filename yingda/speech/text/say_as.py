"""What SSML's say-as makes of numbers, dates, money and names. Everything else is read as plain text.

A reader gives None for a text that is not of its kind. `said` then reads it as plain text would be, with its
digits as the kind has them; ssml_check tells the designer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from yingda.speech.text.normalisation import normalise
from yingda.speech.text.numbers_zh import cardinal, decimal, digit_by_digit
from yingda.speech.text.reading_dates import year
from yingda.speech.text.reading_tables import CURRENCIES, LETTERS, NUMBER, SYMBOLS

_CURRENCY = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
_DATE_ORDERS = {
    "ymd": "ymd", "mdy": "mdy", "dmy": "dmy", "ym": "ym", "my": "my", "md": "md", "dm": "dm",
    "y": "y", "m": "m", "d": "d",
}  # fmt: skip
_TIMES = ("hms", "hm", "hms24", "hm24", "hms12", "hm12")


def _number(text: str, form: str) -> str | None:
    match = re.fullmatch(rf"([+-]?)({NUMBER})", text)
    return match and {"-": "负"}.get(match[1], "") + decimal(match[2])


def _ordinal(text: str, form: str) -> str | None:
    return "第" + cardinal(int(text)) if re.fullmatch(r"\d{1,16}", text) else None


def _digits(text: str, form: str) -> str | None:
    bare = re.sub(r"[\s-]", "", text)
    return digit_by_digit(bare) if re.fullmatch(r"[0-9]+", bare) else None


def _phone(text: str, form: str) -> str | None:
    """In the groups in which numbers are told on the telephone: 幺三八，幺二三四，五六七八."""
    match = re.fullmatch(r"(\+?)([\d\s()-]{3,24}?)(?:\s*(?:转|分机)\s*(\d{1,6}))?", text)
    groups = re.findall(r"\d+", match[2]) if match else []
    if match is None or not groups:
        return None
    if len(groups) == 1:
        groups = _groups(groups[0])
    elif len(groups) == 2 and len(groups[1]) in (7, 8):
        groups = [groups[0], *_groups(groups[1])]
    said = "，".join(digit_by_digit(group) for group in groups)
    extension = f"，转{digit_by_digit(match[3])}" if match[3] else ""
    return ("加" if match[1] else "") + said + extension


def _groups(digits: str) -> list[str]:
    cuts: tuple[int, ...] = (0,)
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        cuts = (0, 3, 7)
    elif re.fullmatch(r"[48]00\d{7}", digits):
        cuts = (0, 3, 6)
    elif re.fullmatch(r"0(?:10|2\d)\d{8}", digits):
        cuts = (0, 3, 7)
    elif re.fullmatch(r"0\d{3}\d{7,8}", digits):
        cuts = (0, 4, len(digits) - 4)
    elif len(digits) in (7, 8):
        cuts = (0, len(digits) - 4)
    ends = (*cuts[1:], len(digits))
    return [digits[a:b] for a, b in zip(cuts, ends, strict=True)]


def _characters(text: str, form: str) -> str | None:
    """Letters, digits and marks one by one, never as a word; Chinese characters stay."""
    if not text:
        return None
    said = (LETTERS.get(c.upper()) or (digit_by_digit(c) if c in "0123456789" else _mark(c)) for c in text)
    return "".join(said)


def _mark(character: str) -> str:
    named = {"-": "杠", ".": "点", "/": "斜杠", ",": "逗号", ":": "冒号"}
    return named.get(character) or SYMBOLS.get(character, character)


def _date(text: str, form: str) -> str | None:
    """2026-11-03 -> 二零二六年十一月三日; `form` is the order of year, month and day."""
    if form and form not in _DATE_ORDERS:
        return None
    is_date = re.fullmatch(r"\d+(?:\s*[-/.年月]\s*\d+){0,2}\s*[年月日号]?", text)
    parts = re.findall(r"\d+", text) if is_date else []
    if len(parts) == 1 and re.fullmatch(r"(?:19|20)\d{6}", parts[0]) and form in ("", "ymd"):
        parts = [parts[0][:4], parts[0][4:6], parts[0][6:]]
    order = form or {3: "ymd", 2: "ym" if parts and len(parts[0]) == 4 else "md"}.get(len(parts), "")
    if not parts or len(order) != len(parts):
        return None
    values = dict(zip(order, parts, strict=True))
    if not (1 <= int(values.get("m", 1)) <= 12 and 1 <= int(values.get("d", 1)) <= 31):
        return None
    if len(values.get("y", "2026")) not in (2, 4):
        return None
    said = year(values["y"]) + "年" if "y" in values else ""
    said += cardinal(int(values["m"])) + "月" if "m" in values else ""
    return said + (cardinal(int(values["d"])) + ("号" if "号" in text else "日") if "d" in values else "")


def _time(text: str, form: str) -> str | None:
    """14:05 -> 十四点零五分, as in plain text."""
    pattern = r"(\d{1,2})[:：]([0-5]\d)(?:[:：][0-5]\d)?(?:\s*[AaPp]\.?[Mm]\.?)?"
    match = re.fullmatch(pattern, text)
    if match is None or int(match[1]) > 24 or (form and form not in _TIMES):
        return None
    return normalise(text.replace(".", ""))


def _money(text: str, form: str) -> str | None:
    """¥1,234.56 -> 一千二百三十四元五角六分; a bare number is 元, and 块 is said where it is written."""
    unit = rf"(?:[美欧日港]?元|块钱?|{_CURRENCY})"
    if not re.fullmatch(rf"-?\s*(?:{_CURRENCY})?\s*-?{NUMBER}\s*[万亿]?\s*{unit}?", text):
        return None
    return normalise(text + "元" if re.fullmatch(rf"-?\s*{NUMBER}[万亿]?", text) else text)


def _percent(text: str, form: str) -> str | None:
    match = re.fullmatch(rf"(-?{NUMBER})\s*%?", text)
    return normalise(match[1] + "%") if match else None


Reader = Callable[[str, str], str | None]

KINDS: dict[str, tuple[Reader, str]] = {
    "number": (_number, "a number such as 1,024.5"),
    "cardinal": (_number, "a number such as 1,024.5"),
    "ordinal": (_ordinal, "a whole number"),
    "digits": (_digits, "digits"),
    "id": (_characters, "characters"),
    "telephone": (_phone, "a telephone number such as 13812345678 or 010-88886666"),
    "phone": (_phone, "a telephone number such as 13812345678 or 010-88886666"),
    "date": (_date, "a date such as 2026-11-03, in the order of format (ymd, md, ...)"),
    "time": (_time, "a time such as 14:05"),
    "money": (_money, "an amount such as ¥1,234.56 or 12.5元"),
    "currency": (_money, "an amount such as ¥1,234.56 or 12.5元"),
    "percent": (_percent, "a number such as 85 or 85%"),
    "characters": (_characters, "characters"),
    "spell-out": (_characters, "characters"),
    "verbatim": (_characters, "characters"),
}
"""By interpret-as: the reader, and what it expects."""

FORMATS = {"date": tuple(_DATE_ORDERS), "time": _TIMES}
"""Values of the attribute `format`, for the kinds that have one."""

_BY_DIGIT = ("digits", "telephone", "phone")
_AS_NUMBER = ("number", "cardinal", "ordinal")


def read(text: str, kind: str, form: str = "") -> str | None:
    """Spoken text; None for a text that is not of the kind, and for a kind that is not in KINDS."""
    reader = KINDS[kind][0] if kind in KINDS else None
    return reader(text.strip(), form) if reader else None


def said(text: str, kind: str, form: str = "") -> str:
    """Spoken text, or what comes nearest to it."""
    found = read(text, kind, form)
    if found is not None:
        return found
    if kind in _BY_DIGIT:
        return re.sub(r"\d+", lambda m: digit_by_digit(m.group()), text)
    if kind in _AS_NUMBER:
        number = re.sub(rf"{NUMBER}", lambda m: decimal(m.group()), text)
        return ("第" if kind == "ordinal" else "") + number
    return text
