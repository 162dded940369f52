"""The supervisor on pretended processes: order, failure, restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import supervisor
from scripts.supervisor import Service, StartFailed, Supervisor


class Pretended:
    """Stands in for a Child: alive until told otherwise."""

    def __init__(self, name: str) -> None:
        self.name, self.log, self.pid = name, Path("x.log"), 1
        self.starts, self.alive = 0, False

    def start(self) -> None:
        self.starts, self.alive, self.pid = self.starts + 1, True, self.pid + 1

    def running(self) -> bool:
        return self.alive

    def why_ended(self) -> str | None:
        return None if self.alive else "was killed by signal 9"

    def log_tail(self, lines: int = 15) -> str:
        return "the reason"

    def ask_to_stop(self) -> None:
        self.alive = False

    def stop(self, grace_s: float = 5.0) -> None:
        self.alive = False


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(supervisor, "time", clock)
    return clock


def made(tmp_path: Path) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    return Supervisor(said.append, tmp_path / "run.json"), said


def service(name: str, probe: Any = lambda: None) -> tuple[Service, Pretended]:
    child: Any = Pretended(name)
    return Service(child, probe, 30.0), child


def test_a_start_waits_until_all_are_healthy(tmp_path: Path, clock: Clock) -> None:
    whole, said = made(tmp_path)
    slow, _ = service("speech", lambda: None if clock.now > 120 else "loading")
    quick, _ = service("rasa")
    whole.start([slow, quick])
    assert slow.ready and quick.ready
    assert [line.split()[0] for line in said] == ["rasa", "still", "speech"]
    assert json.loads((tmp_path / "run.json").read_text())["speech"] == {"pid": 2, "restarts": 0}


def test_a_process_that_ends_at_its_start_is_told_with_its_log(tmp_path: Path, clock: Clock) -> None:
    whole, _ = made(tmp_path)
    broken, child = service("speech", lambda: "connection refused")
    child.start = lambda: None  # type: ignore[method-assign]
    with pytest.raises(StartFailed, match=r"speech was killed by signal 9\n--- x.log\nthe reason"):
        whole.start([broken])


def test_a_process_that_is_never_healthy_is_given_up(tmp_path: Path, clock: Clock) -> None:
    whole, _ = made(tmp_path)
    with pytest.raises(StartFailed, match="rasa was not ready after 30 s: no model"):
        whole.start([service("rasa", lambda: "no model")[0]])


def test_a_killed_process_is_started_again_at_once_and_counted(tmp_path: Path, clock: Clock) -> None:
    whole, said = made(tmp_path)
    rasa, child = service("rasa")
    whole.start([rasa])
    child.alive = False
    whole.watch()
    whole.watch()
    whole.watch()
    assert child.starts == 2 and rasa.ready and rasa.restarts == 1
    assert any("rasa was killed by signal 9" in line for line in said)
    assert json.loads((tmp_path / "run.json").read_text())["rasa"]["restarts"] == 1


def test_one_that_keeps_dying_is_started_ever_more_slowly(tmp_path: Path, clock: Clock) -> None:
    whole, _ = made(tmp_path)
    rasa, child = service("rasa")
    whole.start([rasa])
    waits = []
    for _ in range(4):
        child.alive = False
        whole.watch()
        assert rasa.start_again_at is not None
        waits.append(rasa.start_again_at - clock.now)
        clock.now = rasa.start_again_at
        whole.watch()
    assert waits == [0.0, 1.0, 2.0, 4.0]


def test_stop_ends_all_and_leaves_no_state(tmp_path: Path, clock: Clock) -> None:
    whole, _ = made(tmp_path)
    (one, first), (two, second) = service("a"), service("b")
    whole.start([one, two])
    whole.stop()
    assert not first.alive and not second.alive
    assert not (tmp_path / "run.json").exists()


def test_a_replaced_process_stops_when_the_new_one_is_healthy_and_others_are_looked_after(
    tmp_path: Path, clock: Clock
) -> None:
    whole, _ = made(tmp_path)
    (old, ending), (gateway, other) = service("rasa"), service("gateway")
    whole.start([old, gateway])
    new, starting = service("rasa", lambda: None if clock.now > 110 else "loading")
    new.about = {"model": "new"}
    other.alive = False  # dies meanwhile
    whole.replace(old, new)
    assert starting.alive and not ending.alive and other.starts == 2
    assert whole.services == [new, gateway]
    assert json.loads((tmp_path / "run.json").read_text())["rasa"]["model"] == "new"


def test_a_new_process_that_does_not_start_leaves_the_old_one_alone(tmp_path: Path, clock: Clock) -> None:
    whole, _ = made(tmp_path)
    old, working = service("rasa")
    whole.start([old])
    new, broken = service("rasa", lambda: "no model")
    with pytest.raises(StartFailed, match="no model"):
        whole.replace(old, new)
    assert working.alive and not broken.alive and whole.services == [old]
