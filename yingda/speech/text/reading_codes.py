"""Numbers that are names, read digit by digit: telephones, orders, cards, rooms, vehicles, versions."""

from __future__ import annotations

import re

from yingda.speech.text.numbers_zh import cardinal, digit_by_digit
from yingda.speech.text.reading_tables import (
    IS,
    LETTERS,
    MEASURES,
    NAMES,
    NAMES_OR_NOUNS,
    Action,
    Match,
)

# What follows an amount, and no code.
_AN_AMOUNT = (
    rf"\s*(?:{MEASURES}|[A-Za-z]|[元块%‰°多余几来起月日年号:/+]|\.\d|：\d|以[上下]|左右|[~到至]\s*\d)"
)
_MORE_GROUPS = rf"(?:[ -](?=[A-Za-z]{{0,6}}\d)[A-Za-z\d]+(?![A-Za-z\d]|{_AN_AMOUNT}))*"
_MORE_CODES = rf"(?:\s*[、，,和或及与]\s*\d{{3,}}(?!\d|{_AN_AMOUNT}))*"
_CODES = "|".join(
    (
        r"(?<!\d)(?:1[012]\d|12\d{3}|100\d\d|9[56]\d{3,4})(?=热线|客服|电话|报警|急救|火警|查号|服务台|专线)",
        r"(?<!\d)10000(?=号)",
        r"(?<!\d)(?:\d{3,4}-)*\d{3,4}"
        r"(?=(?:教|会议|办公|诊)?室|房(?![产贷屋租东费价源])|号房|包[厢间]|病[房床])",
        r"(?<!\d)\d{3,}(?=号(?:话务|客服|[坐座]席|专员|柜员|员工|技师|司机))",
        rf"(?:(?<=[栋幢座楼层])|(?<=单元))[\s-]?\d{{3,4}}(?![\d.]|{_AN_AMOUNT})",
        r"(?<!\d)\d{3}(?=路(?![人程口])|国道|省道)",
        r"(?<!\d)\d{2,}(?=开头|打头|结尾|号段)",
        r"(?<!\d)(?:126|139|163|189|360|58|1688|37)(?=邮箱|邮件|软件|安全|浏览器|金融|借条|数科|同城|到家|平台|网)",
        r"(?<![\d.A-Za-z第前最在格价数到满过减约元])[05-9][05](?=后(?![天月年日]))",
        r"(?<!\d)\d{3,4}(?=次(?:列车|高铁|动车|航班|班机|快车|特快))",
        r"(?<=发送)\d{3,}(?=[到至])",
        r"(?<=\d#)\d{3,4}(?!\d)",
        r"(?<!\d)\d{3,4}(?=[、/]\d{3,4}(?:室|号?房(?![产贷屋租东费价源])))",
        r"(?<!\d)106\d{5,}",
        r"(?<!\d)(?:985|211)(?=高校|院校|大学|学校|毕业|[/、和]?(?:985|211|双一流))|(?<=985[/、和])211",
        r"(?<!\d)\d{3,}(?=分机|内线)",
        r"(?<!\d)(?:3\.?8|3\.?15|6\.?18)(?=大促|购物|活动|年中|狂欢|期间|晚会|妇女|预售|红包|满减|会场|来了|消费者)",
        r"(?<!\d)(?:480|720|1080|1440|2160)(?=[Pp](?![A-Za-z]))",
        r"(?<![\d.])\d+(?:-\d+){2,}(?![\d.])",
    )
)
_amount = re.compile(_AN_AMOUNT)


def digits(text: str, dash: str = "") -> str:
    """A code, one by one: B138-12 -> 比幺三八幺二; marks stay."""
    text = re.sub(r"[\s().·]", "", text).replace("-", dash)
    return "".join(LETTERS.get(c.upper()) or (digit_by_digit(c) if c.isdecimal() else c) for c in text)


def _masked(m: Match) -> str:
    """138****5678 -> 幺三八，尾号五六七八."""
    return (digits(m["head"]) + "，" if m["head"] else "") + "尾号" + digits(m["tail"])


def _phone(m: Match) -> str:
    extension = "转" + digits(m["ext"].strip(" -转")) if m["ext"] else ""
    return digits(m["n"]).replace("+", "加") + extension


def _named(m: Match) -> str:
    length = sum(c.isdigit() for c in m["n"])
    if length <= 3 and _amount.match(m.string, m.end()):
        return m.group()
    said = cardinal(int(m["n"])) if length == 1 and m["n"].isdigit() else ""
    is_shelf = m["name"].endswith(("件码", "货码"))
    return m["name"] + m["is"] + (said or digits(m["n"], "杠" if is_shelf else ""))


def _after_letters(m: Match) -> str:
    n, follows = m["n"], m.string[m.end() : m.end() + 1]
    return n if len(n) <= 4 and n.endswith("00") and follows not in ("次", "航") else digits(n)


def _version(m: Match) -> str:
    return "点".join(digits(part) if len(part) > 2 else cardinal(int(part)) for part in m.group().split("."))


NUMBERS_AS_NAMES: tuple[tuple[str, Action], ...] = (
    (r"(?<![A-Za-z])([A-Za-z])(\d{1,2})-(?=\1\d{1,2}(?![\dA-Za-z]))", r"\1\2到"),
    (r"(?<![A-Za-z\d])(\d{1,2})([A-Z])-(?=\d{1,2}\2(?![\dA-Za-z]))", r"\1\2到"),
    (r"(?<![\d-])(\d{3}-\d{3}|\d{4}-\d{4})(?=室|号房)", lambda m: digits(m[1], "到")),
    (
        rf"(?<![A-Za-z])(?!ID|SN|QQ)([A-Z]{{2}}) (\d{{3,4}})(?!\d|{_AN_AMOUNT})",
        lambda m: m[1] + digits(m[2]),
    ),
    (r"(?<![A-Za-z\d])(\d{2,8})[xX]{3,}(?=\d{2,8}(?![A-Za-z\d]))", r"\1****"),
    (
        rf"(?:尾号{IS})?(?P<head>(?<!\d)\d{{1,4}}(?:[ -]?\d{{1,4}}){{0,2}}[ -]?)?"
        r"(?<!\*)(?<!\*[ -])\*(?:[ -]?\*)+[ -]?(?P<tail>\d{2,8}X?)",
        _masked,
    ),
    (r"(?<![\d-])\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,3})?(?![\d-])", lambda m: digits(m.group())),
    (
        r"(?<![\d+])(?P<n>(?:\(?(?:\+|00)?86\)?[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
        r"|(?:\(0\d{2,3}\)|0\d{2,3})[- ]?\d{3,4}[- ]?\d{4}(?!\d)|[48]00(?:[- ]?\d){7}(?!\d)"
        r"|(?:\+|00)\d(?:[- ]?\d){6,14}(?!\d|\s*元))(?P<ext>\s*[-转]\s*\d{1,5}(?!\d))?",
        _phone,
    ),
    (
        rf"(?P<name>{NAMES})(?P<is>{IS})(?P<n>[A-Za-z_]{{0,6}}\d[A-Za-z\d_]*"
        rf"(?![A-Za-z\d]|\.\d|[元块%]){_MORE_GROUPS}{_MORE_CODES})",
        _named,
    ),
    (
        rf"(?P<name>{NAMES_OR_NOUNS})(?P<is>{IS})"
        rf"(?P<n>\d{{3,}}(?!\d|{_AN_AMOUNT}){_MORE_GROUPS}{_MORE_CODES})",
        _named,
    ),
    (
        r"(?<=[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z])"
        r"[·-]?[A-Z\d]{5,6}(?![A-Za-z\d])",
        lambda m: digits(m.group()),
    ),
    (rf"(?<=[A-Za-z])-?(?P<n>\d{{3,}}(?:-\d+)*)(?:(?=次|/[A-Z])|(?!\d|{_AN_AMOUNT}))", _after_letters),
    (r"(?<!\d)(\d{3,})\*{2,}(?!\d)", lambda m: digits(m[1])),
    (
        r"(?<![A-Za-z\d-])(?=[\d-]*[A-Za-z])(?=[A-Za-z-]*\d)[A-Za-z\d]{1,6}(?:-[A-Za-z\d]{1,8}){2,}(?![A-Za-z\d-])",
        lambda m: digits(m.group()),
    ),
    (r"(?<![A-Za-z\d-])[A-Za-z]\d{1,2}-\d{3,}(?![A-Za-z\d-])", lambda m: digits(m.group(), "杠")),
    (r"(?<![\d-])7-11(?=便利|店)", "七幺幺"),
    (_CODES, lambda m: digits(m.group(), "杠")),
    (r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)", _version),
)
