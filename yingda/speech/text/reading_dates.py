"""Dates, times, durations, fractions and ratios, as they are written with -, /, . and : between digits."""

from __future__ import annotations

import re
from collections.abc import Callable

from yingda.speech.text.numbers_zh import cardinal, decimal, digit_by_digit
from yingda.speech.text.reading_tables import IS, NUMBER, START

_Match = re.Match[str]


def year(text: str) -> str:
    """2026 -> 二零二六."""
    return digit_by_digit(text, yao=False)


def _is_date(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _date(m: _Match) -> str:
    month, day = int(m["m"]), int(m["d"])
    if not _is_date(month, day):
        return m.group()
    return (f"{year(m['y'])}年" if m["y"] else "") + f"{cardinal(month)}月{cardinal(day)}{m['unit'] or '日'}"


def _dotted(m: _Match) -> str:
    """11.20-11.30, after a word that promises dates."""
    days = [(int(m["m"]), int(m["d"])), (int(m["m2"]), int(m["d2"]))]
    if not all(_is_date(*day) for day in days):
        return m.group()
    return m["name"] + "到".join(f"{cardinal(month)}月{cardinal(day)}日" for month, day in days)


def _years(m: _Match) -> str:
    return year(m["y"]) + ({"至": "至"}.get(m["joint"], "到") + year(m["to"]) if m["to"] else "")


def _slashed(m: _Match) -> str:
    """1/2 is a fraction, 11/22 a date, 120/80 neither."""
    a, b = float(m["a"]), int(m["b"])
    is_small = a < b <= 10 and "0" not in (m["a"][0], m["b"][0])
    if a.is_integer() and _is_date(int(a), b) and not is_small:
        return f"{cardinal(int(a))}月{cardinal(b)}日"
    return f"{cardinal(b)}分之{decimal(m['a'])}" if a < b else f"{decimal(m['a'])}杠{cardinal(b)}"


def _time(m: _Match) -> str:
    hour, minute, second = int(m["h"]), int(m["min"]), int(m["s"] or 0)
    if hour > 24:
        return m.group()
    half = {"A": "上午", "P": "下午"}[m["half"].strip()[0].upper()] if m["half"] else ""
    said = half + cardinal(hour, liang=True) + "点"
    if not second and minute in (0, 30):
        return said + ("半" if minute else "整")
    said += ("零" if minute < 10 else "") + (cardinal(minute) + "分" if minute else "")
    return said + (("零" if second < 10 else "") + cardinal(second) + "秒" if second else "")


def _clock(m: _Match) -> str:
    hour, minute = int(m["h"]), int(m["min"])
    if hour > 24 or (len(m["min"]) == 1 and not m["unit"]):
        return m.group()
    said = cardinal(hour, liang=True) + m["u"]
    return said + (("零" if minute < 10 else "") + cardinal(minute) + m["unit"] if minute else "整")


def _duration(m: _Match) -> str:
    numbers = [int(part) for part in m["t"].split(":")]
    units = ("小时", "分", "秒")[-len(numbers) :]
    said = "".join(cardinal(n, liang=True) + unit for n, unit in zip(numbers, units, strict=True) if n)
    return m["name"] + (said or "零秒")


def _ratio(m: _Match) -> str:
    return f"{m['name'] or ''}{decimal(m['a'])}比{decimal(m['b'])}"


DATES_AND_TIMES: tuple[tuple[str, Callable[[_Match], str] | str], ...] = (
    (
        rf"{START}(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}})(?P<unit>日?)"
        r"(?!\d|-\d{3,}(?![\d./年-]))(?:T(?=\d))?",
        _date,
    ),
    (
        rf"(?:{START}(?P<y>\d{{4}}|\d\d)年\s*)?(?<!\d)(?P<m>\d{{1,2}})月\s*(?P<d>\d{{1,2}})(?P<unit>[日号])",
        _date,
    ),
    (
        rf"(?P<name>(?:时间|日期|活动|期限|有效期){IS})(?P<m>\d{{1,2}})\.(?P<d>\d{{1,2}})\s*[-~到至]\s*"
        r"(?P<m2>\d{1,2})\.(?P<d2>\d{1,2})(?![\d.]|\s*[元块小分天个%])",
        _dotted,
    ),
    (
        rf"{START}((?:19|20)\d\d)[-/](0?[1-9]|1[0-2])(?![\d/.-]|\s*[元块%])",
        lambda m: f"{year(m[1])}年{cardinal(int(m[2]))}月",
    ),
    (
        rf"{START}(?P<y>(?:19|20)\d\d)(?:\s*(?P<joint>[-~到至])\s*(?P<to>(?:19|20)\d\d))?(?=[学财]?年|届|版|款)",
        _years,
    ),
    (rf"{START}(\d\d|\d{{4}})年(?=\s*\d{{1,2}}月)", lambda m: year(m[1]) + "年"),
    (r"(?<!\d)0(?=\d[月日点时])", ""),
    (r"(?<![\d/.])(?P<a>\d{1,4}(?:\.\d+)?)/(?P<b>\d{1,4})(?![\d/])", _slashed),
    (
        rf"(?P<name>(?:时长|用时|耗时|历时|还[有剩]|倒计时){IS})(?P<t>\d{{1,2}}(?::\d\d){{1,2}})(?!\d)",
        _duration,
    ),
    (rf"(?P<name>(?:比分|比例|比率|汇率|配比){IS})(?P<a>{NUMBER})\s*[-:：]\s*(?P<b>{NUMBER})", _ratio),
    (
        r"(?<![\d.:：])(?P<h>\d{1,2})[:：](?P<min>[0-5]\d)(?:[:：](?P<s>[0-5]\d))?"
        r"(?![\d:：]|\s*[元块个%天条次]|\.\d)分?(?P<half>\s*[AaPp][Mm](?![A-Za-z]))?",
        _time,
    ),
    (
        r"(?<![\d.])(?P<h>\d{1,2})(?P<u>[点时])(?P<min>[0-5]?\d)(?P<unit>分?)(?![\d钟万亿元%个倍.])",
        _clock,
    ),
    (r"(?<![\d.])0(\d)(?=[分秒])", lambda m: "零" + cardinal(int(m[1]))),
    (
        rf"(?<![:：]){START}(?P<name>)(?P<a>{NUMBER})[:：](?P<b>{NUMBER})(?![\d:：]|\s*[元块个%天条次位万]|\.\d)",
        _ratio,
    ),
)
