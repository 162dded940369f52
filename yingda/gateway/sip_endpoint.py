"""asyncio UDP shell of the SIP user agent: one socket, one timer, events to a callback."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable
from typing import Any

from yingda.sansio.sip import (
    CallHandle,
    Credentials,
    Event,
    RegistrationHandle,
    UserAgent,
    UserAgentConfig,
)
from yingda.sansio.sip.events import Address

RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024  # a burst of calls must not overrun the kernel's 208 KiB default


class SipEndpoint(asyncio.DatagramProtocol):
    """Owns the UDP socket. The commands are those of UserAgent without ``now``.

    ``on_event`` is called in the event loop's thread, after the datagrams that came before it were sent;
    it may call commands. Use only from the event loop's thread.
    """

    def __init__(
        self,
        config: UserAgentConfig,
        on_event: Callable[[Event], None],
        bind_host: str = "0.0.0.0",
        rng: random.Random | None = None,
    ) -> None:
        self.agent = UserAgent(config, rng or random.SystemRandom())
        self._on_event = on_event
        self._bind_host = bind_host
        self._transport: asyncio.DatagramTransport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._pumping = False

    async def start(self) -> None:
        """Bind (bind_host, config.port); port 0 takes a free one. Raises OSError when the port is taken."""
        self._loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            sock.bind((self._bind_host, self.agent.config.port))
        except OSError:
            sock.close()
            raise
        if self.agent.config.port == 0:
            self.agent.advertise(self.agent.config.host, int(sock.getsockname()[1]))
        await self._loop.create_datagram_endpoint(lambda: self, sock=sock)

    async def close(self) -> None:
        """Send what is queued and close the socket; calls are not hung up (drain first)."""
        self._pump()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    @property
    def local_port(self) -> int:
        """The bound port, 0 before start."""
        return int(self._transport.get_extra_info("sockname")[1]) if self._transport else 0

    # -- asyncio.DatagramProtocol ------------------------------------------------------------------
    def connection_made(self, transport: Any) -> None:
        """The socket is ready."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """One datagram from the network."""
        self.agent.receive_datagram(data, (addr[0], addr[1]), time.monotonic())
        self._pump()

    def error_received(self, exc: Exception) -> None:
        """ICMP said that a peer is not there; the SIP timers deal with it."""
        self.agent.counters["network_errors"] += 1

    # -- commands ----------------------------------------------------------------------------------
    def ring(self, call: CallHandle, sdp: bytes = b"") -> None:
        """See UserAgent.ring."""
        self.agent.ring(call, time.monotonic(), sdp)
        self._pump()

    def accept(self, call: CallHandle, sdp: bytes) -> None:
        """See UserAgent.accept."""
        self.agent.accept(call, sdp, time.monotonic())
        self._pump()

    def reject(self, call: CallHandle, code: int, reason: str = "", retry_after_s: int = 0) -> None:
        """See UserAgent.reject."""
        self.agent.reject(call, code, time.monotonic(), reason, retry_after_s)
        self._pump()

    def invite(
        self,
        to_uri: str,
        from_number: str,
        sdp: bytes,
        target_addr: Address,
        credentials: Credentials | None = None,
        headers: dict[str, str] | None = None,
    ) -> CallHandle:
        """See UserAgent.invite."""
        now = time.monotonic()
        call = self.agent.invite(to_uri, from_number, sdp, target_addr, now, credentials, headers)
        self._pump()
        return call

    def register(
        self,
        registrar_uri: str,
        aor_uri: str,
        target_addr: Address,
        credentials: Credentials | None = None,
        expires_s: int = 300,
    ) -> RegistrationHandle:
        """See UserAgent.register."""
        now = time.monotonic()
        handle = self.agent.register(registrar_uri, aor_uri, target_addr, now, credentials, expires_s)
        self._pump()
        return handle

    def unregister(self, registration: RegistrationHandle) -> None:
        """See UserAgent.unregister."""
        self.agent.unregister(registration, time.monotonic())
        self._pump()

    def cancel(self, call: CallHandle) -> None:
        """See UserAgent.cancel."""
        self.agent.cancel(call, time.monotonic())
        self._pump()

    def hang_up(self, call: CallHandle) -> None:
        """See UserAgent.hang_up."""
        self.agent.hang_up(call, time.monotonic())
        self._pump()

    def reinvite(self, call: CallHandle, sdp: bytes) -> None:
        """See UserAgent.reinvite."""
        self.agent.reinvite(call, sdp, time.monotonic())
        self._pump()

    def answer_reinvite(self, call: CallHandle, sdp: bytes) -> None:
        """See UserAgent.answer_reinvite."""
        self.agent.answer_reinvite(call, sdp, time.monotonic())
        self._pump()

    def reject_reinvite(self, call: CallHandle, code: int) -> None:
        """See UserAgent.reject_reinvite."""
        self.agent.reject_reinvite(call, code, time.monotonic())
        self._pump()

    def refer(self, call: CallHandle, refer_to_uri: str) -> None:
        """See UserAgent.refer."""
        self.agent.refer(call, refer_to_uri, time.monotonic())
        self._pump()

    # -- the loop ----------------------------------------------------------------------------------
    def _pump(self) -> None:
        """Send, report, send what the reports led to, and arm the timer."""
        self._send()
        if self._pumping:  # a command called from on_event: the outer pump goes on
            return
        self._pumping = True
        try:
            while (event := self.agent.next_event()) is not None:
                self._on_event(event)
        finally:
            self._pumping = False
            self._send()
            self._arm()

    def _send(self) -> None:
        if self._transport is not None:
            for data, addr in self.agent.datagrams_to_send(time.monotonic()):
                self._transport.sendto(data, addr)

    def _arm(self) -> None:
        """Re-arm only for an earlier time: a wake-up that comes too early costs less than a new timer."""
        at = self.agent.get_timer()
        if at is None or self._loop is None or self._transport is None:
            return
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.agent.handle_timer(time.monotonic())
        self._pump()
