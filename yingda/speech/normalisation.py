"""Written Chinese to spoken Chinese before synthesis: digits, amounts, dates, times, percentages, symbols.

A list of rules, most special first; each rule replaces what it matches by characters that no later rule
touches. Telephone, order, card and verification numbers are read digit by digit with 幺, as on the telephone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from yingda.speech.numbers_zh import cardinal, decimal, digit_by_digit, money

VERSION = 1  # raise it when the same text comes to be spoken differently: kept audio is made anew

# Words after which a number is a name, not an amount.
_NAMED = (
    "尾号|后四位|末四位|后六位|电话|手机号?|号码|单号|工单号?|编号|工号|账号|帐号|卡号|户号|身份证号?"
    + "|验证码|密码|热线|拨打|房号|邮编|请按|按键|按"
)
_MEASURES = (
    "个|位|名|次|条|张|件|笔|天|年|个月|小时|分钟|周|项|份|家|台|部|套|元|块|种|封|本|只|辆|层|遍|句|步|人"
    + "|单|点|倍|米|公里|千克|公斤|斤"
)
_SPELLED = {
    "A": "诶", "B": "比", "C": "西", "D": "第", "E": "伊", "F": "艾弗", "G": "吉",
    "H": "爱吃", "I": "爱", "J": "杰", "K": "开", "L": "艾勒", "M": "艾姆", "N": "恩",
    "O": "欧", "P": "屁", "Q": "扣", "R": "阿尔", "S": "艾斯", "T": "提", "U": "优",
    "V": "维", "W": "达不溜", "X": "艾克斯", "Y": "歪", "Z": "贼",
}  # fmt: skip
_UNIT_WORDS = (
    ("km/h", "公里每小时"), ("km", "公里"), ("kg", "公斤"), ("cm", "厘米"), ("mm", "毫米"), ("GB", "吉字节"),
    ("MB", "兆"),
    ("℃", "摄氏度"), ("°C", "摄氏度"), ("㎡", "平方米"),
)  # fmt: skip
_SYMBOLS = {
    "&": "和", "+": "加", "=": "等于", "@": "艾特", "#": "井号键", "*": "星号键", "~": "到", "×": "乘",
    ",": "，", ".": "。", "?": "？", "!": "！", ";": "；", ":": "：",
}  # fmt: skip


def _year(text: str) -> str:
    return digit_by_digit(text, yao=False)


def _date(match: re.Match[str]) -> str:
    year, month, day = match.group("y"), int(match.group("m")), int(match.group("d"))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match.group()
    return (_year(year) + "年" if year else "") + f"{cardinal(month)}月{cardinal(day)}日"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = int(match.group("h")), int(match.group("min")), match.group("s")
    if hour > 24 or minute > 59:
        return match.group()
    said = cardinal(hour, liang=True) + "点"
    if minute == 0 and not second:
        return said + "整"
    if minute == 30 and not second:
        return said + "半"
    said += ("零" if minute < 10 and minute else "") + cardinal(minute) + "分"
    return said + (cardinal(int(second)) + "秒" if second else "")


def _dialled(match: re.Match[str]) -> str:
    return digit_by_digit(re.sub(r"\D", "", match.group()))


def _named(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match.group("n"))
    return match.group("name") + digit_by_digit(digits, yao=len(digits) > 1)


def _grouped(match: re.Match[str]) -> str:
    return match.group().replace(",", "")


def _percent(match: re.Match[str]) -> str:
    return ("负" if match.group("sign") else "") + "百分之" + decimal(match.group("n"))


def _fraction(match: re.Match[str]) -> str:
    return cardinal(int(match.group("b"))) + "分之" + cardinal(int(match.group("a")))


def _counted(match: re.Match[str]) -> str:
    return decimal(match.group("n"), liang=True) + match.group("what")


def _signed(match: re.Match[str]) -> str:
    digits = match.group("n")
    sign = "负" if match.group("sign") else ""
    if "." not in digits and len(digits) >= 5 and not digits.endswith("000" if len(digits) < 7 else "0000"):
        return sign + digit_by_digit(digits)
    return sign + decimal(digits)


_NUMBER = r"\d+(?:\.\d+)?"
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        (r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])", _grouped),
        (r"(?<!\d)(?P<y>(?:19|20)\d\d)[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})日?(?!\d)", _date),
        (r"(?P<y>\d{4})?(?(y)年)(?<!\d)(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]", _date),
        (r"(?P<y>(?:19|20)\d\d)(?=年)", lambda m: _year(m.group("y"))),
        (r"(?<!\d)(?P<h>\d{1,2})[:：](?P<min>[0-5]\d)(?:[:：](?P<s>[0-5]\d))?(?!\d)", _time),
        (
            rf"(?P<name>(?:{_NAMED})(?:码|键)?[是为：:\s]{{0,2}})(?P<n>\d(?:[\d\s-]*\d)?)(?!\.\d|\d|[元块%％])",
            _named,
        ),
        (r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", _dialled),
        (r"(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)|(?<!\d)[48]00[- ]\d{3,4}[- ]\d{3,4}(?!\d)", _dialled),
        (r"(?<!\d)(?:1[012][0-9]|12345|12315|100[0-9]{2}|95\d{3})(?=热线|客服|电话)", _dialled),
        (rf"[￥¥]\s*(?P<n>{_NUMBER})(?:元)?", lambda m: money(m.group("n"))),
        (rf"(?P<n>{_NUMBER})\s*(?P<u>元|块钱|块)", lambda m: money(m.group("n"), m.group("u"))),
        (rf"(?P<sign>-)?(?P<n>{_NUMBER})\s*[%％]", _percent),
        (r"(?<![\d/])(?P<a>\d{1,4})/(?P<b>\d{1,4})(?![\d/])", _fraction),
        (r"第(?P<n>\d+)", lambda m: "第" + cardinal(int(m.group("n")))),
        (r"(?<=\d)\s*[-~～—至到]\s*(?=\d)", lambda m: "到"),
        (rf"(?P<n>(?<!\d)\d{{1,9}}(?:\.\d+)?)\s*(?P<what>{_MEASURES})", _counted),
        (r"(?<=[点整分半日])\s*[-~—]\s*(?=[零一二三四五六七八九十])", lambda m: "到"),
        (rf"(?P<sign>-)?(?P<n>{_NUMBER})", _signed),
    )
)


_PUNCTUATION = "，。？！；：、"


def normalise(text: str) -> str:
    """What is to be said for `text`. Punctuation stays; anything without a reading is left out.

    >>> normalise("您的余额是128.50元。")
    '您的余额是一百二十八元五角。'
    """
    text = "".join(
        c if c in _PUNCTUATION else unicodedata.normalize("NFKC", c) for c in text.replace("\n", "。")
    )
    for written, said in _UNIT_WORDS:
        text = re.sub(rf"(?<=\d){re.escape(written)}(?![A-Za-z])", said, text)
    for pattern, action in _RULES:
        text = pattern.sub(action, text)
    text = re.sub("[A-Za-z]", lambda m: _SPELLED[m.group().upper()], text)
    text = "".join(_SYMBOLS.get(c, c) for c in text)
    return re.sub(rf"[^\u4e00-\u9fff{_PUNCTUATION}]", "", text)
