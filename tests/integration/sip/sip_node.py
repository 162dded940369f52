"""A SIP endpoint that answers calls, and a way to run sipp and baresip against it."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
from pathlib import Path

from yingda.gateway.sip_endpoint import SipEndpoint
from yingda.sansio.sip import (
    CallOffered,
    Event,
    SessionChanged,
    UserAgentConfig,
    sdp,
)

HOST = "127.0.0.1"
RTP_PORT = 39000  # nobody listens there: these tests are about signalling


class Node:
    """An endpoint on a free port. ``reject_code`` not 0: refuse all calls with it."""

    def __init__(self, reject_code: int = 0, **config: object) -> None:
        self.events: list[Event] = []
        self.changed = asyncio.Event()
        self._reject_code = reject_code
        settings = UserAgentConfig(host=HOST, port=0, **config)  # type: ignore[arg-type]
        self.endpoint = SipEndpoint(settings, self.on_event, bind_host=HOST, rng=random.Random(1))

    async def __aenter__(self) -> Node:
        await self.endpoint.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.endpoint.close()

    @property
    def port(self) -> int:
        return self.endpoint.local_port

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self.changed.set()
        if isinstance(event, CallOffered):
            if self._reject_code:
                self.endpoint.reject(event.call, self._reject_code)
                return
            self.endpoint.ring(event.call)
            self.endpoint.accept(event.call, answer_to(event.sdp, event.call))
        elif isinstance(event, SessionChanged):
            self.endpoint.answer_reinvite(event.call, answer_to(event.sdp, event.call))

    async def until(self, kind: type, count: int = 1, seconds: float = 30.0) -> None:
        """Wait until ``count`` events of a kind have come."""
        async with asyncio.timeout(seconds):
            while len(self.of(kind)) < count:
                self.changed.clear()
                await self.changed.wait()

    async def until_idle(self, seconds: float = 60.0) -> None:
        """Wait until every call is over."""
        async with asyncio.timeout(seconds):
            while self.endpoint.agent.call_count:
                self.changed.clear()
                await self.changed.wait()


def answer_to(offer: bytes, session_id: int) -> bytes:
    """Our SDP for an offer, or an offer of our own where there is none."""
    if not offer:
        return sdp.build_offer(HOST, RTP_PORT, session_id)
    description = sdp.parse(offer)
    return sdp.answer(description, sdp.negotiate(description), HOST, RTP_PORT, session_id)


def free_port() -> int:
    """A UDP port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


async def start(*args: str, cwd: Path) -> asyncio.subprocess.Process:
    """Start a tool; it must be there (apt install sip-tester baresip-core)."""
    path = shutil.which(args[0])
    assert path, f"{args[0]} is not installed: apt-get install sip-tester baresip-core baresip"
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        path, *args[1:], cwd=cwd, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )


async def finish(process: asyncio.subprocess.Process, seconds: float) -> tuple[int, str]:
    """Exit code and output."""
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode(errors="replace")[-2000:]


async def sipp(*args: str, cwd: Path, seconds: float = 90.0) -> tuple[int, str]:
    """Run sipp to its end."""
    process = await start("sipp", *args, "-i", HOST, "-nostdin", "-trace_err", cwd=cwd)
    return await finish(process, seconds)
