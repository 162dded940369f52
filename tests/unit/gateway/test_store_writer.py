"""Records survive a store that is away, and a process that dies meanwhile."""

from __future__ import annotations

import threading

from yingda.gateway.store_writer import StoreWriter


class Store:
    """Takes writes while ``is_up``; tells when a given number has arrived."""

    def __init__(self) -> None:
        self.is_up = True
        self.got: list[dict] = []
        self.changed = threading.Condition()

    def apply(self, operation: dict) -> None:
        with self.changed:
            self.changed.notify_all()
            if not self.is_up:
                raise ConnectionError
            self.got.append(operation)

    def wait_for(self, number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= number, timeout=5)


def writer(store: Store, tmp_path, retry_s: float = 0.01) -> StoreWriter:
    return StoreWriter("store", store.apply, tmp_path / "journal" / "store.jsonl", retry_s)


def test_writes_in_order(tmp_path):
    store = Store()
    w = writer(store, tmp_path)
    w.start()
    for number in range(50):
        w.put({"n": number})
    w.stop()
    assert [operation["n"] for operation in store.got] == list(range(50))


def test_what_is_not_taken_is_journalled_and_replayed_in_order(tmp_path):
    store = Store()
    w = writer(store, tmp_path)
    w.start()
    w.put({"n": 0})
    store.wait_for(1)
    store.is_up = False
    for number in range(1, 10):
        w.put({"n": number})
    with store.changed:
        store.changed.wait(timeout=5)
    store.is_up = True
    store.wait_for(10)
    w.stop()
    assert [operation["n"] for operation in store.got] == list(range(10))
    assert not (tmp_path / "journal" / "store.jsonl").exists()


def test_next_process_replays_what_the_last_one_left(tmp_path):
    store = Store()
    store.is_up = False
    w = writer(store, tmp_path, retry_s=60)
    w.start()
    w.put({"n": 1, "text": "话费"})
    w.put({"n": 2})
    w.stop()
    store.is_up = True
    w = writer(store, tmp_path)
    w.start()
    store.wait_for(2)
    w.stop()
    assert store.got == [{"n": 1, "text": "话费"}, {"n": 2}]


def test_half_a_line_is_skipped(tmp_path):
    journal = tmp_path / "journal" / "store.jsonl"
    journal.parent.mkdir()
    journal.write_text('{"n": 1}\n{"n": 2}\n{"n"')
    store = Store()
    w = writer(store, tmp_path)
    w.start()
    store.wait_for(2)
    w.stop()
    assert store.got == [{"n": 1}, {"n": 2}]
