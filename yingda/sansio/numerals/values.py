"""Values in a normalised text, with their spans."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from yingda.sansio.numerals import spoken
from yingda.sansio.numerals.cardinal import parse_cardinal
from yingda.sansio.numerals.clock import iso_date, resolve_time
from yingda.sansio.numerals.patterns import HOURS, NO_UNIT, PART, PATTERNS

_FEW = {"俩": 2, "仨": 3, "十几": 10, "几十": 20}
_NUMBERS = ("amount", "percent", "number", "score", "count")
_OF_DAY = re.compile(rf"{PART}|[今明昨]早|清早|半夜")
_WAKING = 8
_ABOUT = re.compile(r"[一二三四五六七八九两](?=[一二三四五六七八九两][十百千万])")  # 三四百: the lower one
_UNITS = re.compile(r"[多来几]|(?:块|元)钱?$|颗?星$|分$|折$|%$")
# talk of money makes a sum of a number that nothing else explains
_MONEY_TALK = re.compile(
    "话费|费用|收费|月租|账单|合同|合约|滞纳金|[多乱少]收|[多乱]扣|收我|扣我|扣了|收了|欠|还款|金额|本金|利息|工资"
    "|余额|充值|套餐费|多少钱|块钱|价|贷款|借款|货款|交费|缴费|押金|定金|运费|转账|还[了不完给清上]"
)
_NO_MONEY = re.compile("尾号|[后末][四4]位|身份证|单号|编号|工号|积分|流量|分钟|验证码|密码")
_ALONE = re.compile(rf"(?<![\d.A-Za-z第周号楼栋室尾])\d{{2,6}}{NO_UNIT}(?!折|套餐|元|积分|户|家|[a-zA-Z])")


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
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            named = next((name for name, found in match.groupdict().items() if found), 0)
            start, end = match.span(named)
            if any(end > other.start and start < other.end for other in taken):
                continue
            said = match.group(named) if named else next((x for x in match.groups() if x), match.group())
            if today is not None and kind == "date":
                said = iso_date(said, today) or said
            elif today is not None and kind == "time":
                said = _time(text, start, end)
            taken.append(_value(kind, start, end, said))
    return sorted(_sums(text, taken), key=lambda value: value.start)


def _time(text: str, start: int, end: int) -> str:
    """The ISO time of what stands there, or its words."""
    # 今晚8点: the word before, a date by itself, says which half of the day
    before = text[max(0, start - 2) : end]
    moment = resolve_time(_with_digits(before))
    if moment and moment.hour < _WAKING and not _OF_DAY.search(before):
        moment = moment.replace(hour=moment.hour + 12)  # nobody has a company come at three at night
    return f"{moment:%H:%M}" if moment else text[start:end]


def _sums(text: str, values: list[Value]) -> list[Value]:
    """The values, with numbers that can only be sums as amounts: 合同上写的一百."""
    if not _MONEY_TALK.search(text) or _NO_MONEY.search(text):
        return values
    found = []
    for value in values:
        vague = value.kind in ("number", "id_last4")
        if vague and (match := _ALONE.match(text, value.start)) and match.end() == value.end:
            value = replace(_value("amount", value.start, value.end, match.group()))
        found.append(value)
    return found


def _with_digits(said: str) -> str:
    """三点半 -> 3点半; of 六七点 the earlier."""
    said = (
        re.sub(r"([一二两三四五六七八九十])[一二两三四五六七八九](?=点)", r"\1", said)
        if "十" not in said
        else said
    )
    hour = re.search(rf"(?:{HOURS})(?=点)", said)
    return said if hour is None else said.replace(hour.group(), str(spoken.integer(hour.group())), 1)


def _value(kind: str, start: int, end: int, text: str) -> Value:
    if kind not in _NUMBERS:
        return Value(kind, start, end, text)
    if text == "对折":
        return Value(kind, start, end, 50)
    number = _number(text)
    if text.endswith("折") and number < 10:
        number *= 10
    whole = number == number.to_integral_value()
    cents = int((number * 100).to_integral_value()) if kind == "amount" else None
    return Value(kind, start, end, int(number) if whole else float(number), cents)


def _number(text: str) -> Decimal:
    """Of 100多元, 两台, 四颗星, 九五折, 三四百块."""
    if (few := next((word for word in _FEW if text.startswith(word)), None)) is not None:
        return Decimal(_FEW[few])
    bare = _ABOUT.sub(lambda match: match.group(), _UNITS.sub("", text))
    if text.endswith("折") and len(bare) == 2 and "." not in bare and not bare.isdigit():
        return Decimal(10 * int(parse_cardinal(bare[0]) or 0) + int(parse_cardinal(bare[1]) or 0))
    if _ABOUT.search(bare):
        bare = re.sub(r"([一二三四五六七八九两])[一二三四五六七八九两](?=[十百千万])", r"\1", bare)
    found = re.match(r"\d+(?:\.\d+)?", bare)
    if found:
        return Decimal(found.group())
    while bare and (number := spoken.number(bare)) is None:
        bare = bare[:-1]
    return number if bare and number is not None else Decimal(0)
