"""Every MongoDB operator that the code uses, against whichever MongoDB is there.

The embedded stand-in does some operators wrongly without an error ($push onto objects, arrayFilters, partial
indexes, $not), so what is not shown here may not be used.
"""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pymongo
import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 1, 8, 30, 15, 123000, tzinfo=timezone.utc)


def test_a_document_comes_back_as_it_was(collection: Any) -> None:
    document = {
        "_id": "call-1",
        "text": "我账单上怎么多了一百块",
        "cents": 10_000_000_000,
        "latency_ms": 412.5,
        "interrupted": False,
        "nothing": None,
        "at": NOW,
        "heard": {"generation": 3, "spans": [{"from": 0, "to": 4}, {"from": 4, "to": 9}]},
        "boost": ["余额", "账单"],
        "data": b"\x00\xff",
    }
    collection.insert_one(dict(document))
    assert collection.find_one({"_id": "call-1"}) == document


def test_insert_many_and_find_sorted_and_limited(collection: Any) -> None:
    collection.insert_many([{"call_id": "a", "seq": n} for n in (3, 1, 4, 2)] + [{"call_id": "b", "seq": 9}])
    rows = collection.find({"call_id": "a"}).sort("seq", pymongo.DESCENDING).limit(2)
    assert [row["seq"] for row in rows] == [4, 3]
    rows = collection.find({}).sort([("call_id", 1), ("seq", -1)])
    assert [(row["call_id"], row["seq"]) for row in rows] == [
        ("a", 4),
        ("a", 3),
        ("a", 2),
        ("a", 1),
        ("b", 9),
    ]
    assert collection.find_one({"call_id": "c"}) is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"seq": {"$gt": 2}}, [3, 4]),
        ({"seq": {"$lt": 3}}, [1, 2]),
        ({"seq": {"$gt": 1, "$lt": 4}}, [2, 3]),
        ({"seq": {"$in": [1, 4, 7]}}, [1, 4]),
        ({"heard": {"$exists": True}}, [2]),
        ({"at": {"$gt": NOW + timedelta(seconds=2)}}, [3, 4]),
        ({"call_id": "a", "seq": {"$gt": 3}}, [4]),
    ],
)
def test_queries(collection: Any, query: dict[str, Any], expected: list[int]) -> None:
    for seq in (1, 2, 3, 4):
        extra = {"heard": "您好"} if seq == 2 else {}
        collection.insert_one({"call_id": "a", "seq": seq, "at": NOW + timedelta(seconds=seq), **extra})
    assert [row["seq"] for row in collection.find(query).sort("seq", 1)] == expected
    assert collection.count_documents(query) == len(expected)


def test_update_set_inc_and_upsert(collection: Any) -> None:
    change = {"$set": {"status": "ringing"}, "$inc": {"turns": 1}, "$setOnInsert": {"started_at": NOW}}
    collection.update_one({"_id": "call-1"}, change, upsert=True)
    collection.update_one({"_id": "call-1"}, {**change, "$set": {"status": "up", "about.x": 1}}, upsert=True)
    found = collection.find_one({"_id": "call-1"})
    assert found == {"_id": "call-1", "status": "up", "about": {"x": 1}, "turns": 2, "started_at": NOW}
    assert collection.update_one({"_id": "none"}, {"$set": {"a": 1}}).matched_count == 0
    assert collection.count_documents({}) == 1


def test_replace_one_writes_the_whole_document_or_makes_it(collection: Any) -> None:
    key = {"_id": "call-1/3"}
    turns = [{"at": NOW, "heard": {"at": NOW + timedelta(seconds=1), "text": "您好"}}]
    first = {**key, "call_id": "call-1", "started_at": NOW, "about": {"turns": turns}, "dropped": 1}
    made = collection.replace_one(key, first, upsert=True)  # the document names its _id itself
    assert (made.matched_count, made.upserted_id) == (0, "call-1/3")
    assert collection.find_one(key) == first
    second = {**key, "call_id": "call-1", "started_at": NOW, "ended_at": NOW + timedelta(minutes=2)}
    for _ in range(2):  # a journal may be replayed: twice is the same as once
        assert collection.replace_one(key, second, upsert=True).matched_count == 1
        assert list(collection.find({})) == [second]
    found = collection.find({"started_at": {"$gt": NOW - timedelta(seconds=1)}}).sort("started_at", -1)
    assert [row["_id"] for row in found] == ["call-1/3"]
    assert collection.count_documents({"ended_at": {"$lt": NOW}}) == 0


def test_set_on_insert_writes_once(collection: Any) -> None:
    key = {"_id": "call-1:refund:2026-03:roaming_pack"}
    first = {"cents": 10000, "customer_id": None, "created_at": NOW}
    collection.update_one(key, {"$setOnInsert": first}, upsert=True)
    collection.update_one(key, {"$setOnInsert": {"cents": 1, "created_at": NOW}}, upsert=True)
    assert list(collection.find({})) == [{**key, **first}]


def test_one_write_keeps_the_first_and_sets_the_last(collection: Any) -> None:
    key = {"_id": "call-1:call"}
    for n in (1, 2):
        value = {"outcome": f"done {n}", "promises": [{"cents": n, "date": "2026-11-30"}], "lead": None}
        change = {"$setOnInsert": {"created_at": n}, "$set": {"value": value}}
        with pymongo.timeout(1.0):  # a deadline for all that is asked within
            collection.update_one(key, change, upsert=True)
    found = collection.find_one(key)
    assert (found["created_at"], found["value"]["promises"]) == (1, [{"cents": 2, "date": "2026-11-30"}])


def test_find_one_by_several_fields(collection: Any) -> None:
    lines = [{"code": "plan", "cents": 5900, "day": "2026-03-01"}]
    rows = [{"customer_id": who, "period": p, "lines": lines} for who in "ab" for p in ("2026-02", "2026-03")]
    collection.insert_many(rows)
    found = collection.find_one({"customer_id": "b", "period": "2026-02"})
    assert (found["customer_id"], found["period"], found["lines"]) == ("b", "2026-02", lines)
    assert collection.find_one({"customer_id": "b", "period": "2026-01"}) is None


def test_indexes_that_are_not_unique(collection: Any) -> None:
    for _ in range(2):  # again, as every start does
        collection.create_index("phone")
        collection.create_index([("started_at", pymongo.DESCENDING)])
    collection.insert_many([{"phone": "1"}, {"phone": "1"}])
    assert collection.count_documents({"phone": "1"}) == 2


def test_a_ping_is_answered(collection: Any) -> None:
    assert collection.database.client.admin.command("ping")["ok"] == 1


def test_a_set_list_of_objects_stays_objects(collection: Any) -> None:
    spans = [{"from": 0}, {"from": 1}]
    collection.update_one({"_id": 1}, {"$set": {"spans": spans}}, upsert=True)
    collection.update_one({"_id": 1}, {"$set": {"spans": [*spans, {"from": 2}]}})
    assert collection.find_one({"_id": 1})["spans"] == [{"from": 0}, {"from": 1}, {"from": 2}]


def test_delete_many(collection: Any) -> None:
    collection.insert_many([{"who": name} for name in ("a", "b", "b", "c")])
    assert collection.delete_many({"who": {"$in": ["b", "c"]}}).deleted_count == 3
    assert collection.count_documents({}) == 1
    collection.insert_many([{"made_up": True, "n": n} for n in range(3)])
    assert collection.delete_many({"made_up": True}).deleted_count == 3
    assert [row["who"] for row in collection.find({})] == ["a"]


def test_a_unique_compound_index_refuses_the_second(collection: Any) -> None:
    collection.create_index([("call_id", 1), ("seq", 1)], unique=True)
    collection.create_index([("call_id", 1), ("seq", 1)], unique=True)  # again, as every start does
    collection.insert_one({"call_id": "a", "seq": 1})
    collection.insert_one({"call_id": "a", "seq": 2})
    with pytest.raises(DuplicateKeyError):
        collection.insert_one({"call_id": "a", "seq": 1})


def test_unordered_insert_writes_the_rest(collection: Any) -> None:
    collection.create_index([("call_id", 1), ("seq", 1)], unique=True)
    collection.insert_one({"call_id": "a", "seq": 1})
    with pytest.raises(BulkWriteError) as refused:
        collection.insert_many([{"call_id": "a", "seq": seq} for seq in (1, 2, 3)], ordered=False)
    assert {error["code"] for error in refused.value.details["writeErrors"]} == {11000}
    assert sorted(row["seq"] for row in collection.find({})) == [1, 2, 3]


def test_ordered_insert_stops_at_the_first_that_is_there(collection: Any) -> None:
    collection.create_index([("call_id", 1), ("seq", 1)], unique=True)
    collection.insert_one({"call_id": "a", "seq": 2, "writer": "other"})
    for documents, written in (([2, 3, 4], []), ([0, 1, 2, 3], [0, 1])):
        with pytest.raises(BulkWriteError) as refused:
            collection.insert_many([{"call_id": "a", "seq": seq} for seq in documents], ordered=True)
        assert [error["code"] for error in refused.value.details["writeErrors"]] == [11000]
        assert sorted(row["seq"] for row in collection.find({})) == [*written, 2]
    assert collection.find_one({"call_id": "a", "seq": 2})["writer"] == "other"


def test_the_plain_insert_command_tells_what_it_refused(collection: Any) -> None:
    collection.create_index([("call_id", 1), ("seq", 1)], unique=True)
    documents = [{"call_id": "a", "seq": seq, "event": {"name": "字", "list": [{"x": 1}]}} for seq in (1, 2)]
    command = {"insert": collection.name, "documents": documents, "ordered": True}
    assert "writeErrors" not in collection.database.command(command)
    more = [{"call_id": "a", "seq": seq} for seq in (0, 1, 3)]
    answer = collection.database.command({**command, "documents": more})
    assert [error["code"] for error in answer["writeErrors"]] == [11000]
    rows = sorted(collection.find({}), key=lambda row: row["seq"])
    assert [row["seq"] for row in rows] == [0, 1, 2] and all("_id" in row for row in rows)
    assert rows[1]["event"] == documents[0]["event"]


def test_what_is_older_than_a_time_is_deleted(collection: Any) -> None:
    collection.create_index("at")
    now = datetime.now(timezone.utc)
    collection.insert_many([{"_id": "old", "at": now - timedelta(hours=2)}, {"_id": "new", "at": now}])
    assert collection.delete_many({"at": {"$lt": now - timedelta(hours=1)}}).deleted_count == 1
    assert [row["_id"] for row in collection.find({})] == ["new"]


def test_an_index_of_two_fields_answers_for_both(collection: Any) -> None:
    collection.create_index([("call_id", 1), ("seq", 1)], unique=True)
    rows = [{"call_id": call, "seq": seq} for call in ("a", "b") for seq in (3, 1, 2)]
    collection.insert_many(rows)
    found = collection.find({"call_id": {"$eq": "b"}, "seq": {"$gt": 1}}).sort("seq", 1)
    assert [(row["call_id"], row["seq"]) for row in found] == [("b", 2), ("b", 3)]


def test_databases_are_apart(collection: Any) -> None:
    collection.insert_one({"_id": 1})
    other = collection.database.client["yingda_contract_other"][collection.name]
    assert other.count_documents({}) == 0


def test_writers_at_once_lose_nothing(collection: Any) -> None:
    def write() -> None:
        for _ in range(25):
            collection.update_one({"_id": "counter"}, {"$inc": {"n": 1}}, upsert=True)

    collection.insert_one({"_id": "counter", "n": 0})
    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collection.find_one({"_id": "counter"})["n"] == 200


def test_of_many_that_insert_the_same_id_one_does(collection: Any) -> None:
    won: list[int] = []
    barrier = threading.Barrier(8)

    def insert(n: int) -> None:
        barrier.wait()
        with contextlib.suppress(DuplicateKeyError):
            collection.insert_one({"_id": "place:2026-12-22:10:0", "number": n, "claim": 7})
            won.append(n)

    threads = [threading.Thread(target=insert, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # an _id like 2026-12-22T10:00, which reads as a time, is not found by the embedded stand-in
    (row,) = collection.find({"_id": {"$in": ["place:2026-12-22:10:0", "place:2026-12-22:10:1"]}})
    assert won == [row["number"]]
    for claim, deleted in ((8, 0), (7, 1)):  # by all fields at once
        query = {"_id": row["_id"], "number": row["number"], "claim": claim}
        assert collection.delete_many(query).deleted_count == deleted
