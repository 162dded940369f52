# ruff: noqa: E501 - tables of Chinese sentences read better in one line
"""Spoken numbers against the values that they mean."""

from __future__ import annotations

from datetime import date, time

import pytest

from yingda.sansio.numerals import (
    find_values,
    normalise,
    parse_cardinal,
    resolve_date,
    resolve_month,
    resolve_time,
)

CARDINALS = [
    ("十", 10),
    ("十五", 15),
    ("二十", 20),
    ("九十九", 99),
    ("一百", 100),
    ("一百二", 120),
    ("一百零二", 102),
    ("一百二十", 120),
    ("两百五十", 250),
    ("一千二", 1200),
    ("一千零五十", 1050),
    ("一千零五", 1005),
    ("一千二百三十四", 1234),
    ("三千五", 3500),
    ("两万五", 25000),
    ("一万两千三", 12300),
    ("十二万", 120000),
    ("一千万", 10_000_000),
    ("一亿", 100_000_000),
    ("两亿三千万", 230_000_000),
    ("零", 0),
    ("七", 7),
]
NOT_CARDINALS = ["", "百", "千万", "万一", "三四十", "一两百", "十百", "一十百", "百二"]

SPOKEN = [
    # digit strings
    ("幺三八零零一三八零零零", "13800138000"),
    ("二百五十块", "250元"),
    ("二百五十六块", "256元"),
    ("一千二百五", "1250"),
    ("我的号码是一三八零零幺三八零零零", "我的号码是13800138000"),
    ("1 3 8 0 0 1 3 8 0 0 0", "13800138000"),
    ("138 0013 8000", "13800138000"),
    ("六七二一", "6721"),
    ("六 七 二 一", "6721"),
    ("六七呃二一", "6721"),
    ("是六七二一啊", "是6721啊"),
    ("不对是六七二一", "不对是6721"),
    ("后四位六七二叉", "后四位672X"),
    ("后四位是六七二x", "后四位是672X"),
    ("幺幺零", "110"),
    ("九五五二七", "95527"),
    ("两零零六", "2006"),
    ("洞洞七", "007"),
    ("六七〇一", "6701"),
    ("二零二六年", "2026年"),
    ("６７２１", "6721"),
    # money
    ("我账单上怎么多了一百块", "我账单上怎么多了100元"),
    ("一百块钱", "100元"),
    ("我账单上怎么多了百块", "我账单上怎么多了100元"),
    ("扣了百块钱", "扣了100元"),
    ("几百块", "几百块"),
    ("上百块钱的事", "上百块钱的事"),
    ("一百元", "100元"),
    ("100块", "100元"),
    ("100块钱", "100元"),
    ("一千二百三十四块五", "1234.5元"),
    ("八十六块四毛二", "86.42元"),
    ("八十六点四二元", "86.42元"),
    ("八十六块四毛二分钱", "86.42元"),
    ("三块五", "3.5元"),
    ("三块钱一条", "3元一条"),
    ("三块一斤", "3元一斤"),
    ("一块五", "1.5元"),
    ("一块钱", "1元"),
    ("两块钱", "2元"),
    ("五毛钱", "0.5元"),
    ("五毛", "0.5元"),
    ("一分钱", "0.01元"),
    ("十块", "10元"),
    ("十五块", "15元"),
    ("一百多块钱", "100多元"),
    ("两百来块", "200来元"),
    ("三千五百块", "3500元"),
    ("一万块", "10000元"),
    ("多扣了三十块五毛", "多扣了30.5元"),
    ("是五十块不是一百块", "是50元不是100元"),
    # percentages and decimals
    ("百分之三十", "30%"),
    ("百分之三点五", "3.5%"),
    ("百分之百", "100%"),
    ("三点五", "3.5"),
    ("三点一四", "3.14"),
    # dates and times
    ("三号", "3号"),
    ("十一月三号", "11月3号"),
    ("三月份的账单", "3月份的账单"),
    ("二十五号", "25号"),
    ("上午十点半", "上午10:30"),
    ("下周三上午十点半", "下周三上午10:30"),
    ("下午三点", "下午3点"),
    ("三点一刻", "3:15"),
    ("三点二十", "3:20"),
    ("三点二十五分", "3:25"),
    ("八点零五", "8:05"),
    ("三点钟", "3点"),
    ("晚上一点", "晚上1点"),
    ("十二点整", "12点"),
    # counts and bare cardinals
    ("二十", "20"),
    ("怎么多了一百", "怎么多了100"),
    ("十五天", "15天"),
    ("三十分钟", "30分钟"),
    ("二十五兆", "25兆"),
    ("十分钟", "10分钟"),
]

LEFT_ALONE = [
    "等一下",
    "一个",
    "我有一点不明白",
    "快一点",
    "一点点",
    "统一",
    "万一",
    "千万别",
    "第一",
    "唯一",
    "星期一",
    "周三",
    "十分感谢",
    "一块儿去",
    "我们一块去",
    "一起",
    "一会儿",
    "一样",
    "一直",
    "不三不四",
    "三三两两",
    "七七八八",
    "乱七八糟",
    "十几块",
    "几百块",
    "三四十块",
    "两三百",
    "一些",
    "三个月",
    "两个",
    "说一遍",
    "再说一次",
    "一二",
    "一百个放心",
    "三番五次",
    "一清二楚",
    "二百五",
    "一万个不愿意",
    "你好",
    "",
    "余额",
    "有两点要说",
    "嗯",
    "再见",
    "二维码",
    "五一",
    "周一二",
]

VALUES = [
    ("我账单上怎么多了100元", [("amount", 100, 10000)]),
    ("86.42元", [("amount", 86.42, 8642)]),
    ("100多元", [("amount", 100, 10000)]),
    ("6721", [("id_last4", "6721", None)]),
    ("672X", [("id_last4", "672X", None)]),
    ("打13800138000吧", [("phone", "13800138000", None)]),
    ("30%", [("percent", 30, None)]),
    ("怎么多了100", [("number", 100, None)]),
    ("11月3号下午3点", [("date", "11月3号", None), ("time", "下午3点", None)]),
    ("上个月的账单", [("date", "上个月", None)]),
    ("2026年3月", [("date", "2026年3月", None)]),
    ("你好", []),
]

TODAY = date(2026, 11, 20)  # a Friday


@pytest.mark.parametrize(("text", "value"), CARDINALS)
def test_cardinal(text: str, value: int) -> None:
    assert parse_cardinal(text) == value


@pytest.mark.parametrize("text", NOT_CARDINALS)
def test_malformed_cardinal_is_none(text: str) -> None:
    assert parse_cardinal(text) is None


@pytest.mark.parametrize(("spoken", "written"), SPOKEN)
def test_normalise(spoken: str, written: str) -> None:
    assert normalise(spoken) == written


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_words_that_only_look_like_numbers_are_left_alone(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize("text", [written for _, written in SPOKEN] + LEFT_ALONE)
def test_normalise_is_idempotent(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values(text: str, expected: list[tuple[str, object, int | None]]) -> None:
    assert [(value.kind, value.value, value.cents) for value in find_values(text)] == expected


def test_value_spans_point_into_the_text() -> None:
    text = "是50元不是100元"
    assert [text[value.start : value.end] for value in find_values(text)] == ["50元", "100元"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天", TODAY), ("后天", date(2026, 11, 22)), ("大前天", date(2026, 11, 17)), ("下周三", date(2026, 11, 25)),
        ("这周日", date(2026, 11, 22)), ("上个星期一", date(2026, 11, 9)), ("三号", date(2026, 12, 3)),
        ("二十五号", date(2026, 11, 25)), ("上个月三号", date(2026, 10, 3)), ("十二月二十五号", date(2026, 12, 25)),
        ("月底", date(2026, 11, 30)), ("月初", date(2026, 11, 1)), ("二月三十号", None), ("随便", None),
        ("周三", date(2026, 11, 25)), ("这周三", date(2026, 11, 18)), ("周末", date(2026, 11, 21)), ("明早", date(2026, 11, 21)),
        ("三天后", date(2026, 11, 23)), ("两个星期以后", date(2026, 12, 4)), ("半个月后", date(2026, 12, 5)),
        ("一个月之后", date(2026, 12, 20)), ("下个月底", date(2026, 12, 31)), ("年底", date(2026, 12, 31)),
        ("一月五号", date(2027, 1, 5)), ("明年三月五号", date(2027, 3, 5)), ("八月三号", date(2026, 8, 3)),
    ],
)  # fmt: skip
def test_dates_are_resolved_against_the_given_day(text: str, expected: date | None) -> None:
    assert resolve_date(text, TODAY) == expected


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("上个月", "2026-10"), ("上上个月", "2026-09"), ("这个月", "2026-11"), ("本月", "2026-11"), ("十月份", "2026-10"),
        ("十二月", "2025-12"), ("2026年3月", "2026-03"), ("明年三月", "2027-03"), ("下个月", "2026-12"), ("昨天", None),
    ],
)  # fmt: skip
def test_months(text: str, month: str | None) -> None:
    assert resolve_month(text, TODAY) == month


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今晚八点，打五分", [("date", "2026-11-20"), ("time", "20:00"), ("score", 5)]),
        ("下周三上午十点半", [("date", "2026-11-25"), ("time", "10:30")]),
        ("十月份的话费", [("date", "2026-10")]),
        ("订单号二零二六一一零三八八", [("order_number", "2026110388")]),
        ("座机零五七一八八九九六六七七", [("phone", "057188996677")]),
        ("十分", [("score", 10)]),
        ("十分感谢", []),
        ("等十分钟", [("number", 10)]),
        ("买了两件", [("count", 2)]),
        ("我有一个问题，三个月了", []),
        ("五号楼三单元", []),
        ("往里头存三十", [("amount", 30)]),
        ("欠你们的一百八刚才付了", [("amount", 180)]),
        ("明明只借了两千你说我欠五千", [("amount", 2000), ("amount", 5000)]),
        ("一千二安装费", [("amount", 1200)]),
        ("一分钱都没有", []),
        ("三点给我改到五点半", [("time", "15:00"), ("time", "17:30")]),
        ("我有三点建议", []),
        ("有一点慢，快点", []),
        ("明儿上午再打", [("date", "2026-11-21"), ("time", "上午")]),
        ("打五折", [("percent", 50)]),
        ("给个五星", [("score", 5)]),
        ("家里俩娃，咱俩", [("count", 2)]),
        ("新华路十九号", []),
        ("换个大一号的", []),
        ("三天之内，国庆以后", [("date", "三天之内"), ("date", "2026-10-01")]),
        ("一月多少钱", []),
        ("后四位三三零八", [("id_last4", "3308")]),
    ],
)
def test_values_of_a_call(text: str, expected: list[tuple[str, object]]) -> None:
    assert [(v.kind, v.value) for v in find_values(normalise(text), TODAY)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("晚上十二点", time(0, 0)), ("晚上一点", time(1, 0)), ("上午十点半", time(10, 30)), ("下午三点", time(15, 0)), ("晚上八点一刻", time(20, 15)), ("中午十二点整", time(12, 0)),
        ("三点二十", time(3, 20)), ("有空", None),
    ],
)  # fmt: skip
def test_times(text: str, expected: time | None) -> None:
    assert resolve_time(text) == expected
