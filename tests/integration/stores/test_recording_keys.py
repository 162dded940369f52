"""Data keys and the audit in MongoDB, the machine's or the stand-in: kept, wrapped anew, erased."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.recordings import Recordings
from yingda.gateway.call_record import Recorder
from yingda.gateway.media import MediaSettings
from yingda.gateway.settings import GatewaySettings, RecordingSettings, RecordSettings
from yingda.plumbing import stores
from yingda.plumbing.recording import keys, vault
from yingda.plumbing.recording.format import AUDIO
from yingda.plumbing.recording.keys import KeysError
from yingda.plumbing.recording.read import read_recording
from yingda.plumbing.recording.vault import COLLECTION, Vault

pytestmark = pytest.mark.integration

NUMBER, OTHER = "13800138000", "13900139000"


@pytest.fixture
def tool(mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recordings]:
    monkeypatch.setenv("MONGO_URL", mongo_url)
    monkeypatch.setattr(stores, "DATABASE", "yingda_recording_test")
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    config = GatewaySettings(
        media=MediaSettings(recordings_dir="recordings"), recordings=RecordingSettings(keys_file="keys/ring")
    )
    made = Recordings(config, tmp_path)
    made.database[COLLECTION].delete_many({})
    made.database["audit"].delete_many({})
    assert made.make_keys() and not made.make_keys()
    yield made
    made.database.client.close()


def record(tool: Recordings, call_id: str, number: str) -> Path:
    """A short recording, with keys in MongoDB as the gateway keeps them."""
    folder = tool.files.parent
    recorder = Recorder(RecordSettings(journal_dir=str(folder / "journal")))
    recorder.start()
    ring = keys.load(tool.keys_file)
    kept = Vault(tool.files, ring, recorder.recording_key, lambda *a: recorder.save(COLLECTION, *a))
    path = kept.path(call_id, number)
    file, length, sealer = kept.begin(path, call_id)
    os.pwrite(file, sealer.seal(AUDIO, 0, b"\x55\xd5" * 8000), length)
    os.close(file)
    recorder.stop()
    return path


def data_key(path: Path, tool: Recordings) -> bytes:
    header = vault.read_header(path)
    return keys.load(tool.keys_file).unwrap(header.master, header.wrapped)


def test_the_key_comes_back_from_the_database_when_the_files_are_gone(tool: Recordings) -> None:
    first = record(tool, "c1", NUMBER)
    key = data_key(first, tool)
    assert tool.database[COLLECTION].find_one({"_id": first.parent.name})["customer"] == first.parent.name
    first.unlink()
    assert data_key(record(tool, "c2", NUMBER), tool) == key


def test_a_new_master_key_takes_over_and_the_old_one_may_go(tool: Recordings) -> None:
    paths = [record(tool, "c1", NUMBER), record(tool, "c2", OTHER)]
    before = [data_key(path, tool) for path in paths]
    old = keys.load(tool.keys_file).current
    new = tool.rotate()
    assert tool.rewrap() == (4, []) and tool.rewrap() == (0, [])
    ring = keys.load(tool.keys_file)
    keys.save(tool.keys_file, keys.KeyRing(ring.names_key, {new: ring.masters[new]}))
    assert old != new and [data_key(path, tool) for path in paths] == before
    assert read_recording(paths[0], keys.load(tool.keys_file)).seconds == 1.0
    assert {row["master"] for row in tool.database[COLLECTION].find({})} == {new}


def test_a_forgotten_customer_cannot_be_heard_any_more_and_others_can(tool: Recordings) -> None:
    gone, stays = record(tool, "c1", NUMBER), record(tool, "c2", OTHER)
    copy = os.open(gone, os.O_RDONLY)  # whoever still holds the file
    key = data_key(gone, tool)
    assert tool.forget("+86 138-0013-8000") == 1
    with pytest.raises(KeysError, match="erased"):
        from_copy = os.pread(copy, 100_000, 0)
        (tool.files / "copy.yrec").write_bytes(from_copy)
        read_recording(tool.files / "copy.yrec", keys.load(tool.keys_file))
    os.close(copy)
    assert not gone.parent.exists() and tool.database[COLLECTION].find_one({"_id": gone.parent.name}) is None
    assert read_recording(stays, keys.load(tool.keys_file)).seconds == 1.0
    assert data_key(record(tool, "c3", NUMBER), tool) != key
    (entry,) = tool.database["audit"].find({})
    assert (entry["what"], entry["files"]) == ("forget_customer", 1)


@pytest.mark.requirement(107)
def test_an_export_is_audited(tool: Recordings, tmp_path: Path) -> None:
    record(tool, "c1", NUMBER)
    assert tool.wav("c1", tmp_path / "a.wav", "complaint 17") == 1.0
    (entry,) = tool.database["audit"].find({})
    assert (entry["what"], entry["call_id"], entry["why"]) == ("export_recording", "c1", "complaint 17")
