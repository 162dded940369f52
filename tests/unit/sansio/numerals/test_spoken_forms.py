"""Golden cases of spoken Mandarin: how people really say sums, days, hours, shares and counts."""

from __future__ import annotations

from datetime import date

import pytest

from yingda.sansio.numerals import find_values, normalise

TODAY = date(2026, 11, 28)  # a Saturday

WRITTEN = [
    # money
    ("三块零五分", "3.05元"),
    ("八十几块", "80几元"),
    ("两块五一斤", "2.5元一斤"),
    ("100块5", "100.5元"),
    ("5毛", "0.5元"),
    ("￥100", "100元"),
    ("¥ 99.90", "99.9元"),
    ("1,200元", "1200元"),
    ("100 元", "100元"),
    ("壹佰元", "100元"),
    ("贰仟叁佰元整", "2300元整"),
    ("五角场站", "五角场站"),
    ("三角形", "三角形"),
    # times and days
    ("差一刻三点", "2:45"),
    ("差五分八点", "7:55"),
    ("差十分钟一点", "12:50"),
    ("三月十二", "3月12"),
    ("十月一那天", "10月1那天"),
    ("三月一共花了多少", "3月一共花了多少"),
    ("2026-11-03", "2026年11月3号"),
    ("2026/1/5", "2026年1月5号"),
]

MEANT = [
    # money, with and without its unit
    ("一千二百三十四块五", [("amount", 1234.5)]),
    ("三百来块", [("amount", 300)]),
    ("七八十块", [("amount", 70)]),
    ("一百五六十块", [("amount", 150)]),
    ("三四百块钱", [("amount", 300)]),
    ("平时才八十几块", [("amount", 80)]),
    ("一万五千块", [("amount", 15000)]),
    ("转了三千六", [("amount", 3600)]),
    ("合同上写的一百五", [("amount", 150)]),
    ("实在拿不出三千", [("amount", 3000)]),
    ("说好三十九的结果扣我五十九", [("amount", 39), ("amount", 59)]),
    ("账单上是七十九不是五十九", [("amount", 79), ("amount", 59)]),
    ("两块五一斤", [("amount", 2.5)]),
    ("三千积分能换什么", [("count", 3000)]),
    ("还了三十万", [("amount", 300000)]),
    # shares
    ("打九五折", [("percent", 95)]),
    ("打个八点五折", [("percent", 85)]),
    ("95折", [("percent", 95)]),
    ("充了两百一上午就没了", [("amount", 200)]),
    ("存两百一共多少", [("amount", 200)]),
    ("拿六十箱啤酒", [("count", 60)]),
    ("订三十套工作服", [("count", 30)]),
    ("对折", [("percent", 50)]),
    ("百分之零点五", [("percent", 0.5)]),
    ("来回折腾", []),
    # days
    ("后儿下午", [("date", "2026-11-30"), ("time", "下午")]),
    ("明儿个早上八点", [("date", "2026-11-29"), ("time", "08:00")]),
    ("这个月十五", [("date", "2026-11-15")]),
    ("下个月二十", [("date", "2026-12-20")]),
    ("近三个月的账单", [("date", "近三个月")]),
    ("月中", [("date", "2026-11-15")]),
    ("元旦", [("date", "2027-01-01")]),
    ("国庆节", [("date", "2026-10-01")]),
    ("双十一那天买的", [("date", "2026-11-11")]),
    ("大年初三", [("date", "大年初三")]),
    ("农历八月十五", [("date", "农历8月15")]),
    ("一五一十说清楚", []),
    ("约个周日", [("date", "2026-11-29")]),
    ("这周天天下雨", [("date", "这周")]),
    # hours
    ("两点一刻", [("time", "14:15")]),
    ("差一刻三点", [("time", "14:45")]),
    ("半夜十二点", [("time", "00:00")]),
    ("早上六七点", [("time", "06:00")]),
    ("下午两三点", [("time", "14:00")]),
    ("一个半小时以后", [("time", "一个半小时以后")]),
    ("断了一上午了", []),
    ("早上好", []),
    ("各位晚上好啊", []),
    ("等了整个下午", []),
    # marks
    ("满意的满意的十分", [("score", 10)]),
    ("不太满意四分", [("score", 4)]),
    ("十分不满意", []),
    ("我十分满意", []),
    ("三分钟热度", []),
    ("大部分人", []),
    ("我一分不少都给了", []),
    # counts
    ("那两双袜子", [("count", 2)]),
    ("一天打三遍", [("count", 3)]),
    ("输错了三次密码", [("count", 3)]),
    ("二十多台", [("count", 20)]),
    ("十来个人", [("count", 10)]),
    ("给我换一台", []),
    ("嗯一台吧", [("count", 1)]),
    ("等了仨月", []),
    ("三个多月了", []),
    ("第二次了", []),
    ("最后那四位", []),
    ("来了四位客人", [("count", 4)]),
    # numbers that name something
    ("订单号A幺二三四五六七八", [("order_number", "A12345678")]),
    ("SF一二三四五六七八九零", [("order_number", "SF1234567890")]),
    ("尾号六七二叉", [("id_last4", "672X")]),
    ("零二幺五八八八六六六六", [("phone", "02158886666")]),
    ("四零零八八二零幺二三", [("phone", "4008820123")]),
]


@pytest.mark.parametrize(("spoken", "written"), WRITTEN)
def test_written_form(spoken: str, written: str) -> None:
    assert normalise(spoken) == written
    assert normalise(written) == written


@pytest.mark.parametrize(("spoken", "meant"), MEANT)
def test_meaning(spoken: str, meant: list[tuple[str, object]]) -> None:
    assert [(x.kind, x.value) for x in find_values(normalise(spoken), TODAY)] == meant


def test_sums_have_whole_cents() -> None:
    found = find_values(normalise("扣了八十六块四毛二，又扣三十九块九"))
    assert [x.cents for x in found] == [8642, 3990]
