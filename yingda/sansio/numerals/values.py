"""Values in a normalised text, with their spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from yingda.sansio.numerals import spoken
from yingda.sansio.numerals.clock import iso_date, resolve_time

_SMALL = "一二两三四五六七八九十"
_GOODS = "件台部双瓶箱盒套只斤份袋辆支"  # one of these is a count; 一个 and 一次 are mostly none
_PATTERNS = (
    ("phone", re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[2-9]\d{6,7}|400\d{7})(?!\d)")),
    ("amount", re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)[多来]?元")),
    ("percent", re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)%")),
    (
        "date",
        re.compile(
            r"(?:\d{4}年|[明去今]年)?\d{1,2}月(?:份|\d{1,2}[号日]?(?!元))?"
            r"|(?:上个?月|这个?月|本月|下个?月)?\d{1,2}[号日](?!码|楼|线)"
            rf"|(?:\d+|[{_SMALL}])(?:天|个?(?:周|星期|礼拜)|个月)(?:以后|之后|后)|半个月(?:以后|之后|后)"
            r"|大前天|前天|昨天|今天|明天|大后天|后天|昨晚|今早|今晚|明早|明晚"
            r"|(?:上个?月|这个?月|本月|下个?月)(?:月?底|月?初|中旬)|月底|月初|月中旬|年底"
            r"|上上个?月|上个?月|这个月|本月|下个?月"
            r"|(?:上上|下下|[上这本下])?个?(?:周|星期|礼拜)[一二三四五六日天末]"
        ),
    ),
    ("time", re.compile(r"(?:上午|下午|早上|早晨|中午|晚上|傍晚|凌晨|夜里)?(?<!\d)\d{1,2}(?::\d{2}|点)")),
    (
        "score",
        re.compile(
            r"(?<![\d.:])(\d+分)(?![钟之钱店期公开])"
            rf"|(?:(?<=[打给评])|^[嗯呃就那]*)(?P<whole>[{_SMALL}]分)(?=[吧啊呀嘛了]*$)"
        ),
    ),
    (
        "count",
        re.compile(
            rf"(?<![第前后末\d.周期])(\d+|[{_SMALL[1:]}]|一(?=[{_GOODS}]))"
            rf"[个{_GOODS}条张本包把位人次回](?!月|小时|星期|礼拜|工作日|点|半|字|年)"
        ),
    ),
    ("id_last4", re.compile(r"(?<![\d.])\d{3}[\dX](?![\d.:%年月号日点元])")),
    ("order_number", re.compile(r"(?<![\d.])\d{6,24}(?![\d.:%年月号日点元])")),
    ("number", re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.:%年月号日点元])")),
)
_NUMBERS = ("amount", "percent", "number", "score", "count")


@dataclass(frozen=True)
class Value:
    """One value: what it is, where it stands in the text, and what it means.

    `value` is a number for amount (yuan), percent, number, score and count; for date and time ISO 8601
    (2026-12-03, a month 2026-12, 15:30) where the day of the call is known; else the text itself. `cents` is
    set for amounts only.
    """

    kind: str
    start: int
    end: int
    value: str | int | float
    cents: int | None = None


def find_values(text: str, today: date | None = None) -> list[Value]:
    """Values of a normalised `text` in reading order; spans never overlap, the more specific kind wins.
    `today`: what relative dates are counted from; without it dates and times stay as they were said."""
    taken: list[Value] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("whole" if match.groupdict().get("whole") else 0)
            if any(end > other.start and start < other.end for other in taken):
                continue
            said = next((group for group in match.groups() if group), match.group())
            if today is not None and kind == "date":
                said = iso_date(said, today) or said
            elif today is not None and kind == "time":
                # 今晚8点: the word before, a date by itself, says which half of the day
                moment = resolve_time(text[max(0, start - 2) : end])
                said = f"{moment:%H:%M}" if moment else said
            taken.append(_value(kind, start, end, said))
    return sorted(taken, key=lambda value: value.start)


def _value(kind: str, start: int, end: int, text: str) -> Value:
    if kind not in _NUMBERS:
        return Value(kind, start, end, text)
    number = spoken.number(text.rstrip("分")) or Decimal(0)
    whole = number == number.to_integral_value()
    cents = int((number * 100).to_integral_value()) if kind == "amount" else None
    return Value(kind, start, end, int(number) if whole else float(number), cents)
