"""Every Redis command that the code uses, against whichever Redis is there."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis.exceptions import ResponseError

pytestmark = pytest.mark.integration


def test_a_hash_expires(live: Any) -> None:
    live.hset("contract:call:1", mapping={"status": "processing", "state": "listening"})
    live.hset("contract:call:1", "status", "completed")
    assert live.hgetall("contract:call:1") == {"status": "completed", "state": "listening"}
    assert live.hget("contract:call:1", "status") == "completed"
    live.expire("contract:call:1", 3600)
    assert 3590 < live.ttl("contract:call:1") <= 3600
    live.pexpire("contract:call:1", 20)
    end = time.monotonic() + 2
    while live.exists("contract:call:1") and time.monotonic() < end:
        time.sleep(0.01)
    assert not live.exists("contract:call:1")


def test_a_stream_is_read_from_where_the_reader_was(live: Any) -> None:
    first = live.xadd("contract:events", {"event": "answered", "call_id": "1"}, maxlen=1000, approximate=True)
    live.xadd("contract:events", {"event": "ended", "call_id": "1"}, maxlen=1000, approximate=True)
    ((_, entries),) = live.xread({"contract:events": first}, count=10)
    assert [fields["event"] for _, fields in entries] == ["ended"]
    assert live.xread({"contract:events": entries[-1][0]}, count=10, block=20) in ([], {}, None)
    assert live.xlen("contract:events") == 2
    assert [fields["event"] for _, fields in live.xrange("contract:events", "-", "+")] == [
        "answered",
        "ended",
    ]


def test_a_consumer_group_delivers_again_what_was_not_acknowledged(live: Any) -> None:
    live.xgroup_create("contract:groups", "console", id="0", mkstream=True)
    with pytest.raises(ResponseError, match="BUSYGROUP"):
        live.xgroup_create("contract:groups", "console", id="0", mkstream=True)
    live.xadd("contract:groups", {"event": "answered"})
    ((_, taken),) = live.xreadgroup("console", "one", {"contract:groups": ">"}, count=1)
    assert live.xpending("contract:groups", "console")["pending"] == 1
    ((_, again),) = live.xreadgroup("console", "one", {"contract:groups": "0"}, count=1)
    assert again == taken
    assert live.xack("contract:groups", "console", taken[0][0]) == 1
    assert live.xpending("contract:groups", "console")["pending"] == 0


def test_a_ping_is_answered(live: Any) -> None:
    assert live.ping() is True


def test_several_commands_go_as_one(live: Any) -> None:
    with live.pipeline() as pipe:  # a transaction: MULTI, EXEC
        pipe.hset("contract:call:2", mapping={"status": "up"})
        pipe.expire("contract:call:2", 60)
        pipe.xadd("contract:events2", {"event": "up"}, maxlen=10)
        added, expires, entry = pipe.execute()
    assert (added, expires, bool(entry)) == (1, True, True)


def test_chinese_text_comes_back_as_it_was(live: Any) -> None:
    live.set("contract:text", "您好", ex=60)
    assert live.get("contract:text") == "您好"
    assert live.set("contract:text", "再见", nx=True) is None
    live.delete("contract:text")
    assert live.get("contract:text") is None
