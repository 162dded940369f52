"""The endpoint against baresip, a softphone: it calls us and holds; we call it and hold."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest
from sip_node import HOST, Node, finish, free_port, start

from yingda.sansio.sip import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallOffered,
    SessionChangeAnswered,
    SessionChanged,
    sdp,
)

pytestmark = [pytest.mark.integration, pytest.mark.requirement(206), pytest.mark.requirement(86)]

CONFIG = """
sip_listen {host}:{port}
net_interface {host}
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
audio_source aubridge,nothing
audio_player aubridge,nothing
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports 30000-30999
"""


class Phone:
    """A baresip of its own, told what to do over its control port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.control = free_port(), free_port()
        settings = CONFIG.format(host=HOST, port=self.port, control=self.control)
        (directory / "config").write_text(settings)
        account = f"<sip:13800138000@{HOST};transport=udp>;regint=0;audio_codecs=pcma;answermode=auto"
        (directory / "accounts").write_text(account + "\n")
        (directory / "contacts").write_text("")
        self.process: asyncio.subprocess.Process | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Phone:
        self.process = await start("baresip", "-f", str(self.directory), "-t", "60", cwd=self.directory)
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while b"baresip is ready" not in await self.process.stdout.readline():
                pass
        _, self.writer = await asyncio.open_connection(HOST, self.control)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self.process is not None
        await self.do("quit")
        assert self.writer is not None
        self.writer.close()
        with contextlib.suppress(TimeoutError):  # it is killed then; how it quits is its own affair
            await finish(self.process, 10.0)

    async def do(self, command: str, params: str = "") -> None:
        """One command of baresip's menu, as a netstring."""
        assert self.writer is not None
        text = json.dumps({"command": command, "params": params})
        self.writer.write(f"{len(text)}:{text},".encode())
        await self.writer.drain()


async def test_softphone_calls_holds_resumes_and_hangs_up(tmp_path: Path) -> None:
    async with Node() as node, Phone(tmp_path) as phone:
        await phone.do("dial", f"sip:95588@{HOST}:{node.port}")
        await node.until(CallConfirmed)
        offer = node.of(CallOffered)[0]
        assert isinstance(offer, CallOffered)
        assert (offer.from_number, offer.to_number) == ("13800138000", "95588")
        assert sdp.negotiate(sdp.parse(offer.sdp)).codec == "PCMA"
        for count, (command, on_hold) in enumerate((("hold", True), ("resume", False)), 1):
            await phone.do(command)
            await node.until(SessionChanged, count)
            changed = node.of(SessionChanged)[-1]
            assert isinstance(changed, SessionChanged)
            assert sdp.negotiate(sdp.parse(changed.sdp)).on_hold is on_hold
        await phone.do("hangup")
        await node.until(CallEnded)
        assert node.of(CallEnded) == [CallEnded(offer.call, "remote_bye")]


async def test_we_call_the_softphone_hold_it_and_hang_up(tmp_path: Path) -> None:
    async with Node() as node, Phone(tmp_path) as phone:
        offer = sdp.build_offer(HOST, 39000, 1)
        to = f"sip:13800138000@{HOST}:{phone.port}"
        call = node.endpoint.invite(to, "95588", offer, (HOST, phone.port))
        await node.until(CallAnswered)
        node.endpoint.reinvite(call, sdp.build_offer(HOST, 39000, 1, version=2, direction="sendonly"))
        await node.until(SessionChangeAnswered)
        changed = node.of(SessionChangeAnswered)[0]
        assert isinstance(changed, SessionChangeAnswered)
        assert (changed.code, sdp.parse(changed.sdp).direction) == (200, "recvonly")
        node.endpoint.hang_up(call)
        await node.until(CallEnded)
        assert node.of(CallEnded) == [CallEnded(call, "local_bye")]
