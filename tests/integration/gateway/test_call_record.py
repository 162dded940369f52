"""The record of a call in real stores (the machine's, or the embedded ones), over their wire protocols."""

from __future__ import annotations

import json
import socket

import pytest

from yingda.gateway.call_record import CallRecord, Recorder
from yingda.gateway.settings import RecordSettings
from yingda.plumbing import stores
from yingda.sansio.turns.commands import HeardTurn

pytestmark = pytest.mark.integration


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    mongo = stores.EmbeddedMongo(folder / "mongo", free_port(), folder / "mongo.log")
    redis = stores.EmbeddedRedis(folder, free_port(), folder / "redis.log")
    mongo.start()
    redis.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONGO_URL", mongo.url)
        patch.setenv("REDIS_URL", redis.url)
        yield stores.database(), stores.redis()
    mongo.stop()
    redis.stop()


@pytest.fixture
def recorder(running, tmp_path):
    recorder = Recorder(RecordSettings(journal_dir=str(tmp_path / "journal"), live_ttl_s=600))
    recorder.start()
    yield recorder
    recorder.stop()


EVIDENCE = {"article": "bill-date", "version": "ab12", "source": "手册 2.1", "valid_until": "2027-12-31"}


def one_call(recorder: Recorder, call_id: str) -> None:
    record = CallRecord(recorder, call_id, "inbound", "13800000000", "95000")
    record.answered("var/recordings/x.wav")
    record.bot_spoke(1, 100, None, None)
    record.bot_heard(HeardTurn(1, "您好。", "您好。", False), 900)
    record.customer_turn(1, "我要查话费", 0.9, 1000, 2000, None)
    record.bot_rests_on(2, EVIDENCE)
    record.bot_spoke(2, 2700, 700, None)
    record.bot_heard(HeardTurn(2, "一共三十元。", "一共", True), 3000)
    record.ended("customer_hung_up", {})
    recorder.stop()


@pytest.mark.requirement(97)
def test_call_and_turns_are_in_mongo(running, recorder):
    database, _ = running
    one_call(recorder, "c-97")
    call = database.calls.find_one({"_id": "c-97"})
    assert call["outcome"] == "customer_hung_up" and call["state"] == "ended"
    assert call["started_at"] <= call["answered_at"] <= call["ended_at"]
    assert call["counters"]["barge_ins"] == 1 and call["counters"]["bot_turns"] == 2
    turns = list(database.turns.find({"call_id": "c-97"}).sort("seq", 1))
    assert [(t["seq"], t["side"], t["text"]) for t in turns] == [
        (1, "bot", "您好。"),
        (2, "customer", "我要查话费"),
        (3, "bot", "一共三十元。"),
    ]
    assert turns[2]["heard"] == "一共" and turns[2]["interrupted"] and turns[2]["latency_ms"] == 700
    assert turns[2]["evidence"] == [EVIDENCE] and "evidence" not in turns[0]


@pytest.mark.requirement(56)
@pytest.mark.requirement(58)
def test_live_state_is_in_redis_and_expires(running, recorder):
    _, redis = running
    record = CallRecord(recorder, "c-56", "inbound", "13800000000", "95000")
    record.answered(None)
    recorder.stop()
    live = redis.hgetall("call:c-56")
    assert live["status"] == "answered" and live["direction"] == "inbound"
    assert 0 < redis.ttl("call:c-56") <= 600


@pytest.mark.requirement(57)
def test_events_reach_a_consumer_group_at_least_once(running, recorder):
    _, redis = running
    redis.delete("calls:events")
    redis.xgroup_create("calls:events", "console", id="0", mkstream=True)
    one_call(recorder, "c-57")

    def read(start: str) -> list[dict[str, str]]:
        answer = redis.xreadgroup("console", "one", {"calls:events": start}, count=100)
        return [fields for _, fields in answer[0][1]] if answer else []

    first = read(">")
    names = [fields["event"] for fields in first]
    assert names == ["call_started", "call_answered", "turn", "turn", "turn", "call_ended"]
    assert {fields["call_id"] for fields in first} == {"c-57"}
    assert json.loads(first[4]["data"])["heard"] == "一共"
    assert read("0") == first  # not acknowledged, so given again


@pytest.mark.requirement(97)
def test_record_survives_a_store_that_is_away(running, tmp_path, monkeypatch):
    database, _ = running
    settings = RecordSettings(journal_dir=str(tmp_path / "journal"))
    with monkeypatch.context() as patch:
        patch.setenv("MONGO_URL", "mongodb://127.0.0.1:9")
        away = Recorder(settings)
        away.start()
        one_call(away, "c-88")
    assert database.calls.find_one({"_id": "c-88"}) is None
    back = Recorder(settings)
    back.start()
    back.stop()
    assert database.calls.find_one({"_id": "c-88"})["outcome"] == "customer_hung_up"
    assert database.turns.count_documents({"call_id": "c-88"}) == 3
