"""Demo customers with three months of bills: `python -m actions.clients.demo_data`.

Seeding again puts the demo customers back as they were and touches nobody else.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

from pymongo.errors import PyMongoError

from yingda.plumbing import stores

# phone, name, title, last four of the ID, balance in cents, monthly plan in cents, plans and services
CUSTOMERS = (
    ("13800138000", "王丽", "王女士", "6721", 8642, 5900, ("畅享套餐", "国际漫游包")),
    ("13900139000", "李强", "李先生", "304X", 12050, 12900, ("5G畅享套餐", "视频会员")),
    ("13700137000", "张敏", "张女士", "1288", 350, 1900, ("轻享套餐",)),
    ("13600136000", "陈伟", "陈先生", "9056", 20000, 9900, ("家庭套餐", "亲情号")),
)
ROAMING = {"code": "roaming_pack", "name": "国际漫游包", "cents": 10000}


def seed(db: Any, today: date | None = None) -> int:
    """Write the demo customers and their bills up to the month of `today`; returns how many customers."""
    today = today or date.today()
    ids = [f"demo-{phone}" for phone, *_ in CUSTOMERS]
    db.crm_bills.delete_many({"customer_id": {"$in": ids}})
    db.crm_customers.delete_many({"_id": {"$in": ids}})
    customers, bills = [], []
    for customer_id, (phone, name, title, id_last4, balance_cents, plan_cents, products) in zip(
        ids, CUSTOMERS, strict=True
    ):
        customers.append(
            {
                "_id": customer_id,
                "phone": phone,
                "name": name,
                "title": title,
                "id_last4": id_last4,
                "balance_cents": balance_cents,
                "products": list(products),
            }
        )
        bills.extend(_bills(customer_id, plan_cents, today))
    db.crm_customers.insert_many(customers)
    db.crm_bills.insert_many(bills)
    db.crm_customers.create_index("phone")
    return len(customers)


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


def main() -> int:
    """Seed the database of MONGO_URL."""
    try:
        count = seed(stores.database())
    except PyMongoError as error:
        print(f"demo data: MongoDB did not answer ({type(error).__name__}); check MONGO_URL", file=sys.stderr)
        return 1
    print(f"demo data: {count} customers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
