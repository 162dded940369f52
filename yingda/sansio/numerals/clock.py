"""Spoken dates and times to calendar values; today is an argument."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

from yingda.sansio.numerals.spoken import normalise

_DAYS = {"大前天": -3, "前天": -2, "昨天": -1, "今天": 0, "明天": 1, "后天": 2, "大后天": 3}
_WEEKDAY = re.compile(r"(?P<week>上上|上|这|本|下下|下)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_MONTH_DAY = re.compile(r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})[号日]")
_DAY = re.compile(r"(?P<month>上个?月|这个?月|本月|下个?月)?(?P<day>\d{1,2})[号日]")
_TIME = re.compile(
    r"(?P<part>上午|下午|早上|早晨|中午|晚上|傍晚|凌晨|夜里)?(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|点)"
)


def resolve_date(text: str, today: date) -> date | None:
    """Date meant by `text` (三号, 下周三, 月底, 后天 ...), or None. A bare day means the next such day."""
    text = normalise(text)
    for word in sorted(_DAYS, key=len, reverse=True):
        if word in text:
            return today + timedelta(days=_DAYS[word])
    if match := _WEEKDAY.search(text):
        weeks = {"上上": -2, "上": -1, "下": 1, "下下": 2}.get(match["week"] or "", 0)
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
        return monday + timedelta(days="一二三四五六日".index(match["day"].replace("天", "日")))
    if match := _MONTH_DAY.search(text):
        return _date(int(match["year"] or today.year), int(match["month"]), int(match["day"]))
    if match := _DAY.search(text):
        return _day_of_month(int(match["day"]), match["month"], today)
    if "月底" in text:
        return _month(today, 1) - timedelta(days=1)
    return today.replace(day=1) if "月初" in text else None


def resolve_time(text: str) -> time | None:
    """Time of day meant by `text` (上午十点半 -> 10:30, 下午三点 -> 15:00), or None."""
    match = _TIME.search(normalise(text))
    if not match:
        return None
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["part"] in ("下午", "晚上", "傍晚") and hour < 12:
        hour += 12
    if match["part"] == "中午" and hour < 3:
        hour += 12
    hour = 0 if hour == 24 else hour
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day_of_month(day: int, month: str | None, today: date) -> date | None:
    if month:
        first = _month(today, -1 if month[0] == "上" else 1 if month[0] == "下" else 0)
        return _date(first.year, first.month, day)
    first = _month(today, 0 if day >= today.day else 1)
    return _date(first.year, first.month, day)


def _month(today: date, offset: int) -> date:
    """First day of the month `offset` months away."""
    months = today.year * 12 + today.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
