"""Transcript in spoken form to text with written numbers.

The passes run in this order because each consumes what the next could misread: idioms are set aside,
digit strings are joined, then percentages, clock times, money, dates, decimals and bare cardinals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from re import Match

from yingda.sansio.numerals.cardinal import DIGITS, parse_cardinal

_DIGIT = "零〇一二两三四五六七八九"
_CARDINAL = f"[{_DIGIT}十][{_DIGIT}十百千万亿]*"
_NUMBER = rf"(?:{_CARDINAL}(?:点[{_DIGIT}]+)?|\d+(?:\.\d+)?)"
_PART_OF_DAY = "上午|下午|早上|早晨|中午|晚上|傍晚|凌晨|夜里|今早|今晚|明早|明晚"

_FINANCIAL = dict(zip("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千", strict=True))

# Set phrases that only look like numbers. 千万别 and 万一 need none: a cardinal starts with a digit or 十.
_IDIOMS = (
    "三三两两|七七八八|三六九等|一五一十|十全十美|乱七八糟|三番五次|三番两次|一心一意|接二连三|不三不四|"
    "一分钱(?=[都也没不])|一百个放心|百分之百放心|一万个|十万火急|八九不离十|三言两语|一清二楚|一来二去|(?<=[百千万])一(?=晚上|个|天|次|共|直|下|夜|上午|下午)|(?<![千万亿])二百五(?![十块元毛度个万])|一百八十度"
)
_IDIOM = re.compile(_IDIOMS)
_HOLD = 0xE000  # private use area: stands for an idiom while the passes run

_RUN_CHAR = rf"[{_DIGIT}幺洞0-9]"
_DIGIT_RUN = re.compile(
    rf"(?<![十百千万亿点.:周期拜第])(?<![0-9])"
    rf"{_RUN_CHAR}(?:[\s呃嗯额-]*{_RUN_CHAR}){{2,}}(?:\s*[xX叉])?"
    rf"(?![十百千万亿点毛角.:])"
)
_PERCENT = re.compile(rf"百分之(百|{_NUMBER})")
_TIME = re.compile(
    rf"(?P<part>{_PART_OF_DAY})?(?P<hour>{_CARDINAL}|\d{{1,2}})点"
    rf"(?P<rest>半|整|钟|[一三]刻|(?:{_CARDINAL}|\d{{1,2}})分(?!钟|之)|(?:零[{_DIGIT}]|{_CARDINAL}|\d{{2}}))?"
)
# 百块 for 一百块, as people say it after a verb; 几百块, 上百块 and 百块砖 stay doubtful.
_ONE_LEFT_OUT = re.compile("(?<=[了是扣收花给交])(?=[百千](?:块|元)(?:钱|$|[，。！？、吗呢吧啊的]))")
_AFTER_JIAO = rf"(?![{_DIGIT}0-9十百千万个天号条斤张份件])|(?=一[个条斤张份件瓶次天月年包袋盒])"
_MONEY = re.compile(
    rf"(?P<whole>{_NUMBER})(?P<about>多|来|(?<=[二三四五六七八九]十)几)? ?(?:块|元|圆)"
    rf"(?:钱|零(?P<alone>[{_DIGIT}])分钱?"
    rf"|(?:(?P<jiao>[{_DIGIT}0-9])(?:[毛角](?:(?P<fen>[{_DIGIT}0-9])分?)?)?(?:{_AFTER_JIAO}))?钱?)"
)
_JIAO = re.compile(
    rf"(?P<jiao>[{_DIGIT}]|(?<![\d.])[1-9])[毛角](?![场星形落度色楼铁病巾衣裤孩])(?:(?P<fen>[{_DIGIT}0-9])分?)?钱?"
)
_FEN = re.compile(rf"(?P<fen>[{_DIGIT}])分钱")
_MONTH_DAY = re.compile(  # 三月十二, 十月一; 三月一共 is none
    rf"(?P<month>{_CARDINAL}|\d{{1,2}})月(?P<day>[二三]?十[一二三四五六七八九]?|[一二三四五六七八九](?=$|[那的吧呢啊，。]))"
    rf"(?![{_DIGIT}十百千万个天块元次分点几多来])"
)
_SHORT_OF = re.compile(rf"差(?P<short>一刻|{_CARDINAL}分)钟?(?:不?到)?(?P<hour>{_CARDINAL}|\d{{1,2}})点钟?")
_DATE = re.compile(rf"(?P<n>{_CARDINAL})(?P<unit>月份?(?!票|多少|几)|号(?!码)|日(?!常|子))")
_DECIMAL = re.compile(rf"(?P<whole>{_CARDINAL})点(?P<tail>[{_DIGIT}]+)")
_COUNTED = re.compile(
    rf"(?P<n>{_CARDINAL})(?P<unit>分钟|小时|天|岁|兆|次|年|个|条|笔|期|倍|度|位|名|人|米|公里|斤|[Gg])"
)
_BARE = re.compile(_CARDINAL)
_WRITTEN_OUT = re.compile(
    r"[壹贰叁肆伍陆柒捌玖拾佰仟][壹贰叁肆伍陆柒捌玖拾佰仟万零]+|[壹贰叁肆柒捌玖拾](?=[元圆])"
)
_GROUPED = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?!\d)")
_SIGNED = re.compile(r"[￥¥]\s*(\d+(?:\.\d+)?)(?:元|块)?")
_ISO = re.compile(r"(?<!\d)(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_FULL_WIDTH = {0xFF10 + n: ord("0") + n for n in range(10)}


def normalise(text: str) -> str:
    """`text` with spoken numbers written as digits with their units; anything doubtful stays as it was."""
    held: list[str] = []

    def hold(match: Match[str]) -> str:
        held.append(match.group())
        return chr(_HOLD + len(held) - 1)

    text = _ONE_LEFT_OUT.sub("一", _IDIOM.sub(hold, _as_spoken(text.translate(_FULL_WIDTH))))
    for pattern, write in _PASSES:
        text = pattern.sub(write, text)
    for place, phrase in enumerate(held):
        text = text.replace(chr(_HOLD + place), phrase)
    return text


def _as_spoken(text: str) -> str:
    """What is only ever written, as one would say it: 壹佰元, 1,200元, ￥100, 2026-11-03."""
    text = _WRITTEN_OUT.sub(lambda match: "".join(_FINANCIAL.get(char, char) for char in match.group()), text)
    text = _GROUPED.sub(lambda match: match.group().replace(",", ""), text)
    text = _SIGNED.sub(r"\1元", text)
    return _ISO.sub(lambda match: f"{match[1]}年{int(match[2])}月{int(match[3])}号", text)


def _digit_run(match: Match[str]) -> str:
    run = match.group()
    tail = "X" if run[-1] in "xX叉" else ""
    digits = [char for char in run if char in DIGITS or char.isdigit()]
    return "".join(str(DIGITS.get(char, char)) for char in digits) + tail


def _percent(match: Match[str]) -> str:
    value = Decimal(100) if match.group(1) == "百" else number(match.group(1))
    return match.group() if value is None else f"{value}%"


def _time(match: Match[str]) -> str:
    part, rest = match.group("part") or "", match.group("rest") or ""
    hour = integer(match.group("hour"))
    if hour is None or hour > 24:
        return match.group()
    if not rest:
        return f"{part}{hour}点" if part else match.group()
    fixed = {"半": 30, "整": 0, "钟": 0, "一刻": 15, "三刻": 45}
    bare = rest.rstrip("分")
    minute = fixed[rest] if rest in fixed else integer(bare.lstrip("零") if len(bare) > 1 else bare)
    single = rest not in fixed and not rest.endswith("分") and len(bare) == 1 and bare != "十"
    if minute is None or minute > 59 or (single and not part):
        return match.group()  # 三点五 is a decimal, 三点五十 a time
    if rest == "钟" or (rest == "整"):
        return f"{part}{hour}点"
    return f"{part}{hour}:{minute:02d}"


def _short_of(match: Match[str]) -> str:
    """差一刻三点 is 2:45."""
    short, hour = match.group("short"), integer(match.group("hour"))
    minutes = 15 if short == "一刻" else integer(short.rstrip("分"))
    if hour is None or minutes is None or not (1 <= hour <= 24 and 1 <= minutes <= 30):
        return match.group()
    return f"{(hour - 2) % 12 + 1 if hour <= 12 else hour - 1}:{60 - minutes:02d}"


def _month_day(match: Match[str]) -> str:
    month, day = integer(match.group("month")), parse_cardinal(match.group("day"))
    good = month is not None and day is not None and 1 <= month <= 12 and 1 <= day <= 31
    return f"{month}月{day}" if good else match.group()


def _money(match: Match[str]) -> str:
    whole, about = match.group("whole"), match.group("about") or ""
    value = number(whole)
    if value is None:
        return match.group()
    bare_together = whole == "一" and not match.group("jiao") and not match.group().endswith(("钱", "元"))
    if bare_together:
        return match.group()  # 一块 also means together
    value += _jiao_fen(match)
    return f"{_plain(value)}{about}元"


def _small_money(match: Match[str]) -> str:
    return f"{_plain(_jiao_fen(match))}元"


def _jiao_fen(match: Match[str]) -> Decimal:
    groups = match.groupdict()
    jiao, fen = groups.get("jiao") or "零", groups.get("fen") or groups.get("alone") or "零"
    return Decimal(DIGITS.get(jiao) or int(integer(jiao) or 0)) / 10 + Decimal(integer(fen) or 0) / 100


def _with_unit(match: Match[str]) -> str:
    value = parse_cardinal(match.group("n"))
    return match.group() if value is None else f"{value}{match.group('unit')}"


def _counted(match: Match[str]) -> str:
    few = len(match.group("n")) == 1 and match.group("n") != "十"
    return match.group() if few else _with_unit(match)  # 一个, 三天 read better as words


def _decimal(match: Match[str]) -> str:
    value = number(match.group())
    return match.group() if value is None else str(value)


def _bare(match: Match[str]) -> str:
    text = match.group()
    if len(text) < 2 or text[0] == "十" or match.string[match.end() : match.end() + 1] == "几":
        return text
    value = parse_cardinal(text)
    return text if value is None or value < 20 else str(value)


def integer(text: str) -> int | None:
    """12 or 十二; None for what is no cardinal."""
    return int(text) if text.isdigit() and text.isascii() else parse_cardinal(text)


def number(text: str) -> Decimal | None:
    """2.5 or 二点五; None for what is no number."""
    if text[0].isascii():
        return Decimal(text)
    whole, dot, tail = text.partition("点")
    value = parse_cardinal(whole)
    if value is None:
        return None
    return Decimal(f"{value}.{''.join(str(DIGITS[char]) for char in tail)}") if dot else Decimal(value)


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_PASSES = (
    (_DIGIT_RUN, _digit_run),
    (_PERCENT, _percent),
    (_SHORT_OF, _short_of),
    (_TIME, _time),
    (_MONEY, _money),
    (_JIAO, _small_money),
    (_FEN, _small_money),
    (_MONTH_DAY, _month_day),
    (_DATE, _with_unit),
    (_DECIMAL, _decimal),
    (_COUNTED, _counted),
    (_BARE, _bare),
)
