"""A thousand made-up customers with all that a CRM knows of them. Pure: the same every time for the same day.

Nobody here exists. Their numbers begin with 154, which no carrier has. Every document says `synthetic: true`,
so that they can be told from real ones and taken out again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

Document = dict[str, Any]

COUNT = 1000
VERSION = 1  # raise it when the documents change: they are then written anew
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
)
COMPOUND = ("欧阳", "司马", "上官", "诸葛", "夏侯")
WOMEN = (
    *"丽敏静芳娜艳玲丹萍鹃红",
    *(
        "秀英",
        "秀兰",
        "桂英",
        "玉兰",
        "雪梅",
        "婷婷",
        "海燕",
        "思雨",
        "欣怡",
        "佳琪",
        "梦瑶",
        "子涵",
        "诗涵",
        "雅琴",
    ),
)
MEN = (
    *"强伟磊勇军杰涛超明刚平辉",
    *("建国", "志强", "海涛", "文博", "浩然", "子轩", "宇航", "俊杰", "天佑", "家豪", "立新", "国庆", "晓东"),
)
CITIES = (
    ("北京市", "朝阳区", "建国路"),
    ("上海市", "浦东新区", "世纪大道"),
    ("广州市", "天河区", "体育西路"),
    ("深圳市", "南山区", "科技园路"),
    ("杭州市", "西湖区", "文三路"),
    ("成都市", "武侯区", "人民南路"),
    ("武汉市", "洪山区", "珞喻路"),
    ("西安市", "雁塔区", "小寨东路"),
    ("南京市", "鼓楼区", "中山路"),
    ("哈尔滨市", "道里区", "中央大街"),
)
PLANS = (
    ("轻享套餐", 1900),
    ("畅享套餐", 5900),
    ("家庭套餐", 9900),
    ("5G畅享套餐", 12900),
    ("5G尊享套餐", 19900),
    ("校园套餐", 2900),
    ("银龄套餐", 990),
    ("商务套餐", 29900),
)
# code, name, cents: what a bill may hold beside the plan
USUAL = (("sms", "短信费", 120), ("voice", "超出套餐通话费", 860), ("data", "流量加油包", 1000))
NEW_LINES = (
    ("roaming_pack", "国际漫游包", 10000),
    ("video_vip", "视频会员", 1500),
    ("music_vip", "音乐会员", 1000),
    ("ring_tone", "彩铃", 500),
    ("over_data", "套餐外流量费", 3280),
    ("late_fee", "滞纳金", 236),
    ("sim_fee", "补卡费", 1000),
    ("game_pack", "游戏加速包", 900),
    ("family_number", "亲情号", 300),
    ("premium_call", "声讯服务费", 2000),
)
ITEMS = (
    ("手机壳", 3900),
    ("蓝牙耳机", 19900),
    ("充电宝", 12900),
    ("路由器", 25900),
    ("智能手表", 89900),
    ("电饭煲", 32900),
    ("平板电脑", 219900),
    ("台灯", 8900),
    ("运动鞋", 45900),
    ("羽绒服", 69900),
    ("扫地机器人", 159900),
    ("电热水壶", 11900),
)
# state, weight, days ago at least and at most
ORDER_STATES = (
    ("paid", 3, 0, 1),
    ("packed", 3, 0, 3),
    ("shipped", 4, 1, 6),
    ("delivered", 8, 3, 60),
    ("cancelled", 2, 1, 60),
    ("returning", 1, 4, 20),
    ("exchanging", 1, 4, 20),
)
COURIERS = ("顺丰", "京东", "中通", "圆通", "韵达", "邮政")
VISITS = ("维修", "宽带安装", "移机", "上门服务")
TICKETS = (
    ("fault", "宽带断网"),
    ("fault", "手机没有信号"),
    ("complaint", "师傅没有按时上门"),
    ("complaint", "客服态度不好"),
    ("refund", "ring_tone"),
    ("open_service", "国际漫游"),
    ("cancel_service", "彩铃"),
)
TICKET_STATES = ("open", "working", "done")
PAST_CALLS = (
    ("answered", "咨询余额，已答复", "calm"),
    ("answered", "咨询账单，已答复", "calm"),
    ("handed_over", "投诉上门迟到，已转人工", "angry"),
    ("done", "报修宽带，已建工单", "impatient"),
    ("promised", "答应本月底缴费", "calm"),
    ("interested", "对5G套餐感兴趣，要求回访", "pleased"),
)
CHANNELS = ("call", "sms")


def crowd(today: date, count: int = COUNT) -> dict[str, list[Document]]:
    """The documents of `count` customers by collection; bills are of the month of `today` and the two before,
    orders and appointments lie around it."""
    made: dict[str, list[Document]] = {}
    for n in range(count):
        dice = random.Random(f"crowd-{VERSION}-{n}")  # each by itself: more customers change none of before
        for collection, document in _customer(n, dice, today):
            made.setdefault(collection, []).append({**document, "synthetic": True})
    return made


def customer_id(n: int) -> str:
    """Id of the n-th, counted from 0."""
    return f"crowd-{n:04}"


def phone(n: int) -> str:
    """Number of the n-th: scattered, but never twice for the same thousand times thousand."""
    return f"154{(n * 7919 + 10_000_019) % 100_000_000:08}"


def _customer(n: int, dice: random.Random, today: date) -> Iterator[tuple[str, Document]]:
    who = customer_id(n)
    woman = dice.random() < 0.5
    surname = dice.choice(COMPOUND) if dice.random() < 0.02 else dice.choice(SURNAMES)
    plan, plan_cents = dice.choice(PLANS)
    extras = dice.sample(NEW_LINES, dice.choice((0, 0, 0, 1, 1, 2)))
    city, district, street = dice.choice(CITIES)
    address = f"{city}{district}{street}{dice.randint(1, 300)}号"
    yield (
        "crm_customers",
        {
            "_id": who,
            "phone": phone(n),
            "name": surname + dice.choice(WOMEN if woman else MEN),
            "title": surname + _title(woman, dice),
            "id_last4": f"{dice.randint(0, 999):03}{dice.choice('0123456789X')}",
            "products": [plan, *(name for code, name, _ in extras if code not in _ONCE)],
            "address": address,
            "since": (today - timedelta(days=dice.randint(30, 5000))).isoformat(),
        },
    )
    yield "crm_accounts", _account(n, plan, plan_cents, dice)
    for bill in _bills(who, plan_cents, extras, dice, today):
        yield "crm_bills", bill
    yield from _orders(n, who, address, dice, today)
    yield from _service_record(n, who, dice, today)


_ONCE = {"over_data", "late_fee", "sim_fee", "premium_call"}  # charges that are no product


def _title(woman: bool, dice: random.Random) -> str:
    if dice.random() < 0.04:
        return dice.choice(("老师", "医生", "经理", "阿姨" if woman else "叔叔"))
    return "女士" if woman else "先生"


def _account(n: int, plan: str, plan_cents: int, dice: random.Random) -> Document:
    owes = dice.random() < 0.12
    cents = (
        -dice.randint(100, 30000) if owes else dice.choice((0, dice.randint(1, 9999), dice.randint(1, 90000)))
    )
    state = dice.choice(("active", "suspended")) if owes else "active"
    account = {"_id": customer_id(n), "customer_id": customer_id(n), "balance_cents": cents, "state": state}
    return {**account, "plan": plan, "plan_cents": plan_cents, "due_day": dice.choice((1, 5, 10, 15, 20, 28))}


def _bills(
    who: str,
    plan_cents: int,
    extras: list[tuple[str, str, int]],
    dice: random.Random,
    today: date,
) -> Iterator[Document]:
    """Three months. Each extra begins in one of them: that is the charge that customers ask about."""
    starts = {code: dice.randint(0, 2) for code, *_ in extras}
    usual = [(line, dice.randint(0, 3)) for line in USUAL if dice.random() < 0.5]
    for age in range(3):
        months = today.year * 12 + today.month - 1 - age
        month = date(months // 12, months % 12 + 1, 1)
        latest = today.day if age == 0 else 28
        lines = [_line(("plan", "套餐月费", plan_cents), month)]
        lines += [_line((code, name, cents * (1 + used)), month) for (code, name, cents), used in usual]
        for code, name, cents in extras:
            begun = starts[code] == age or (starts[code] > age and code not in _ONCE)
            if begun:
                day = month.replace(day=dice.randint(1, latest)) if starts[code] == age else month
                lines.append(_line((code, name, cents), day))
        period = f"{month:%Y-%m}"
        yield {"_id": f"{who}:{period}", "customer_id": who, "period": period, "lines": lines}


def _line(charge: tuple[str, str, int], day: date) -> Document:
    return dict(zip(("code", "name", "cents"), charge, strict=True)) | {"day": day.isoformat()}


def _orders(
    n: int, who: str, address: str, dice: random.Random, today: date
) -> Iterator[tuple[str, Document]]:
    for k in range(dice.choice((0, 1, 1, 1, 2, 2, 3))):
        number = f"76{n:04}{k:02}"
        state, _, newest, oldest = dice.choices(ORDER_STATES, [weight for _, weight, *_ in ORDER_STATES])[0]
        item, cents = dice.choice(ITEMS)
        age = dice.randint(newest, oldest)
        yield (
            "crm_orders",
            {
                "_id": number,
                "customer_id": who,
                "item": item,
                "cents": cents,
                "day": (today - timedelta(days=age)).isoformat(),
                "state": state,
                "address": address,
            },
        )
        if state == "shipped":
            due = (today + timedelta(days=dice.randint(0, 3))).isoformat()
            parcel = {"_id": number, "courier": dice.choice(COURIERS), "place": _place(dice), "due": due}
            yield "crm_shipments", parcel


def _place(dice: random.Random) -> str:
    city, district, _ = dice.choice(CITIES)
    return f"{city[:-1]}{district}{dice.choice(('中转站', '营业点', '分拨中心'))}"


def _service_record(n: int, who: str, dice: random.Random, today: date) -> Iterator[tuple[str, Document]]:
    """Appointments, tickets, consents and calls of before."""
    if n % 4 == 0:  # none shares an hour with another, so that nobody finds all hours taken
        days, hours = divmod(n // 4, 9)
        day, hour = today + timedelta(days=days % 30 - 10), 9 + hours
        state = "booked" if day >= today else dice.choice(("done", "cancelled"))
        when = {"day": day.isoformat(), "time": f"{hour:02}:{dice.choice(('00', '30'))}", "hour": hour}
        visit = {"_id": f"{who}:visit", "customer_id": who, "what": dice.choice(VISITS), "state": state}
        yield "crm_appointments", visit | when
    if dice.random() < 0.3:
        kind, about = dice.choice(TICKETS)
        ticket = {"_id": f"{who}:{kind}", "customer_id": who, "call_id": None, "kind": kind, "about": about}
        yield "tickets", {**ticket, "state": dice.choice(TICKET_STATES), "created_at": _moment(dice, today)}
    for channel in CHANNELS:
        if dice.random() < 0.8:
            consent = {"_id": f"{who}:{channel}", "customer_id": who, "kind": "marketing", "channel": channel}
            given = dice.random() < 0.7
            yield (
                "crm_consents",
                {**consent, "given": given, "source": "contract", "at": _moment(dice, today)},
            )
    if dice.random() < 0.6:
        outcome, summary, mood = dice.choice(PAST_CALLS)
        call = {"_id": f"{who}:past:call", "call_id": f"{who}:past", "customer_id": who, "what": "call"}
        value = {"outcome": outcome, "summary": summary, "mood": mood}
        yield "interactions", {**call, "value": value, "created_at": _moment(dice, today)}


def _moment(dice: random.Random, today: date) -> datetime:
    """Within the last 60 days, in office hours."""
    day = today - timedelta(days=dice.randint(1, 60))
    return datetime.combine(day, time(dice.randint(1, 9), dice.randint(0, 59)), timezone.utc)
