"""Numbers that count or measure: amounts, ranges, percentages, ordinals, and numbers by themselves."""

from __future__ import annotations

import re

from yingda.speech.text.numbers_zh import decimal, digit_by_digit, money
from yingda.speech.text.reading_codes import digits
from yingda.speech.text.reading_dates import year
from yingda.speech.text.reading_tables import (
    AMOUNTS,
    CURRENCIES,
    HAN,
    IS,
    MARKS,
    MEASURES,
    NUMBER,
    NUMERALS,
    START,
    UNITS,
    Action,
    Match,
    either,
)

_MINUS = r"(?P<minus>(?:(?<![A-Za-z\d])-)?)"  # A-5 and 3-5 are no negative numbers
_MONEY = (
    "余额|额度|金额|[应实]付款?|[应实][还缴收扣]|欠[款费]|本金|利息|手续费|费用|[共总合]计"  # before 12.50
)
_COUNTED = "月年次天期克升斤片粒瓶盒袋时人个件元米"  # before × and *
_PAY = (  # before 8k
    "(?:价格|[月年底周日时]薪|薪[资水酬]|工资|收入|[月年]入|预算|提成|花了?|[均单总售原现特]价|优惠|补贴|奖金|额度)"
)


def _score(m: Match) -> str:
    return f"{decimal(m[1])}比{decimal(m[2])}"


def _times_1000(text: str) -> str:
    return f"{float(text.replace(',', '')) * 1000:.0f}"


def _thousands(m: Match) -> str:
    """月薪8k-12k."""
    return f"{decimal(_times_1000(m[1]))}到{decimal(_times_1000(m[2]))}"


def _ordinals(m: Match) -> str:
    """第1、2、3条: no 两 among them."""
    return "第" + re.sub(r"\d+", lambda n: decimal(n[0]), m[1])


def _counted(m: Match) -> str:
    """两次, but train G2次."""
    is_name = m.string[m.end() : m.end() + 1] in ("次", "站") and re.match(
        "[A-Za-z]", m.string[m.start() - 1 :]
    )
    return _negative(m) + decimal(m["n"], liang=not is_name)


def _bare(text: str) -> str:
    """A number that nothing explains: from five digits on it is a code, unless it is round."""
    is_code = text.isdigit() and len(text) >= 5 and not text.endswith("000" if len(text) < 7 else "0000")
    return digit_by_digit(text) if is_code else decimal(text)


def _negative(m: Match) -> str:
    return "负" if m["minus"] else ""


def _currency(m: Match) -> str:
    unit, sign = CURRENCIES[m["cur"]], "负" if m["minus"] or m["inner"] else ""
    if m["to"]:
        return f"{sign}{decimal(m['n'], True)}{m['big']}到{decimal(m['to'], True)}{m['to_big']}{unit}"
    if unit == "元" and not m["big"]:
        return sign + money(m["n"])
    return f"{sign}{decimal(m['n'], True)}{m['big']}{unit}"


def _range(m: Match) -> str:
    a, b, joint, unit = m["a"], m["b"], m["joint"], (m["unit"] or "").strip()
    read = (lambda text: decimal(text, unit[0] not in "%度摄华")) if unit else _bare
    if joint in "、或":
        return f"{read(a)}{joint}{read(b)}{unit}" if unit and len(a) == len(b) == 1 else m.group()
    falls = joint == "-" and not (m["minus"] or m["inner"] or m["big"])
    if falls and float(a.replace(",", "")) > float(b.replace(",", "")):
        return (digits(a + b) if len(b) > 2 else f"{decimal(a)}杠{decimal(b)}") + unit
    joint = "到" if joint in "-~" else joint
    said = f"{_negative(m)}{read(a)}{m['big']}{joint}{'负' if m['inner'] else ''}{read(b)}"
    return "百分之" + said if unit == "%" else said + unit


def _percent(m: Match) -> str:
    number = "百" if m["n"] == "100" else decimal(m["n"])
    return _negative(m) + ("百分之" if m["u"] == "%" else "千分之") + number


QUANTITIES: tuple[tuple[str, Action], ...] = (
    (r"(?<![A-Za-z\d])(\d{1,2})[vV](?=\d{1,2}(?![\dA-Za-z]))", r"\1对"),
    (r"(?<=\d)V\s*/?\s*(\d+(?:\.\d+)?)A(?![A-Za-z])", r"伏\1安"),
    (r"(?<=[A-Za-z])-(?=\d+(?:\.\d+)?(?:BP|bp|个基点|%))", "减"),
    (r"(?<=满)(\d+)-(?=\d+)", r"\1减"),
    (r"(?<=[_@])\d+", lambda m: digits(m.group())),
    (r"(?<![\d.-])(\d{1,3})-(\d{1,3})(?=[获取战]胜|击败|领先|落后|战平|[大小险完]胜|逆转)", _score),
    (rf"{START}({NUMBER})[kK]?\s*[-~到至]\s*({NUMBER})[kK](?![A-Za-z])", _thousands),
    (rf"({_PAY}\D{{0,6}}?)({NUMBER})[kK](?![A-Za-z-])", lambda m: m[1] + decimal(_times_1000(m[2]))),
    (rf"{START}({NUMBER})[kK](?=\s*[元块+多米步])", lambda m: decimal(_times_1000(m[1]))),
    (r"(?<![\d.])(\d{1,3}0)([万亿])\+(?!\d)", r"\1多\2"),
    (r"(?<=\d)[wW](?=\+|粉|用户|[人元块次条]|播放|阅读|浏览)", "万"),
    (r"(?<![\d.])([1-9])\.?([1-9])(?=折)", lambda m: digit_by_digit(m[1] + m[2], yao=False)),
    (rf"(?<=[\d{NUMERALS}])\s?({either(UNITS)})(?![A-Za-z])", lambda m: UNITS[m[1]]),
    (rf"(?<=[{HAN}]/)({either(UNITS)})(?![A-Za-z])", lambda m: UNITS[m[1]]),
    (
        rf"(?<![A-Za-z])({either(CURRENCIES)})/(?:CNY|RMB)(?![A-Za-z])",
        lambda m: f"{CURRENCIES[m[1]]}兑人民币",
    ),
    (rf"(?<=\d)\s*[x×*X]\s*(?=\d)|(?<=[{_COUNTED}])\s*[x×*]\s*(?=\d)", "乘"),
    (rf"(?<=[\d百千万亿%])\+(?=[{HAN}{MARKS}](?<![提绩奖补社])|$)", "多"),
    (
        rf"{_MINUS}(?<![A-Za-z])(?P<cur>{either(CURRENCIES)})\s*(?P<inner>-?)(?P<n>{NUMBER})(?P<big>[万亿千]?)"
        rf"(?:\s*[-~到至]\s*(?:{either(CURRENCIES)})?\s*(?P<to>{NUMBER})(?P<to_big>[万亿千]?))?"
        r"\s*(?:[美日港欧]?元)?",
        _currency,
    ),
    (r"第\s*(\d+(?:[、和及]\d+)+)", _ordinals),
    (
        rf"第\s*(?P<n>{NUMBER})(?:\s*[-~]\s*(?P<to>\d+))?",
        lambda m: "第" + decimal(m["n"]) + ("到" + decimal(m["to"]) if m["to"] else ""),
    ),
    (
        rf"(?:(?<=\d[{HAN}])|(?<=\d分钟)|(?<=\d小时)|(?<=\d个月)|(?<=\d[%‰])|(?<=氏度)"
        rf"|(?<=点[{NUMERALS}])|(?<=点[{NUMERALS}][{NUMERALS}])|(?<=点[{NUMERALS}]{{3}})"
        rf"|(?<=[{NUMERALS}点][点整半分日号]))"
        r"\s*[-~]\s*(?=-?\d)",
        "到",
    ),
    (
        rf"{_MINUS}{START}(?<!\d-)(?P<a>{NUMBER})(?P<big>[万亿]?)\s*(?P<joint>[-~到至、或])\s*(?P<inner>-?)"
        rf"(?P<b>{NUMBER})(?![\d-]|\.\d)(?P<unit>\s*(?:%|摄氏度|华氏度|{MEASURES}))?",
        _range,
    ),
    (
        rf"{_MINUS}{START}(?P<n>{NUMBER})\s*(?P<u>元|块钱|块)",
        lambda m: _negative(m) + money(m["n"], m["u"]),
    ),
    (rf"{_MINUS}{START}(?P<n>{NUMBER})\s*(?P<u>[%‰])", _percent),
    (
        rf"{_MINUS}{START}(?P<n>{NUMBER})\s*(?={MEASURES})",
        _counted,
    ),
    (rf"((?:{_MONEY}){IS})({NUMBER})(?<=\.\d\d)(?![\d.%]|\s*[{HAN}]?元)", lambda m: m[1] + money(m[2])),
    (rf"((?:{AMOUNTS}){IS}){START}({NUMBER})", lambda m: m[1] + decimal(m[2])),
    (rf"{START}(?<![A-Za-z,-])20[123]\d(?=[{HAN}{MARKS}\s]|$)", lambda m: year(m.group())),
    (rf"{_MINUS}(?P<n>{NUMBER})", lambda m: _negative(m) + _bare(m["n"])),
)
