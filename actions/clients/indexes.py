"""The indexes of the CRM's collections: `python -m actions.clients.indexes`.

Without them a lookup reads every customer.
"""

from __future__ import annotations

import sys
from typing import Any

from pymongo.errors import PyMongoError

from yingda.plumbing import stores

INDEXES = (
    ("crm_customers", "phone"),
    ("crm_accounts", "customer_id"),
    ("crm_bills", "customer_id"),
    ("crm_orders", "customer_id"),
    ("crm_appointments", "customer_id"),
    ("crm_appointments", "day"),
    ("crm_places", "number"),
    ("crm_consents", "customer_id"),
    ("tickets", "customer_id"),
    ("interactions", "customer_id"),
    ("interactions", "call_id"),
    ("suppressions", "number"),
)


def ensure(database: Any) -> None:
    """Make those that are missing. Again is the same as once."""
    for collection, key in INDEXES:
        database[collection].create_index(key)


def main() -> int:
    """For the database of MONGO_URL."""
    try:
        ensure(stores.database())
    except PyMongoError as error:
        print(f"indexes: MongoDB did not answer ({type(error).__name__}); check MONGO_URL", file=sys.stderr)
        return 1
    print(f"indexes: {len(INDEXES)} are there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
