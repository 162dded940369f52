"""Master keys, customers' keys, and where files lie."""

import base64
from pathlib import Path
from typing import Any

import pytest

from yingda.plumbing.recording import keys, vault
from yingda.plumbing.recording.format import AUDIO
from yingda.plumbing.recording.keys import KeysError
from yingda.plumbing.recording.read import read_recording
from yingda.plumbing.recording.vault import Vault


def test_a_ring_is_written_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "recordings.keys"
    ring = keys.new_ring("2026-11").with_new_master("2026-12")
    keys.save(path, ring)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.load(path, {}) == ring and ring.current == "2026-12"
    assert keys.load(tmp_path / "none", {keys.VARIABLE: ring.to_text().replace("\n", ";")}) == ring
    assert "names_key" not in repr(ring)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a key 'names' and at least one master key"),
        ("names " + base64.b64encode(bytes(32)).decode(), "at least one master key"),
        ("names AAAA", "line 1: key 'names' has 3 bytes, expected 32"),
        ("names !", "line 1: key 'names' is not base64"),
        ("a b c", "line 1: expected a new name and a key"),
    ],
)
def test_a_bad_ring_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(KeysError, match=said) as caught:
        keys.parse(text, "keys")
    assert base64.b64encode(bytes(32)).decode() not in str(caught.value)


def test_missing_keys_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="make-keys"):
        keys.load(tmp_path / "none", {})


@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "+8613800138000",
        "008613800138000",
        "sip:13800138000@10.0.0.1:5060",
        "tel:+86-138-0013-8000",
    ],
)
@pytest.mark.requirement(105)
def test_a_customer_has_one_folder_without_the_number(tmp_path: Path, number: str) -> None:
    ring = keys.parse("names " + base64.b64encode(bytes(32)).decode() + ";m " + "A" * 43 + "=", "test")
    path = Vault(tmp_path, ring).path("call-1", number)
    assert path == Vault(tmp_path, ring).path("call-1", "13800138000")
    shard, customer, name = path.relative_to(tmp_path).parts
    assert customer.startswith(shard) and len(shard) == 2 and name == "call-1.yrec"
    assert "13800138000" not in str(path)
    assert Vault(tmp_path, keys.new_ring("m")).path("call-1", number) != path


def test_names_stay_in_their_folder_and_unknown_callers_apart(tmp_path: Path) -> None:
    kept = Vault(tmp_path, keys.new_ring("m"))
    assert kept.path("../../etc/x", "1").name == "_.._etc_x.yrec"
    assert kept.path("..", "1").name == "call.yrec"
    assert kept.path("a", "").parent != kept.path("b", "").parent


class Store(dict[str, dict[str, Any]]):
    """What MongoDB would keep."""

    def keep(self, key: str, document: dict[str, Any]) -> None:
        self[key] = document


def record(kept: Vault, call_id: str) -> Path:
    path = kept.path(call_id, "13800138000")
    file, length, sealer = kept.begin(path, call_id)
    with open(file, "r+b", buffering=0) as out:
        out.seek(length)
        out.write(sealer.seal(AUDIO, 0, call_id.encode() * 2))
    return path


def data_key(path: Path, ring: keys.KeyRing) -> bytes:
    header = vault.read_header(path)
    return ring.unwrap(header.master, header.wrapped)


def test_a_customer_has_one_data_key_that_outlives_database_or_files(tmp_path: Path) -> None:
    ring, store = keys.new_ring("m"), Store()
    kept = Vault(tmp_path, ring, store.get, store.keep)
    first = record(kept, "c1")
    key = data_key(first, ring)
    (document,) = store.values()
    assert ring.unwrap(document["master"], bytes.fromhex(document["wrapped"])) == key
    store.clear()
    assert data_key(record(kept, "c2"), ring) == key and len(store) == 1
    for path in tmp_path.rglob("*.yrec"):
        path.unlink()
    assert data_key(record(kept, "c3"), ring) == key
    assert vault.read_header(kept.path("c3", "13800138000")).about["customer"] == first.parent.name


def test_another_customer_has_another_key(tmp_path: Path) -> None:
    ring = keys.new_ring("m")
    kept = Vault(tmp_path, ring)
    other = kept.path("c9", "13900139000")
    kept.begin(other, "c9")
    assert data_key(other, ring) != data_key(record(kept, "c1"), ring)


def test_a_call_id_that_comes_again_overwrites_nothing(tmp_path: Path) -> None:
    ring = keys.new_ring("m")
    kept = Vault(tmp_path, ring)
    record(kept, "c1")
    record(kept, "c1")
    assert [read_recording(path, ring).audio for path in tmp_path.rglob("*.yrec")] == [b"c1c1"] * 2
