"""A telephone with one line: the SIP core over an asyncio UDP socket, and an RtpLine."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

from yingda.caller.line import RtpLine
from yingda.sansio.sip import (
    CallAnswered,
    CallEnded,
    CallFailed,
    CallOffered,
    CallRinging,
    EarlyMedia,
    Event,
    SessionChanged,
    UserAgent,
    UserAgentConfig,
    sdp,
)

ANSWER_DEADLINE_S = 20.0
BYE_DEADLINE_S = 3.0


class CallNotAnswered(Exception):
    """The call did not come about; the text says why and what to look at."""


class Phone(asyncio.DatagramProtocol):
    """Places one call, or answers one. Use only from the event loop's thread."""

    def __init__(self, number: str, host: str = "127.0.0.1") -> None:
        """``number``: what stands in From. ``host``: the address that the other side reaches us at."""
        self.number, self.host = number, host
        self.line = RtpLine(host)
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_by: str | None = None  # "bot" or "caller"
        self.failure: CallFailed | None = None
        self._agent: UserAgent | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._call: int | None = None
        self._hung_up = False
        self._session = random.getrandbits(31)
        self._version = 1
        self._changed = asyncio.Event()

    async def open(self, port: int = 0) -> int:
        """Bind the SIP port (0: any free one) and return it."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, port))
        bound = int(self._transport.get_extra_info("sockname")[1])
        name = "Yingda test caller"
        config = UserAgentConfig(host=self.host, port=bound, user=self.number, user_agent=name)
        self._agent = UserAgent(config, random.Random())
        return bound

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """asyncio: one SIP datagram."""
        self._do(lambda agent, now: agent.receive_datagram(data, (addr[0], addr[1]), now))

    def error_received(self, exc: Exception) -> None:
        """asyncio: an ICMP error; the transaction timers deal with what is lost."""

    async def call(self, to_number: str, target: tuple[str, int]) -> None:
        """Place the call and return when it is answered and RTP flows; raises CallNotAnswered."""
        offer = sdp.build_offer(self.host, self.line.port, self._session, codecs=("PCMA",))
        uri = f"sip:{to_number}@{target[0]}:{target[1]}"

        def invite(agent: UserAgent, now: float) -> None:
            self._call = agent.invite(uri, self.number, offer, target, now)

        self._do(invite)
        await self._answered(f"{target[0]}:{target[1]}")

    async def wait_for_call(self, deadline_s: float) -> None:
        """Answer the first call that comes in within ``deadline_s``; raises CallNotAnswered."""
        await self._answered("the one who should call", deadline_s)

    async def _answered(self, peer: str, deadline_s: float = ANSWER_DEADLINE_S) -> None:
        deadline = time.monotonic() + deadline_s
        while self.answered_at is None:
            if self.failure is not None:
                raise CallNotAnswered(f"{peer} refused the call: {self.failure.code} {self.failure.reason}")
            left = deadline - time.monotonic()
            if left <= 0:
                said = f"{peer} did not answer within {deadline_s:.0f} s"
                raise CallNotAnswered(f"{said}; is the gateway running?")
            await self._change_within(left)

    async def _change_within(self, seconds: float) -> None:
        self._changed.clear()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def hang_up(self) -> None:
        """End the call from our side, if it is still there, and wait for the answer to the BYE."""
        call = self._call
        if call is None or self.ended_at is not None:
            return
        self._hung_up = True
        self._do(lambda agent, now: agent.hang_up(call, now))
        deadline = time.monotonic() + BYE_DEADLINE_S
        while self.ended_at is None and time.monotonic() < deadline:
            await self._change_within(deadline - time.monotonic())
        if self.ended_at is None:
            self._end("caller")

    async def close(self) -> None:
        """Hang up and release both ports."""
        await self.hang_up()
        self.line.stop()
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def _do(self, command: Callable[[UserAgent, float], None]) -> None:
        agent = self._agent
        if agent is None:
            return
        command(agent, time.monotonic())
        while (event := agent.next_event()) is not None:
            self._take(event)
        if self._transport is not None and not self._transport.is_closing():
            for data, addr in agent.datagrams_to_send(time.monotonic()):
                self._transport.sendto(data, addr)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = agent.get_timer()
        if due is not None:
            delay = max(0.0, due - time.monotonic())
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay, self._do, lambda a, now: a.handle_timer(now))

    def _take(self, event: Event) -> None:
        if isinstance(event, CallAnswered):
            self._connect(event.sdp)
        elif isinstance(event, CallOffered):
            self._accept(event)
        elif isinstance(event, SessionChanged):
            self._change(event)
        elif isinstance(event, CallFailed):
            self.failure = event
        elif isinstance(event, CallEnded):
            self._end("caller" if self._hung_up else "bot")
        elif isinstance(event, (CallRinging, EarlyMedia)):
            return
        self._changed.set()

    def _connect(self, body: bytes) -> None:
        media = sdp.negotiate(sdp.parse(body), codecs=("PCMA",))
        remote = (media.remote_host, media.remote_port)
        self.line.connect(remote, media.payload_type, media.dtmf_payload_type)
        self.answered_at = time.monotonic()
        self.line.start()

    def _accept(self, event: CallOffered) -> None:
        offer = sdp.parse(event.sdp)
        media = sdp.negotiate(offer, codecs=("PCMA",))
        body = sdp.answer(offer, media, self.host, self.line.port, self._session)
        self._call = event.call
        assert self._agent is not None
        self._agent.accept(event.call, body, time.monotonic())
        self._connect(event.sdp)

    def _change(self, event: SessionChanged) -> None:
        offer = sdp.parse(event.sdp)
        media = sdp.negotiate(offer, codecs=("PCMA",))
        self._version += 1
        body = sdp.answer(offer, media, self.host, self.line.port, self._session, self._version)
        assert self._agent is not None
        self._agent.answer_reinvite(event.call, body, time.monotonic())
        self.line.connect((media.remote_host, media.remote_port), media.payload_type, media.dtmf_payload_type)

    def _end(self, by: str) -> None:
        if self.ended_at is None:
            self.ended_at, self.ended_by = time.monotonic(), by
