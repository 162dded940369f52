"""Spoken Mandarin to written form, for clients that want 123.5元 and not 一百二十三块五. Pure.

The dialogue's numerals (yingda.sansio.numerals) do most of it. They leave alone what a dialogue reads better
as words; a reader wants digits there too, so around them stand rules for ordinals, fractions, per mille,
negative numbers, counted things and numbers up to twenty. What is written for what stands in
tests/data/speech/inverse_normalisation.tsv. Doubtful words (两三个, 十几, 一下, 五一, 三点) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

from yingda.sansio.numerals import normalise, parse_cardinal

_DIGIT = "零〇一二两三四五六七八九"
_ANY = f"{_DIGIT}十百千万亿"
_CARDINAL = f"[{_DIGIT}十][{_DIGIT}十百千万亿]*"
# Neither in the midst of a number, nor one of several that are a guess (两三个, 三五天), nor a guess itself.
_ALONE = f"(?<![{_ANY}幺几数第周期拜初点.\\d])"
_NO_MORE = f"(?![{_ANY}几多来.\\d])"

# What only looks like numbers, beside those that the numerals know themselves.
_IDIOM = (
    "一日三餐|一日游|[一二两三]日游|一千零一夜|三百六十行|十万八千里|四面八方|五湖四海|七嘴八舌|三更半夜|四舍五入|"
    "十有八九|十之八九|五花八门|五颜六色|七上八下|三心二意|三天两头|两全其美|一举两得|三顾茅庐|四季|第三人称|九牛一毛|一毛不拔|一分钱一分货|[四五]月天|[几数][十百千万亿]+|上[百千万]+|十字|十足|(?<![点二三四五六七八九打给考])(?<!满分)(?<!打个)十分(?!钟|之)|点十分[重感满抱不难清明认]|"
    "两口子|两码事|两回事|两面派|两下子|三角形|四方形|三轮车|四川|六安|九江|三亚|八达岭|十堰|五台山|九寨沟|五角星|三峡|"
    "第一时间|第一手|第一线|第一夫人|第三方|第三者|第六感|第二天|第三产业|一系列|十二生肖|二十四节气|二十四小时营业|"
    "三分钟热度|五分钟热度|七十二变|八九十|三八(?:妇女)?节|六一(?:儿童)?节|双十[一二]|十一(?:黄金周|长假|假期|国庆)|"
    "五四(?:青年|运动)|九一八|四六级|四大名著|三国|四书五经|三年五载|千家万户|两岸|两会|三农|三包|五险一金|三好学生|"
    "[东南西北中]?[一二三四五六七八九]环|[一二三四五六七八九]线城市|三伏|三九天|大年(?:三十|初[一二三四五六七八九])|[正腊冬一二三四五六七八九十]月初[一二三四五六七八九十]|"
    "(?:[正腊]月|农历[正一二三四五六七八九十]+月)[初一二三四五六七八九十廿]+|[一二三四五六]年[一二三四五六七八九十]班|十五的月亮|"
    "十月一(?![号日月十一二三四五六七八九])|差(?:一刻|[五十]分)钟?[一二两三四五六七八九十]+点|一万个(?:不?放心|愿意|不)|百分之百(?:信任|满意|支持|相信|没问题)"
)
_HOLD = 0xF000  # private use area, beside what the numerals use
_ROOM_DIGITS = str.maketrans("一二两三四", "12234")
_PART = "\uefff"  # stands where two numbers meet

_WEEKDAY = f"(?:星期|礼拜)[一二三四五六日天]|(?<![{_ANY}每几半])周[一二三四五六日天](?=十)"
_HELD = re.compile(f"{_IDIOM}|{_WEEKDAY}")
_ORDINAL = re.compile(f"第(?P<n>{_CARDINAL})(?![几多点])")
_FRACTION = re.compile(f"{_ALONE}(?P<below>{_CARDINAL})分之(?P<above>{_CARDINAL})(?!点)")
_PER_MILLE = re.compile(f"千分之(?P<n>{_CARDINAL}(?:点[{_DIGIT}]+)?)")
_NEGATIVE = re.compile(f"(?<![担责肩欺背辜抱])负(?P<n>百分之|{_CARDINAL})(?![层楼几一-龥]*荷)(?![层楼])")
_ROUND = re.compile(  # 300万 is read at a glance, 3000000 is counted
    f"{_ALONE}(?P<n>[{_DIGIT}十][{_DIGIT}十百千]*)(?P<big>万|亿)(?:(?P<yuan>块钱?|元钱?)|(?![{_ANY}几多来]))"
)


def _pairs(first: str) -> str:
    """Two digits that name a year or a discount; 七八 and other neighbours are a guess."""
    digits = "零一二三四五六七八九"
    seconds = {tens: digits.replace(digits[(digits.find(tens) + 1) % 10], "") for tens in first}
    return "|".join(f"{tens}[{units}]" for tens, units in seconds.items())


# 零八年 and 九八年 are years; 七八年 may be seven or eight years, unless a month follows.
_YEAR = re.compile(
    f"(?<![{_ANY}])(?:(?P<n>[零〇九八七二一][{_DIGIT}])年(?={_CARDINAL}月|[初底])"
    f"|(?P<sure>[零〇][{_DIGIT}]|{_pairs('一二七八九')})年(?!级))"
)
_BORN = re.compile(f"(?<![{_ANY}])(?P<n>[零〇五六七八九][零〇五])后(?![面来天边])")
_SCORE = re.compile(
    f"(?P<verb>[打给评得考]个?|满分是?)(?P<n>{_CARDINAL})分(?![{_ANY}钟之享配担别手开析期数面薄重感])"
)
_AGAINST = re.compile(f"{_ALONE}(?P<n>{_CARDINAL})比(?P<to>{_CARDINAL})(?![{_ANY}较如方赛例])")
_DISCOUNT = re.compile(f"{_ALONE}(?P<n>{_pairs('五六七八九')})折")
_DAY_AND_HOUR = re.compile(
    rf"(?P<day>今天|明天|后天|昨天|前天|大后天|当天|每天|周[一二三四五六日天]|[{chr(_HOLD)}-\uf8ff]|\d[号日])"
    rf"(?P<n>十[一二]?|[{_DIGIT}])点(?![{_DIGIT}十半过多几来建意要])"
)
_CLOCK = rf"十[一二三四五六七八九]?|二十[一二三四]?|[{_DIGIT}]|\d{{1,2}}"
_FROM_TO = re.compile(
    rf"(?P<n>{_CLOCK})点(?P<to>到|至)(?:(?=\d{{1,2}}:\d\d)|(?P<end>{_CLOCK})点(?![{_DIGIT}十半几]))"
)
_TIMES = "(?:之间|左右|以前|之前|以后|之后|开始|结束|开门|关门|上班|下班|出发|到|$|[，。！？])"
# What stands beside a number that is written in digits by now is written so, too.
_TO_DIGITS = re.compile(f"(?<![统唯专单划同归合]){_ALONE}(?P<n>{_CARDINAL})(?P<to>[到至])(?=\\d)")
_ROOMS = re.compile("(?<=\\d室)[一二两三四]厅(?:[一二两三四]厨)?(?:[一二两三四]卫)?")
_ONE_BESIDE = re.compile("一(?=小时\\d)|(?<=\\d年)一(?=个月)")
_YUAN_AND_LESS = re.compile(r"(?P<yuan>\d+)元零(?:(?P<less>0\.\d+)元|(?P<fen>[一二三四五六七八九])分)")
_BEFORE_LETTER = re.compile(
    f"(?<![{_ANY}\\dA-Za-z第])(?P<n>[一二三四五六七八九])(?=[A-Z](?:\\d|[景店打认电影级产]))"
)  # 三U八六三三
_DEGREES = re.compile("(?P<n>\\d+)度(?P<tail>[一二三四五六七八九])(?![一二三四五六七八九十百])")
_TEN_THOUSANDS = re.compile(f"{_ALONE}(?P<n>十[{_DIGIT}]?[万亿][{_DIGIT}十百千万]+){_NO_MORE}")
_HOUR = re.compile(rf"{_ALONE}(?P<n>十[一二]?)点(?={_TIMES})")

# What is counted. 一 with them stays: 一个, 一次 and 一天 are words more often than numbers.
_COUNTED = (
    "个(?:小时|半小时|半|月|星期|礼拜|工作日|人)?|张|件|台|部|份|套|家|种|只(?!有|是|能|要|好)|本|辆|遍|支|包|箱|袋|盒|瓶|杯|"
    "层|楼|单元|室|周(?!岁)|折|寸|吨|克|升|毫升|公斤|千克|厘米|平方米|平米|亩|美元|欧元|日元|港币|英镑|届|级|页|章|"
    "分钟|小时|秒钟?|天(?!天)|岁|兆|次(?!要)|年(?!级)|条|笔|期(?!待|望)|倍|度|位|名(?!字)|人(?!民|家|工)|米|公里|斤|[Gg](?![A-Za-z])|"
    "工作日|块屏|枚|棵|颗|头|匹|双|对|组|批|趟|场|间|座|栋|号线|站(?!着|起)|行|段|步|句|口人|门课|项|节课|瓦|千瓦|伏"
)
_PRICE_EACH = re.compile(
    f"(?:(?<=[块元钱毛角])|(?<=块[{_DIGIT}]))(?=一(?:{_COUNTED}))"
)  # 三块钱一条 is not 3.1
_FEW = re.compile(f"{_ALONE}(?P<n>十[一二三四五六七八九]?|[两二三四五六七八九])(?={_COUNTED})")
_TEENS = re.compile(f"{_ALONE}(?P<n>十[二三四五六七八九])(?![{_ANY}几多来分字足\\d])")


def written(text: str) -> str:
    """`text` as it is read, not as it was said; spoken marks and words stay.

    >>> written("一共一百二十三块五，三月五号下午三点半第三次扣的")
    '一共123.5元，3月5号下午3:30第3次扣的'
    """
    held: list[str] = []

    def hold(match: Match[str]) -> str:
        held.append(match.group())
        return chr(_HOLD + len(held) - 1)

    text = _PRICE_EACH.sub(_PART, _HELD.sub(hold, text))
    for pattern, write in _BEFORE:
        text = pattern.sub(write, text)
    text = normalise(text)
    for pattern, write in _AFTER:
        text = pattern.sub(write, text)
    for place, phrase in enumerate(held):
        text = text.replace(chr(_HOLD + place), phrase)
    return text.replace(_PART, "")


def _digits(n: str) -> str | None:
    """Digits of a cardinal, whole or with 点; None when it is none."""
    whole, point, tail = n.partition("点")
    value = parse_cardinal(whole)
    if value is None:
        return None
    return f"{value}.{''.join(str('零一二三四五六七八九'.find(c)) for c in tail)}" if point else str(value)


def _ordinal(match: Match[str]) -> str:
    value = parse_cardinal(match["n"])
    return match.group() if value is None else f"第{value}"


def _fraction(match: Match[str]) -> str:
    below, above = parse_cardinal(match["below"]), parse_cardinal(match["above"])
    known = below is not None and above is not None and below not in (0, 1)
    return f"{above}/{below}" if known else match.group()


def _per_mille(match: Match[str]) -> str:
    value = _digits(match["n"])
    return match.group() if value is None else f"{value}‰"


def _negative(match: Match[str]) -> str:
    return f"-{match['n']}" if match["n"] == "百分之" or parse_cardinal(match["n"]) else match.group()


def _year(match: Match[str]) -> str:
    return _one_by_one(match["n"] or match["sure"]) + "年"


def _one_by_one(n: str) -> str:
    return "".join(str("零一二三四五六七八九".find(c.replace("〇", "零"))) for c in n)


def _born(match: Match[str]) -> str:
    return _one_by_one(match["n"]) + "后"


def _discount(match: Match[str]) -> str:
    return _one_by_one(match["n"]) + "折"


def _score(match: Match[str]) -> str:
    value = parse_cardinal(match["n"])
    return match.group() if value is None else f"{match['verb']}{value}分"


def _against(match: Match[str]) -> str:
    first, second = parse_cardinal(match["n"]), parse_cardinal(match["to"])
    return match.group() if first is None or second is None else f"{first}:{second}"


def _to_digits(match: Match[str]) -> str:
    value = parse_cardinal(match["n"])
    return match.group() if value is None else f"{value}{match['to']}"


def _rooms(match: Match[str]) -> str:
    return match.group().translate(_ROOM_DIGITS)


def _yuan_and_less(match: Match[str]) -> str:
    """一百块零五毛, 十块零五分."""
    less = match["less"] or f"0.0{_one_by_one(match['fen'])}"
    return f"{match['yuan']}{less.removeprefix('0')}元"


def _degrees(match: Match[str]) -> str:
    return f"{match['n']}.{_one_by_one(match['tail'])}度"


def _round(match: Match[str]) -> str:
    value = parse_cardinal(match["n"])
    return match.group() if value is None else f"{value}{match['big']}{'元' if match['yuan'] else ''}"


def _from_to(match: Match[str]) -> str:
    end = f"{_either_way(match['end'])}点" if match["end"] else ""
    return f"{_either_way(match['n'])}点{match['to']}{end}"


def _either_way(n: str) -> int | None:
    return int(n) if n.isdecimal() else parse_cardinal(n)


def _hour(match: Match[str]) -> str:
    value = parse_cardinal(match["n"])
    return match.group() if value is None else f"{match.groupdict().get('day') or ''}{value}点"


def _few(match: Match[str]) -> str:
    value = parse_cardinal(match["n"])
    return match.group() if value is None else str(value)


_Rules = tuple[tuple[re.Pattern[str], Callable[[Match[str]], str]], ...]
_BEFORE: _Rules = (
    (_PER_MILLE, _per_mille),
    (_ORDINAL, _ordinal),
    (_FRACTION, _fraction),
    (_NEGATIVE, _negative),
    (_YEAR, _year),
    (_BORN, _born),
    (_SCORE, _score),
    (_AGAINST, _against),
    (_DISCOUNT, _discount),
    (_ROUND, _round),
)
_AFTER: _Rules = (
    (_DAY_AND_HOUR, _hour),
    (_FROM_TO, _from_to),
    (_HOUR, _hour),
    (_TEN_THOUSANDS, _few),
    (_FEW, _few),
    (_TEENS, _few),
    (_TO_DIGITS, _to_digits),
    (_DEGREES, _degrees),
    (_ROOMS, _rooms),
    (_ONE_BESIDE, lambda _: "1"),
    (_YUAN_AND_LESS, _yuan_and_less),
    (_BEFORE_LETTER, _few),
)
