"""The fuzzer itself: it repeats itself, and sees crashes, slowness and what is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import sip_fuzz
from bench.sip_fuzz import PEER, Findings, World, clocked, request
from yingda.sansio.sip.message import Message, parse


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Findings:
    monkeypatch.setattr(sip_fuzz, "FOLDER", tmp_path)
    found = Findings()
    found.floor_s = 1.0  # nothing is slow
    return found


def test_the_same_seed_gives_the_same_messages(findings: Findings) -> None:
    one, two = World(5, findings), World(5, findings)
    for _ in range(300):
        assert one.message() == two.message()
    assert World(6, findings).message() != World(7, findings).message()


def test_a_sound_user_agent_passes(findings: Findings) -> None:
    world = World(5, findings)
    for _ in range(300):
        world.step()
    world.flood(200)
    assert world.agent.counters["refused_rate"] + world.agent.counters["refused_overload"] > 0
    assert world.agent.counters["malformed"] > 50
    assert world.end_all() == {}
    assert findings.crashes == []


def test_a_crash_is_kept_once(findings: Findings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fragile(data: bytes) -> Message:
        if b"INVITE" in data:
            raise RuntimeError("not a parse error")
        return parse(data)

    world = World(5, findings)
    monkeypatch.setattr(sip_fuzz, "parse", fragile)
    for _ in range(100):
        world.step()
    assert [crash for crash in findings.crashes if crash.startswith("parser: RuntimeError")] != []
    assert len(findings.crashes) <= 2  # the parser, and what reads the answers
    assert b"INVITE" in (tmp_path / "crash-1.dat").read_bytes()


def test_what_is_left_behind_is_told(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(5, findings)
    monkeypatch.setattr(world.agent, "calls", list)  # nobody hangs up
    world.agent.receive_datagram(request("OPTIONS"), PEER, 0.0)
    assert world.end_all() == {}
    monkeypatch.setattr(world.agent, "handle_timer", lambda now: None)  # no timer ever runs out
    monkeypatch.setattr(sip_fuzz, "MAX_TIMERS", 100)
    world.agent.receive_datagram(request("INVITE", body=sip_fuzz.OFFER), PEER, 0.0)
    assert world.end_all()["calls"] == 1


def test_slowness_counts_only_if_it_comes_again(findings: Findings, tmp_path: Path) -> None:
    findings.floor_s = 1e-9
    findings.timed("parser", b"x" * 1000, 1.0, lambda data: None)
    once = findings.worst
    assert not (tmp_path / "slow.dat").exists()

    def quadratic(data: bytes) -> int:
        return sum(1 for _ in data for _ in data[:100])

    findings.timed("parser", b"x" * 1000, clocked(quadratic, b"x" * 1000), quadratic)
    assert findings.worst > max(once, sip_fuzz.BAR_RATIO)
    assert (tmp_path / "slow.dat").read_bytes() == b"x" * 1000
