"""Spoken dates, months and times to calendar values; today is an argument."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, time, timedelta, timezone

from yingda.sansio.numerals.spoken import integer, normalise

CHINA = timezone(timedelta(hours=8))  # all of it has one time
_DAYS = {"大前天": -3, "前天": -2, "昨天": -1, "今天": 0, "明天": 1, "后天": 2, "大后天": 3}
_DAYS |= {"昨晚": -1, "今早": 0, "今晚": 0, "明早": 1, "明晚": 1, "昨日": -1, "今日": 0, "明日": 1, "次日": 1}
_DAYS |= {"前儿": -2, "昨儿": -1, "今儿": 0, "明儿": 1, "后儿": 2}
_FEASTS = {
    "元旦": (1, 1),
    "五一": (5, 1),
    "国庆": (10, 1),
    "双十一": (11, 11),
    "双十二": (12, 12),
    "圣诞": (12, 25),
}
# the moon's calendar is left to those who keep it
_MOON = re.compile("农历|阴历|[腊正冬]月|大年|(?<!月)初[一二三四五六七八九十]")
_WEEKDAY = re.compile(r"(?P<week>上上|上|这|本|下下|下)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末])")
_LATER = re.compile(
    r"(?P<n>\d+|[一二两三四五六七八九十]|半)(?P<unit>天|个?(?:周|星期|礼拜)|个月)(?:以后|之后|后)"
)
_MONTH_DAY = re.compile(
    r"(?:(?P<year>\d{4})年|(?P<next>[明去今])年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})[号日]?"
)
_BARE_DAY = re.compile(
    r"(?P<month>上个?月|这个?月|本月|下个?月)(?P<day>[二三]?十[一二三四五六七八九]?|\d{1,2})[号日]?$"
)
_DAY = re.compile(r"(?P<month>上个?月|这个?月|本月|下个?月)?(?P<day>\d{1,2})[号日]")
_PART_OF_MONTH = re.compile(r"(?P<month>上个?月|这个?月|本月|下个?月)?(?:的)?月?(?P<part>底|初|中旬|中$)")
_MONTH = re.compile(
    r"(?:(?P<year>\d{4})年|(?P<next>[明去今])年)?(?P<month>\d{1,2})月|(?P<word>上上个?|上个?|这个?|本|下个?)月"
)
_YEARS = {"去": -1, "今": 0, "明": 1}
_AFTERNOON = ("下午", "傍晚", "午后")
_NIGHT = ("晚上", "今晚", "明晚", "昨晚", "夜里", "半夜")
_TIME = re.compile(
    r"(?P<part>上午|下午|早上|早晨|中午|晚上|傍晚|凌晨|夜里|半夜|晌午|午后|今早|今晚|明早|明晚|昨晚)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|点)"
)


def resolve_date(text: str, today: date) -> date | None:
    """Date meant by `text` (三号, 下周三, 月底, 后天, 三天后 ...), or None. A bare day or weekday means the
    next such day, a month and a day the nearest such date before or after today."""
    text = normalise(text)
    if _MOON.search(text):
        return None
    if match := _LATER.search(text):
        return _later(match, today)
    for word in sorted(_DAYS, key=len, reverse=True):
        if word in text:
            return today + timedelta(days=_DAYS[word])
    if match := _WEEKDAY.search(text):
        return _weekday(match, today)
    if match := _MONTH_DAY.search(text):
        year = match["year"] or (today.year + _YEARS[match["next"]] if match["next"] else None)
        return (
            _nearest(int(match["month"]), int(match["day"]), today)
            if year is None
            else _date(int(year), int(match["month"]), int(match["day"]))
        )
    if match := _BARE_DAY.search(text):
        return _day_of_month(integer(match["day"]) or 0, match["month"], today)
    for feast, (month, day) in _FEASTS.items():
        if feast in text:
            return _nearest(month, day, today)
    if match := _DAY.search(text):
        return _day_of_month(int(match["day"]), match["month"], today)
    if "年底" in text:
        return date(today.year, 12, 31)
    if match := _PART_OF_MONTH.search(text):
        first = _month(today, _months(match["month"] or "这"))
        day = {"底": monthrange(first.year, first.month)[1], "初": 1, "中旬": 15, "中": 15}[match["part"]]
        return first.replace(day=day)
    return None


def resolve_month(text: str, today: date) -> str | None:
    """Month meant by `text` as YYYY-MM (上个月, 10月份: the latest October, 明年3月), or None."""
    match = _MONTH.search(normalise(text))
    if not match:
        return None
    if match["word"]:
        return f"{_month(today, _months(match['word'])):%Y-%m}"
    month = int(match["month"])
    if not 1 <= month <= 12:
        return None
    latest = today.year if month <= today.month else today.year - 1
    year = (
        int(match["year"])
        if match["year"]
        else today.year + _YEARS[match["next"]]
        if match["next"]
        else latest
    )
    return f"{year}-{month:02d}"


def iso_date(text: str, today: date) -> str | None:
    """Day (2026-12-03) or, where none is meant, month (2026-12) of `text`, or None."""
    if _MOON.search(normalise(text)):
        return None
    day = resolve_date(text, today)
    return day.isoformat() if day else resolve_month(text, today)


def resolve_time(text: str) -> time | None:
    """Time of day meant by `text` (上午十点半 -> 10:30, 下午三点 -> 15:00), or None."""
    match = _TIME.search(normalise(text))
    if not match:
        return None
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    part = match["part"]
    if (part in _NIGHT and 5 <= hour < 12) or (part in _AFTERNOON and hour < 12):
        hour += 12
    if part in ("中午", "晌午") and hour < 3:
        hour += 12
    hour = 0 if hour == 24 or (part in _NIGHT and hour == 12) else hour
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _weekday(match: re.Match[str], today: date) -> date:
    weeks = {"上上": -2, "上": -1, "下": 1, "下下": 2}.get(match["week"] or "", 0)
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
    day = monday + timedelta(
        days="一二三四五末日".index(match["day"].replace("天", "日").replace("六", "末"))
    )
    return day + timedelta(weeks=1) if match["week"] is None and day < today else day


def _later(match: re.Match[str], today: date) -> date:
    said, unit = match["n"], match["unit"]
    if said == "半":
        return today + timedelta(days=15)  # 半个月后; half a day and half a week nobody says so
    count = integer(said) or 0
    if unit == "天":
        return today + timedelta(days=min(count, 3660))
    if unit == "个月":
        first = _month(today, min(count, 120))
        return first.replace(day=min(today.day, monthrange(first.year, first.month)[1]))
    return today + timedelta(weeks=min(count, 520))


def _nearest(month: int, day: int, today: date) -> date | None:
    found = [x for year in (-1, 0, 1) if (x := _date(today.year + year, month, day))]
    return min(found, key=lambda x: abs(x - today), default=None)


def _day_of_month(day: int, month: str | None, today: date) -> date | None:
    first = _month(today, _months(month) if month else 0 if day >= today.day else 1)
    return _date(first.year, first.month, day)


def _months(word: str) -> int:
    """How many months away 上个, 这个, 下个 is."""
    return -2 if word.startswith("上上") else {"上": -1, "下": 1}.get(word[0], 0)


def _month(today: date, offset: int) -> date:
    """First day of the month `offset` months away."""
    months = today.year * 12 + today.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
