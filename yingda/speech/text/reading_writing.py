"""How a text is set: quotes, lists, addresses on the web, English words."""

from __future__ import annotations

import re

from yingda.speech.text.reading_codes import digits
from yingda.speech.text.reading_tables import (
    HAN,
    LETTERS,
    MARKS,
    WORDS,
    Action,
    Match,
    either,
)

_IN_ADDRESSES = {"/": "斜杠", "?": "问号", "=": "等于", "-": "杠", "_": "下划线", "&": "和", "@": "艾特"}
_HOST = r"[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)*\.[A-Za-z]{2,}"


def _address(m: Match) -> str:
    """kefu_01@example.com, or example.com/help?id=1, part by part; the mark that ends it is none of it."""
    pieces = re.split(r"([/?=&@])", m.group().rstrip("/."))
    return "".join(_IN_ADDRESSES.get(piece) or _dotted(piece) for piece in pieces)


def _dotted(text: str) -> str:
    return "点".join(_address_part(part) for part in text.split("."))


def _address_part(part: str) -> str:
    return WORDS.get(part) or "".join(_IN_ADDRESSES.get(c) or digits(c) for c in part)


def _model(m: Match) -> str:
    """C200L ends with a letter, not with litres."""
    return m[1] + LETTERS[m[2].upper()]


def _listed(m: Match) -> str:
    """Items that stand in one line: 查询 2、办理."""
    return f"，{m[1]}、"


WRITING: tuple[tuple[str, Action], ...] = (
    (r"(?<=\d)'(\d{1,2})(?:''|\")", r"分\1秒"),
    (r"(?<=\d)''(?!\d)", "秒"),
    (r"(?<=\d)\"(?=电视|屏|显示|液晶)", "寸"),
    (r"(?<=\d)[》”』」]\s*(?=\d)", "，"),
    (r"https?://|[“”‘’\"'「」『』《》〈〉]|(?<!\d)#(?=\d)", ""),
    (rf"#((?![号键])[^#\s{MARKS}]*[{HAN}][^#\s{MARKS}]*)#", r"\1"),
    (r"(?:^|(?<=。))\s*(?:[*-]|#{1,6})\s+(?=\S)", ""),
    (rf"(?<=[{HAN}][{HAN}])[ \u3000]+(?=[{HAN}][{HAN}])", "，"),  # fields of a form
    (r"(?<![A-Za-z])(?i:no)\.\s*(?=\d{4})", "编号"),
    (r"(?<![A-Za-z])(?i:no)\.?\s*(?=\d{1,3}(?!\d))", "第"),
    (r"(?<=[号码位])\(([A-Za-z\d][A-Za-z\d -]{0,30})\)", r"\1"),
    (r"(?<=\d)\s*—+\s*(?=\d)", "-"),
    (r"(?:^|(?<=[。！？；]))\s*【([^【】]{1,30})】", r"\1，"),
    (r"(?:^|(?<=[。！？；：]))\s*(\d{1,2})[.)]\s*(?=[^\d\s])", r"\1、"),
    (rf"(?<=[{HAN}A-Za-z元])\s+(\d{{1,2}})(?:[.)]|、(?!\d))\s*(?=[{HAN}A-Za-z])", _listed),
    (rf"(?<![A-Za-z\d._-])[A-Za-z\d][A-Za-z\d_.-]{{0,40}}@{_HOST}", _address),
    (rf"(?<![A-Za-z\d.-]){_HOST}(?:/[A-Za-z\d_./?=&%-]*)?", _address),
    (r"(?<![A-Za-z\d])((?:[A-Za-z]{1,10}\d{1,4}))([A-Za-z])(?![A-Za-z\d/])", _model),
    (rf"(?<![A-Za-z])(?ai:{either(WORDS)})(?![A-Za-z])", lambda m: WORDS[m.group().lower()]),
    (r"(?<=[A-Za-z])\.(?=\d)", "点"),
)
