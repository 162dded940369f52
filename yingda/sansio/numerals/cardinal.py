"""Chinese cardinals to integers: 一千二百三十四 -> 1234."""

from __future__ import annotations

DIGITS = {
    "零": 0,
    "〇": 0,
    "洞": 0,
    "一": 1,
    "幺": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
UNITS = {"十": 10, "百": 100, "千": 1000}
SECTIONS = {"万": 10_000, "亿": 100_000_000}


def parse_cardinal(text: str) -> int | None:
    """Value of a spoken cardinal, or None when `text` is not a well-formed one.

    A final digit may leave its unit out (一百二 = 120, 两万五 = 25000). Approximations such as
    三四十 or 十几 are not cardinals.
    """
    if not text or text[0] in "百千万亿":
        return None
    total = 0
    for name, size in (("亿", SECTIONS["亿"]), ("万", SECTIONS["万"])):
        head, mark, text = _cut(text, name)
        if not mark:
            continue
        value = _section(head)
        if value is None or value == 0:
            return None
        total += value * size
        if len(text) == 1 and DIGITS.get(text, 0) > 0:
            return total + DIGITS[text] * size // 10
    if not text:
        return total or None
    rest = _section(text)
    return None if rest is None else total + rest


def _cut(text: str, mark: str) -> tuple[str, str, str]:
    """`text` split at the first `mark`; without one everything is the tail."""
    head, found, tail = text.partition(mark)
    return (head, found, tail) if found else ("", "", text)


def _section(text: str) -> int | None:
    """Value of a group below 万, for instance 三千零五十."""
    total, digit, last_unit, after_zero = 0, None, 10_000, False
    for place, char in enumerate(text):
        if char in UNITS:
            unit = UNITS[char]
            if unit >= last_unit or (digit is None and not (char == "十" and total == 0)):
                return None
            total += (1 if digit is None else digit) * unit
            digit, last_unit, after_zero = None, unit, False
        elif char in "零〇":
            if digit is not None or after_zero or (place == 0 and len(text) == 1):
                return 0 if text in "零〇" else None
            after_zero = True
        elif char in DIGITS and digit is None:
            digit = DIGITS[char]
        else:
            return None
    if digit is None:
        return None if after_zero else total
    short = 100 <= last_unit < 10_000 and not after_zero
    return total + digit * (last_unit // 10 if short else 1)
