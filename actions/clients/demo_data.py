"""Demo customers, three months of bills, orders, an appointment: `python -m actions.clients.demo_data`.

Seeding again puts the demo customers back as they were and touches nobody else. The thousand of demo_crowd.py
are written when they are missing, or of another month.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from actions.clients import demo_crowd, indexes
from yingda.plumbing import stores

Document = dict[str, Any]

# phone, name, title, last four of the ID, balance in cents, monthly plan in cents, plans and services
CUSTOMERS = (
    ("13800138000", "王丽", "王女士", "6721", 8642, 5900, ("畅享套餐", "国际漫游包")),
    ("13900139000", "李强", "李先生", "304X", 12050, 12900, ("5G畅享套餐", "视频会员")),
    ("13700137000", "张敏", "张女士", "1288", 350, 1900, ("轻享套餐",)),
    ("13600136000", "陈伟", "陈先生", "9056", 20000, 9900, ("家庭套餐", "亲情号")),
)
# customer, number, item, cents, days ago, state, address
ORDERS = (
    (0, "75002381", "电饭煲", 32900, 6, "shipped", "北京市朝阳区建国路88号"),
    (0, "75002466", "蓝牙耳机", 19900, 1, "paid", "北京市朝阳区建国路88号"),
    (0, "75001907", "保温杯", 5900, 15, "delivered", "北京市朝阳区建国路88号"),
    (1, "75002390", "运动鞋", 45900, 9, "delivered", "杭州市西湖区文三路20号"),
    (2, "75002412", "路由器", 12900, 2, "packed", "成都市武侯区人民南路4号"),
)
SHIPMENTS = {"75002381": ("顺丰", "北京顺义中转站", 1)}  # courier, place, days until it comes
BATCH = 500  # documents in one insert, so that none takes longer than a read may wait
ROAMING = {"code": "roaming_pack", "name": "国际漫游包", "cents": 10000}


def documents(today: date) -> dict[str, list[Document]]:
    """The demo customers by collection; bills up to the month of `today`."""
    ids = _ids()
    made: dict[str, list[Document]] = {
        "crm_orders": _orders(ids, today),
        "crm_shipments": _shipments(today),
        "crm_appointments": [_appointment(ids[1], today)],
    }
    for who, (phone, name, title, id_last4, balance_cents, plan_cents, products) in zip(
        ids, CUSTOMERS, strict=True
    ):
        customer = {"_id": who, "phone": phone, "name": name, "title": title, "id_last4": id_last4}
        account = {"_id": who, "customer_id": who, "balance_cents": balance_cents, "state": "active"}
        plan = {"plan": products[0], "plan_cents": plan_cents, "due_day": 15}
        made.setdefault("crm_customers", []).append({**customer, "products": list(products)})
        made.setdefault("crm_accounts", []).append({**account, **plan})
        made.setdefault("crm_bills", []).extend(_bills(who, plan_cents, today))
    return made


def seed(db: Any, today: date | None = None) -> int:
    """Write the demo customers and their bills up to the month of `today`; returns how many customers."""
    ids = _ids()
    for theirs in ("crm_accounts", "crm_bills", "crm_orders", "crm_appointments"):
        db[theirs].delete_many({"customer_id": {"$in": ids}})
    db.crm_shipments.delete_many({"_id": {"$in": list(SHIPMENTS)}})
    db.crm_customers.delete_many({"_id": {"$in": ids}})
    for collection, rows in documents(today or date.today()).items():
        db[collection].insert_many(rows)
    indexes.ensure(db)
    return len(ids)


def seed_crowd(db: Any, today: date | None = None, count: int = demo_crowd.COUNT) -> int:
    """Write the made-up thousand unless they are there and of this month; returns how many were written."""
    today = today or date.today()
    mark = {"_id": "crowd", "version": demo_crowd.VERSION, "count": count, "month": f"{today:%Y-%m}"}
    if db.crm_seed.find_one({"_id": "crowd"}) == mark:
        return 0
    db.crm_seed.delete_many({"_id": {"$in": ["crowd"]}})
    for collection, rows in demo_crowd.crowd(today, count).items():
        db[collection].delete_many({"synthetic": True})
        for begin in range(0, len(rows), BATCH):
            db[collection].insert_many(rows[begin : begin + BATCH])
    db.crm_seed.insert_one(mark)  # last: what was cut short is begun anew
    return count


def _ids() -> list[str]:
    return [f"demo-{phone}" for phone, *_ in CUSTOMERS]


def _bills(customer_id: str, plan_cents: int, today: date) -> list[dict[str, Any]]:
    """This month and the two before; the first demo customer has a roaming pack this month only."""
    bills = []
    for age in range(3):
        months = today.year * 12 + today.month - 1 - age
        month = date(months // 12, months % 12 + 1, 1)
        lines = [
            {"code": "plan", "name": "套餐月费", "cents": plan_cents, "day": month.isoformat()},
            {"code": "sms", "name": "短信费", "cents": 120 + 30 * age, "day": month.isoformat()},
        ]
        if age == 0 and customer_id == f"demo-{CUSTOMERS[0][0]}":
            lines.append({**ROAMING, "day": month.replace(day=min(3, today.day)).isoformat()})
        period = f"{month:%Y-%m}"
        bills.append(
            {"_id": f"{customer_id}:{period}", "customer_id": customer_id, "period": period, "lines": lines}
        )
    return bills


def _orders(ids: list[str], today: date) -> list[dict[str, Any]]:
    return [
        {
            "_id": number,
            "customer_id": ids[who],
            "item": item,
            "cents": cents,
            "day": (today - timedelta(days=age)).isoformat(),
            "state": state,
            "address": address,
        }
        for who, number, item, cents, age, state, address in ORDERS
    ]


def _shipments(today: date) -> list[dict[str, Any]]:
    return [
        {
            "_id": number,
            "courier": courier,
            "place": place,
            "due": (today + timedelta(days=ahead)).isoformat(),
        }
        for number, (courier, place, ahead) in SHIPMENTS.items()
    ]


def _appointment(customer_id: str, today: date) -> dict[str, Any]:
    day = (today + timedelta(days=2)).isoformat()
    when = {"day": day, "time": "10:00", "hour": 10}
    return {
        "_id": f"{customer_id}:repair",
        "customer_id": customer_id,
        "what": "维修",
        "state": "booked",
        **when,
    }


def main() -> int:
    """Seed the database of MONGO_URL."""
    try:
        database = stores.database()
        count, crowd = seed(database), seed_crowd(database)
    except PyMongoError as error:
        print(f"demo data: MongoDB did not answer ({type(error).__name__}); check MONGO_URL", file=sys.stderr)
        return 1
    print(f"demo data: {count} customers, {crowd} of the crowd written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
