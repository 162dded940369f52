"""INVITEs by the thousand at the real socket: they are shed, and a call in progress does not notice."""

from __future__ import annotations

import asyncio
import socket

import pytest
from sip_node import HOST, Node

from yingda.sansio.sip import CallAnswered, CallEnded, CallOffered, SessionChangeAnswered, SessionChanged, sdp

ATTACKER = "127.0.0.66"
INVITES = 3000
LIMIT_PER_S = 20.0

pytestmark = [pytest.mark.integration, pytest.mark.requirement(206)]


def invite(number: int, port: int) -> bytes:
    body = sdp.build_offer(ATTACKER, 39000, number)
    head = (
        f"INVITE sip:95588@{HOST} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {ATTACKER}:{port};branch=z9hG4bKf{number};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:1@{ATTACKER}>;tag=f{number}\r\nTo: <sip:95588@{HOST}>\r\n"
        f"Call-ID: flood{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:1@{ATTACKER}:{port}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def test_a_flood_is_shed_and_the_call_in_progress_goes_on() -> None:
    async with Node(max_invites_per_s=LIMIT_PER_S, max_calls=500) as node, Node() as caller:
        offer = sdp.build_offer(HOST, 39000, 1)
        call = caller.endpoint.invite(f"sip:95588@{HOST}", "13800138000", offer, (HOST, node.port))
        await caller.until(CallAnswered)

        attacker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        attacker.bind((ATTACKER, 0))
        attacker.setblocking(False)
        begun = asyncio.get_running_loop().time()
        for number in range(INVITES):
            attacker.sendto(invite(number, attacker.getsockname()[1]), (HOST, node.port))
            if number == INVITES // 2:
                caller.endpoint.reinvite(call, offer)
            if number % 20 == 0:
                await asyncio.sleep(0.005)  # 4000 a second; the socket of a stock kernel holds 200
        await caller.until(SessionChangeAnswered, seconds=5.0)
        await asyncio.sleep(0.3)  # what is still in the socket
        taken_s = asyncio.get_running_loop().time() - begun
        attacker.close()

        assert [event.code for event in caller.of(SessionChangeAnswered)] == [200]  # type: ignore[attr-defined]
        assert len(node.of(SessionChanged)) == 1
        counters = node.endpoint.agent.counters
        admitted = len(node.of(CallOffered)) - 1
        assert 1 <= admitted <= LIMIT_PER_S * (1.0 + taken_s) + 1
        assert counters["refused_rate"] > INVITES / 2
        assert counters["refused_rate"] == counters["refused_503"]

        caller.endpoint.hang_up(call)
        await caller.until(CallEnded, seconds=5.0)
        assert [event.cause for event in caller.of(CallEnded)] == ["local_bye"]  # type: ignore[attr-defined]
