"""The learning loop on a real store: items once, groups, patches that git applies, states of the queue."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pymongo
import pytest
import servers

from scripts import learn as program
from scripts.learn_items import DISMISSED, LearningItems

pytestmark = [pytest.mark.integration]

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=timezone.utc)
ESIM = ("电子卡怎么开通", "怎么开通电子卡啊", "你们电子卡怎么开通的", "电子卡能开通吗")


@pytest.fixture
def db(database: tuple[str, Any]) -> Iterator[Any]:
    """A database of the test's own, tz-aware as the product's."""
    client: pymongo.MongoClient = pymongo.MongoClient(database[0], tz_aware=True)
    found = client["yingda_learning"]
    for name in ("events_tracker", "learning_items", "learning_state"):
        found[name].delete_many({})
    yield found
    client.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("data", "knowledge"):
        shutil.copytree(servers.ROOT / name, tmp_path / name)
    shutil.copy(servers.ROOT / "domain.yml", tmp_path / "domain.yml")
    return tmp_path


def happened(db: Any, call: str, text: str, at: datetime = NOW) -> None:
    """A call with one turn that was not understood, as the tracker store writes it."""
    ranking = [{"name": "nlu_fallback", "confidence": 0.7}, {"name": "open_service", "confidence": 0.1}]
    parsed = {"text": text, "intent": ranking[0], "intent_ranking": ranking, "entities": []}
    events = [
        {"event": "action", "name": "action_listen"},
        {"event": "user", "text": text, "parse_data": parsed},
        {"event": "action", "name": "action_not_understood"},
        {"event": "bot", "text": "x", "data": {}, "metadata": {"utter_action": "utter_rephrase"}},
    ]
    db.events_tracker.insert_many(
        [{"sender_id": call, "seq": seq, "at": at, "event": event} for seq, event in enumerate(events)]
    )


@pytest.mark.requirement(47)
def test_a_turn_becomes_one_item_however_often_it_is_collected(db: Any) -> None:
    happened(db, "c1", "我的号码13800138000")
    items = LearningItems(db)
    assert items.collect(NOW) == 1
    happened(db, "c2", "电子卡", NOW + timedelta(minutes=5))
    items.collect(NOW + timedelta(minutes=6))
    items.collect(NOW + timedelta(minutes=7))
    rows = list(db.learning_items.find({}).sort("_id", 1))
    assert [row["_id"] for row in rows] == ["c1:0001", "c2:0001"]
    assert rows[0]["text"] == "我的号码" + "＊" * 11 and rows[0]["did"][0] == "action_not_understood"
    assert rows[0]["ranking"] == [{"intent": "open_service", "confidence": 0.1}]
    assert isinstance(rows[0]["at"], datetime)
    late = NOW + timedelta(hours=3)
    items.collect(late)
    happened(db, "c3", "早就发生的", NOW)  # older than what is looked at again
    assert items.collect(late + timedelta(minutes=1)) == 0


@pytest.mark.requirement(47)
def test_a_group_becomes_a_patch_and_its_items_wait_for_a_person(db: Any, root: Path) -> None:
    for number, text in enumerate([*ESIM, "呜啦呜啦"]):
        happened(db, f"c{number}", text)
    items, said = LearningItems(db), []
    (patch,) = program.learn(items, root, 3, said.append)
    assert patch.parent == root / "var" / "learn" and "电子卡" in patch.read_text(encoding="utf-8")
    done = subprocess.run(["git", "apply", "--check", str(patch)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert items.counts() == {"open": 1, "proposed": 4, "published": 0, "dismissed": 0}
    row = db.learning_items.find_one({"_id": "c0:0001"})
    assert row["patch"] == patch.name and row["owner"]
    assert program.learn(items, root, 3, said.append) == []  # not proposed twice
    assert program.dismiss(items, patch) == 0
    assert items.counts()[DISMISSED] == 4
    assert program.dismiss(items, Path("other.patch")) == 2
