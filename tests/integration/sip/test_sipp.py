"""The endpoint against sipp, an independent SIP implementation, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest
from sip_node import HOST, Node, free_port, sipp, start

from yingda.gateway.sip_endpoint import SipEndpoint
from yingda.sansio.sip import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallOffered,
    DigitSignalled,
    SessionChanged,
    UserAgentConfig,
    sdp,
)

HERE = Path(__file__).parent
pytestmark = [pytest.mark.integration, pytest.mark.requirement(206), pytest.mark.requirement(86)]


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def test_sixty_calls_come_in(tmp_path: Path) -> None:
    async with Node() as node:
        before = cpu_seconds()
        code, output = await sipp(
            "-sn", "uac", f"{HOST}:{node.port}", "-p", str(free_port()),
            "-m", "60", "-r", "60", "-d", "200", cwd=tmp_path,
        )  # fmt: skip
        assert code == 0, output
        await node.until_idle()
        assert len(node.of(CallOffered)) == len(node.of(CallConfirmed)) == 60
        assert {getattr(event, "cause", "") for event in node.of(CallEnded)} == {"remote_bye"}
        assert node.endpoint.agent.counters["malformed"] == 0
        assert cpu_seconds() - before < 1.0


async def test_calls_come_in_over_a_network_that_loses_every_tenth_packet(tmp_path: Path) -> None:
    async with Node() as node:
        code, output = await sipp(
            "-sn", "uac", f"{HOST}:{node.port}", "-p", str(free_port()),
            "-m", "30", "-r", "30", "-d", "200", "-lost", "10", cwd=tmp_path,
        )  # fmt: skip
        assert code == 0, output
        assert len(node.of(CallOffered)) == 30
        assert node.endpoint.agent.counters["retransmissions_sent"] > 0


async def test_we_place_twenty_calls(tmp_path: Path) -> None:
    port = free_port()
    callee = await start("sipp", "-sn", "uas", "-i", HOST, "-p", str(port), "-nostdin", cwd=tmp_path)
    try:
        async with Node() as node:
            calls = []
            for number in range(20):
                offer = sdp.build_offer(HOST, 39000, number)
                calls.append(node.endpoint.invite(f"sip:1{number}@{HOST}", "95588", offer, (HOST, port)))
            await node.until(CallAnswered, 20)
            for event in node.of(CallAnswered):
                assert isinstance(event, CallAnswered)
                assert sdp.negotiate(sdp.parse(event.sdp)).codec in ("PCMA", "PCMU")
            for call in calls:
                node.endpoint.hang_up(call)
            await node.until(CallEnded, 20)
            assert {getattr(event, "cause", "") for event in node.of(CallEnded)} == {"local_bye"}
    finally:
        callee.kill()
        await callee.wait()


async def test_a_busy_callee_gets_its_ack(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["-sf", str(HERE / "uas486.xml"), "-p", str(port), "-m", "5"]
    callee = asyncio.create_task(sipp(*arguments, cwd=tmp_path))
    async with Node() as node:
        for _ in range(5):
            offer = sdp.build_offer(HOST, 39000, 1)
            node.endpoint.invite(f"sip:10086@{HOST}", "95588", offer, (HOST, port))
        await node.until(CallFailed, 5)
        assert {getattr(event, "code", "") for event in node.of(CallFailed)} == {486}
        code, output = await callee
        assert code == 0, output


async def test_hold_digit_and_hang_up(tmp_path: Path) -> None:
    async with Node() as node:
        arguments = [
            "-sf",
            str(HERE / "uac_hold.xml"),
            f"{HOST}:{node.port}",
            "-p",
            str(free_port()),
            "-m",
            "3",
        ]
        code, output = await sipp(*arguments, cwd=tmp_path)
        assert code == 0, output
        assert len(node.of(SessionChanged)) == 3
        assert {getattr(event, "digit", "") for event in node.of(DigitSignalled)} == {"5"}
        assert {getattr(event, "to_number", "") for event in node.of(CallOffered)} == {"95588"}


async def test_a_draining_endpoint_refuses_new_calls(tmp_path: Path) -> None:
    async with Node() as node:
        node.endpoint.agent.draining = True
        code, _ = await sipp(
            "-sn", "uac", f"{HOST}:{node.port}", "-p", str(free_port()), "-m", "3", "-r", "10", cwd=tmp_path
        )
        assert code == 1  # sipp counts 503 as a failed call
        assert node.endpoint.agent.counters["refused_draining"] == 3
        assert not node.events


async def test_a_taken_port_says_so() -> None:
    async with Node() as node:
        other = SipEndpoint(UserAgentConfig(host=HOST, port=node.port), print, bind_host=HOST)
        with pytest.raises(OSError):
            await other.start()
