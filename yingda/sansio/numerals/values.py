"""Values in a normalised text, with their spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_PATTERNS = (
    ("phone", re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")),
    ("amount", re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)[多来]?元")),
    ("percent", re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)%")),
    ("time", re.compile(r"(?:上午|下午|早上|早晨|中午|晚上|傍晚|凌晨|夜里)?(?<!\d)\d{1,2}(?::\d{2}|点)")),
    (
        "date",
        re.compile(
            r"(?:\d{4}年)?\d{1,2}月(?:份|\d{1,2}[号日])?|(?:上个?月|这个?月|本月|下个?月)?\d{1,2}[号日](?!码)"
            r"|大前天|前天|昨天|今天|明天|大后天|后天|上上个?月|上个?月|这个月|本月|下个?月|月底|月初"
            r"|[上这本下]*个?(?:周|星期|礼拜)[一二三四五六日天]"
        ),
    ),
    ("id_last4", re.compile(r"(?<![\d.])\d{3}[\dX](?![\d.:%年月号日点元])")),
    ("number", re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.:%年月号日点元])")),
)


@dataclass(frozen=True)
class Value:
    """One value: what it is, where it stands in the text, and what it means.

    `value` is a number for amount (yuan), percent and number, and the text itself otherwise;
    `cents` is set for amounts only.
    """

    kind: str
    start: int
    end: int
    value: str | int | float
    cents: int | None = None


def find_values(text: str) -> list[Value]:
    """Values of a normalised `text` in reading order; spans never overlap, the more specific kind wins."""
    taken: list[Value] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if all(end <= other.start or start >= other.end for other in taken):
                taken.append(_value(kind, start, end, match.group(match.lastindex or 0)))
    return sorted(taken, key=lambda value: value.start)


def _value(kind: str, start: int, end: int, text: str) -> Value:
    if kind not in ("amount", "percent", "number"):
        return Value(kind, start, end, text)
    number = Decimal(text)
    whole = number == number.to_integral_value()
    cents = int((number * 100).to_integral_value()) if kind == "amount" else None
    return Value(kind, start, end, int(number) if whole else float(number), cents)
