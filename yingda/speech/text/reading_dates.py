"""Dates, times, durations, fractions and ratios, as they are written with -, /, . and : between digits."""

from __future__ import annotations

from yingda.speech.text.numbers_zh import cardinal, decimal, digit_by_digit
from yingda.speech.text.reading_tables import IS, NUMBER, START, Action, Match


def year(text: str) -> str:
    """2026 -> 二零二六."""
    return digit_by_digit(text, yao=False)


def _is_date(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _date(m: Match) -> str:
    month, day = int(m["m"]), int(m["d"])
    if not _is_date(month, day):
        return m.group()
    return (f"{year(m['y'])}年" if m["y"] else "") + f"{cardinal(month)}月{cardinal(day)}{m['unit'] or '日'}"


def _dotted(m: Match) -> str:
    """11.20-11.30, after a word that promises dates."""
    days = [(int(m["m"]), int(m["d"])), (int(m["m2"]), int(m["d2"]))]
    if not all(_is_date(*day) for day in days):
        return m.group()
    return m["name"] + "到".join(f"{cardinal(month)}月{cardinal(day)}日" for month, day in days)


def _days(first: str, last: str | None) -> str:
    """11.27, or 10.1 to 10.7."""
    days = [[int(part) for part in day.split(".")] for day in (first, last) if day]
    return "到".join(f"{cardinal(month)}月{cardinal(day)}日" for month, day in days)


def _slashed_days(m: Match) -> str:
    """3/5-3/8 are dates, though 3/5 by itself is a fraction; 1/2-2/3 are fractions."""
    days = [tuple(int(part) for part in day.split("/")) for day in (m[1], m[2])]
    are_parts = days[0][0] != days[1][0] and all(a < b <= 10 for a, b in days)
    if are_parts or not all(_is_date(*day) for day in days):
        return m.group()
    return "到".join(f"{cardinal(month)}月{cardinal(day)}日" for month, day in days)


def _day_first(m: Match) -> str:
    """11/27/2026 or 27/11/2026."""
    month, day = (m[2], m[1]) if int(m[1]) > 12 else (m[1], m[2])
    return f"{m[3]}-{month}-{day}"


def _alternatives(m: Match) -> str:
    """12/24/36期: which of them is open."""
    return m.group().replace("/", "、")


def _storey(m: Match) -> str:
    """3/18层, as flats are offered."""
    return f"{cardinal(int(m[1]))}层，共{cardinal(int(m[2]))}"


def _each(m: Match) -> str:
    """199/3年 is a price, 1/2年 a part."""
    a, b = float(m[1]), int(m[2])
    is_price = a > b and not (a.is_integer() and _is_date(int(a), b))
    return f"{decimal(m[1])}每{cardinal(b, liang=True)}" if is_price else m.group()


def _years(m: Match) -> str:
    return year(m["y"]) + ({"至": "至"}.get(m["joint"], "到") + year(m["to"]) if m["to"] else "")


def _slashed(m: Match) -> str:
    """1/2 is a fraction, 11/22 a date, 120/80 neither."""
    a, b = float(m["a"]), int(m["b"])
    is_small = a < b <= 10 and "0" not in (m["a"][0], m["b"][0])
    if a.is_integer() and _is_date(int(a), b) and not is_small:
        return f"{cardinal(int(a))}月{cardinal(b)}日"
    return f"{cardinal(b)}分之{decimal(m['a'])}" if a < b else f"{decimal(m['a'])}杠{cardinal(b)}"


def _quarter(m: Match) -> str:
    """2026Q3."""
    return (f"{year(m[1])}年" if m[1] else "") + f"第{cardinal(int(m[2]))}季度"


def _half_year(m: Match) -> str:
    return f"{year(m[1])}年{'上' if m[2] == '1' else '下'}半年"


_HALVES = {"A": "上午", "P": "下午"}


def _half_day(m: Match) -> str:
    """10AM."""
    return f"{_HALVES[m[2].upper()]}{cardinal(int(m[1]), liang=True)}点"


def _time(m: Match) -> str:
    hour, minute, second = int(m["h"]), int(m["min"]), int(m["s"] or 0)
    if hour > 24:
        return m.group()
    half = _HALVES[m["half"].strip()[0].upper()] if m["half"] else ""
    if hour == 12 and half:
        half, hour = ("凌晨", 0) if half == "上午" else ("中午", 12)
    said = half + cardinal(hour, liang=True) + "点"
    if not second and minute in (0, 30):
        return said + ("半" if minute else "整")
    said += ("零" if minute < 10 else "") + (cardinal(minute) + "分" if minute else "")
    return said + (("零" if second < 10 else "") + cardinal(second) + "秒" if second else "")


def _clock(m: Match) -> str:
    hour, minute = int(m["h"]), int(m["min"])
    if hour > 24 or (len(m["min"]) == 1 and not m["unit"]):
        return m.group()
    said = cardinal(hour, liang=True) + m["u"]
    return said + (("零" if minute < 10 else "") + cardinal(minute) + m["unit"] if minute else "整")


def _duration(m: Match) -> str:
    numbers = [int(part) for part in m["t"].split(":")]
    units = ("小时", "分", "秒")[-len(numbers) :]
    said = "".join(cardinal(n, liang=True) + unit for n, unit in zip(numbers, units, strict=True) if n)
    return m["name"] + (said or "零秒")


def _ratio(m: Match) -> str:
    return f"{m['name'] or ''}{decimal(m['a'])}比{decimal(m['b'])}"


# 11.27 and 10.1-10.7 are dates where something says so: what follows, or the holiday before.
_DAY = (
    r"(?!(?:6\.18|3\.15|3\.8)(?!\d|\s*[-~到至]))(?:1[0-2]|0?[1-9])\.(?:3[01]|[12]\d|0?[1-9])"
    r"(?![\d.]|\s*[元块%万亿倍折度天小个分米斤公吨升])"
)
_DAYS = rf"(?<![\d.~-])(?<![A-Za-z])(?<![A-Za-z] )({_DAY})(?:\s*[-~到至]\s*({_DAY}))?"
_NO_DAY = "(?<!版本)(?<!温度)(?<!价格)(?<![利汇]率)(?<!级到)(?<!系统)"
_HAPPENS = (
    r"(?=\)?(?:到期|过期|失效|截止|开始|结束|开[启抢售业工学课]|当[天日]|放假|休息|上线|发[货布售]|活动|大促|预售|生效|狂欢"
    r"|之?前(?:有效|使用|完成|办理|缴|还)))"
)
_HOLIDAYS = (
    "国庆节?|元旦|春节|中秋节?|端午节?|清明节?|劳动节|五一|十一|双(?:十[一二]|1[12])|放假|休假|假期|[暑寒]假"
)

DATES_AND_TIMES: tuple[tuple[str, Action], ...] = (
    (rf"{START}(?:(20[0-4]\d)年?\s?)?(?<![A-Za-z])Q([1-4])(?:季度|(?![A-Za-z\d]))", _quarter),
    (rf"{START}(20[0-4]\d)年?\s?H([12])(?![A-Za-z\d])", _half_year),
    (r"(?<=[日号\d])\(([一二三四五六日])\)", r"，周\1，"),
    (r"(?<![\d.])5\.1(?=劳动节|假期|长假|小长假|放假)", "五一"),
    (
        rf"{_NO_DAY}{_DAYS}{_HAPPENS}",
        lambda m: _days(m[1], m[2]),
    ),
    (rf"(?<=\(){_DAYS}(?=\))", lambda m: _days(m[1], m[2]) if m[2] else m.group()),
    (rf"(?<=[将已定请需]于){_DAYS}", lambda m: _days(m[1], m[2])),
    (
        r"(?<![\d-])(?:(?<=[^低高大小等少多优劣]于)|(?=0\d-\d\d)|(?=\d\d-\d\d\s+\d{1,2}:\d\d))"
        r"(?P<y>)(?P<m>1[0-2]|0?[1-9])-(?P<d>3[01]|[12]\d|0[1-9])(?P<unit>)(?![\d-]|\.\d|\s*[元块%万天小个分期岁米层楼排座栋室折页件份人])",
        _date,
    ),
    (rf"((?:{_HOLIDAYS})[^\d，。；]{{0,5}}){_DAYS}", lambda m: m[1] + _days(m[2], m[3])),
    (r"(?<![\d/])(\d{1,2}/\d{1,2})\s*[-~到至]\s*(\d{1,2}/\d{1,2})(?![\d/])", _slashed_days),
    (r"(?<![\d/])(\d{1,2})/(\d{1,2})/((?:19|20)\d\d)(?![\d/])", _day_first),
    (
        r"((?<!\d)20\d\d\.\d{1,2}\.\d{1,2})\s*[-~]\s*"
        r"(1[0-2]|0?[1-9])\.(3[01]|[12]\d|0?[1-9])(?![\d.])",
        r"\1-\2月\3日",
    ),
    (r"(?<![\d/.])(?!(?:19|20)\d\d/\d{1,2}/\d{1,2}(?!\d))\d+(?:/\d+){2,}(?![\d/.])", _alternatives),
    (r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?=层)", _storey),
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
        rf"{START}(20[0-4]\d)\.(0[1-9]|1[0-2])(?![\d.]|\s*[元块%万亿倍折分])",
        lambda m: f"{year(m[1])}年{cardinal(int(m[2]))}月",
    ),
    (
        rf"{START}((?:19|20)\d\d)[-/](0?[1-9]|1[0-2])(?![\d/.-]|\s*[元块%])",
        lambda m: f"{year(m[1])}年{cardinal(int(m[2]))}月",
    ),
    (
        rf"{START}(?P<y>(?:19|20)\d\d)(?:\s*(?P<joint>[-~到至/])\s*(?P<to>(?:19|20)\d\d))?(?=[学财]?年|届|版|款|赛季|财季)",
        _years,
    ),
    (rf"{START}(\d\d|\d{{4}})年(?=\s*\d{{1,2}}月)", lambda m: year(m[1]) + "年"),
    (r"(?<!\d)0(?=\d[月日点时])", ""),
    (r"(?<![\d/.,])(\d{1,2})/(1[2-9]|[2-9]\d)(?=期|小时|个月)", r"\1或\2"),
    (r"(?<![\d/.,])(\d{2,5}(?:\.\d+)?)/(\d{1,2})(?=个?月|[年天次人晚期])", _each),
    (r"(?<![\d/.,])(?P<a>\d{1,4}(?:\.\d+)?)/(?P<b>\d{1,4})(?![\d/]|室|号?房)", _slashed),
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
    (r"(?<![\d.:A-Za-z])(\d{1,2})\s?([AaPp])\.?[Mm](?![A-Za-z])", _half_day),
    (r"(?<![A-Za-z])([AaPp])[Mm]\s*(?=\d{1,2}[:点])", lambda m: _HALVES[m[1].upper()]),
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
