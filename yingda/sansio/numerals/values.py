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
_HOURS = "十一|十二|[二两三四五六七八九十]"  # by itself 一点 is a little
_NO_HOUR = "建议|意见|要求|原因|问题|疑问|希望|想法|看法|[儿一二三四五六七八九十零]"
_PART = "上午|下午|早上|早晨|中午|晚上|傍晚|凌晨|夜里"
_OF_DAY = re.compile(rf"{_PART}|[今明昨]早|清早|半夜")
_WAKING = 8
_PAYING = "[充交缴存扣收退还付欠花续借补]"
_FEASTS = "春节|过年|元旦|中秋|国庆|端午|清明|五一|双十一|除夕"
_PATTERNS = (
    ("phone", re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[2-9]\d{6,7}|400\d{7})(?!\d)")),
    ("amount", re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)[多来]?元")),
    (  # 充了一百, 欠五千, 一千二安装费: nobody says 元 where money is paid
        "amount",
        re.compile(
            rf"{_PAYING}[了我你他们给上的先过进卡里满话费]{{0,4}}(?P<whole>\d{{2,5}}(?!\d)多?)"
            r"(?![\d.:%年月号日点元天个次件台分度兆GXx位条张期笔小])"
            r"|(?<![\d.])(?P<fee>\d{2,5})(?![年月号日点分天个])(?=[\u4e00-\u9fff]{0,3}[话月安运邮手押][\u4e00-\u9fff]?费)"
        ),
    ),
    ("percent", re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)%|(?:[一二三四五六七八九]|\d(?:\.\d)?)折")),
    (
        "date",
        re.compile(
            r"(?:\d{4}年|[明去今]年)?\d{1,2}月(?:份|\d{1,2}[号日]?(?!元))?"
            r"|(?:上个?月|这个?月|本月|下个?月)?(?<![\d路街巷弄道村园区庄苑大小])\d{1,2}[号日](?!码|楼|线|院|门)"
            rf"|(?:\d+|[{_SMALL}几])(?:天|个?(?:周|星期|礼拜)|个月|年)(?:之内|以内|内|之前|以前|前)"
            r"|[前这过]几天"
            rf"|(?:\d+|[{_SMALL}])(?:天|个?(?:周|星期|礼拜)|个月)(?:以后|之后|后)|半个月(?:以后|之后|后)"
            rf"|{_FEASTS}|(?:腊月|正月)(?:\d{{1,2}}|初[{_SMALL}])?|初[{_SMALL}](?!次|步)"
            r"|(?:上上|下下|[上这本下])?个?(?:周|星期|礼拜)[一二三四五六日天末]"
            r"|(?:上上|下下|[上这本下])个?(?:周|星期|礼拜)(?!期)|周末|[今明昨后]儿"
            r"|大前天|前天|昨天|今天|明天|大后天|后天|昨晚|今早|今晚|明早|明晚"
            r"|(?:上个?月|这个?月|本月|下个?月)(?:月?底|月?初|中旬)|月底|月初|月中旬|年底"
            r"|上上个?月|上个?月|这个?月|本月|下个?月"
        ),
    ),
    ("time", re.compile(rf"(?:{_PART})?(?<!\d)\d{{1,2}}(?::\d{{2}}|点)(?:来钟)?")),
    (
        "time",
        re.compile(
            rf"(?:{_PART})?(?<![有第{_SMALL}])(?:{_HOURS})点(?:钟|半)?(?!{_NO_HOUR})"
            rf"|(?:半|[{_SMALL}\d]+)个?(?:小时|钟头)(?:以后|之后|后)|{_PART}|清早|大清早"
        ),
    ),
    (
        "score",
        re.compile(
            r"(?<![\d.:])(\d+分)(?![钟之钱店期公开])"
            rf"|(?:(?<=[打给评])|^[嗯呃就那]*)(?P<whole>[{_SMALL}]分)(?=[吧啊呀嘛了]*$)"
            rf"|(?P<stars>[{_SMALL}\d]颗?星)(?!期)"
        ),
    ),
    (
        "count",
        re.compile(
            rf"(?<![第前后末头那\d.周期])(\d{{1,4}}|[{_SMALL[1:]}]|一(?=[{_GOODS}]))"
            rf"[个{_GOODS}条张本包把位人次回趟颗](?!月|小时|星期|礼拜|工作日|点|半|字|年|数|密码|样)"
            r"|(?<![咱我你他她们])[俩仨]"
        ),
    ),
    (  # a round number is one that was counted, unless it is named
        "id_last4",
        re.compile(
            r"(?<![\d.])(?!\d{1,2}00(?!\d))\d{3}[\dX](?![\d.:%年月号日点元室栋楼积分])"
            r"|(?:[四4]位|尾号|身份证)[是数]{0,2}(?P<whole>\d{3}[\dX])(?!\d)"
        ),
    ),
    ("order_number", re.compile(r"(?<![\d.])\d{6,24}(?![\d.:%年月号日点元])")),
    ("number", re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.:%年月号日点元])")),
)
_FEW = {"俩": 2, "仨": 3}
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
            named = next((name for name, found in match.groupdict().items() if found), 0)
            start, end = match.span(named)
            if any(end > other.start and start < other.end for other in taken):
                continue
            said = match.group(named) if named else next((x for x in match.groups() if x), match.group())
            if today is not None and kind == "date":
                said = said if said[0] in "腊正初" else iso_date(said, today) or said  # the moon's calendar
            elif today is not None and kind == "time":
                # 今晚8点: the word before, a date by itself, says which half of the day
                moment = resolve_time(_with_digits(text[max(0, start - 2) : end]))
                if moment and moment.hour < _WAKING and not _OF_DAY.search(text[max(0, start - 2) : end]):
                    moment = moment.replace(
                        hour=moment.hour + 12
                    )  # nobody has a company come at three at night
                said = f"{moment:%H:%M}" if moment else said
            taken.append(_value(kind, start, end, said))
    return sorted(taken, key=lambda value: value.start)


def _with_digits(said: str) -> str:
    """三点半 -> 3点半."""
    hour = re.search(rf"(?:{_HOURS})(?=点)", said)
    return said if hour is None else said.replace(hour.group(), str(spoken.integer(hour.group())), 1)


def _value(kind: str, start: int, end: int, text: str) -> Value:
    if kind not in _NUMBERS:
        return Value(kind, start, end, text)
    bare = text.rstrip("分多来颗星折%")
    number = Decimal(_FEW[text]) if text in _FEW else spoken.number(bare) or Decimal(0)
    if text.endswith("折"):
        number *= 10
    whole = number == number.to_integral_value()
    cents = int((number * 100).to_integral_value()) if kind == "amount" else None
    return Value(kind, start, end, int(number) if whole else float(number), cents)
