"""asyncio UDP shell of the SIP user agent: one socket, one timer, events to a callback."""

from __future__ import annotations

import random
from typing import Callable, Optional

from yingda.sansio.sip import CallHandle, Credentials, Event, UserAgent, UserAgentConfig
from yingda.sansio.sip.events import Address


class SipEndpoint:
    """Owns the UDP socket. The commands are those of UserAgent without ``now``.

    ``on_event`` is called in the event loop's thread, after the datagrams that came before it were sent;
    it may call commands. Use only from the event loop's thread.
    """

    def __init__(
        self,
        config: UserAgentConfig,
        on_event: Callable[[Event], None],
        bind_host: str = "0.0.0.0",
        rng: Optional[random.Random] = None,
    ) -> None:
        self.agent = UserAgent(config, rng or random.SystemRandom())
        self._on_event = on_event

    async def start(self) -> None:
        """Bind (bind_host, config.port). Raises OSError when the port is taken."""

    async def close(self) -> None:
        """Send what is queued and close the socket; calls are not hung up (drain first)."""

    def ring(self, call: CallHandle, sdp: bytes = b"") -> None:
        """See UserAgent.ring."""

    def accept(self, call: CallHandle, sdp: bytes) -> None:
        """See UserAgent.accept."""

    def reject(self, call: CallHandle, code: int, reason: str = "", retry_after_s: int = 0) -> None:
        """See UserAgent.reject."""

    def invite(
        self,
        to_uri: str,
        from_number: str,
        sdp: bytes,
        target_addr: Address,
        credentials: Optional[Credentials] = None,
        headers: Optional[dict[str, str]] = None,
    ) -> CallHandle:
        """See UserAgent.invite."""
        return 0

    def cancel(self, call: CallHandle) -> None:
        """See UserAgent.cancel."""

    def hang_up(self, call: CallHandle) -> None:
        """See UserAgent.hang_up."""

    def reinvite(self, call: CallHandle, sdp: bytes) -> None:
        """See UserAgent.reinvite."""

    def answer_reinvite(self, call: CallHandle, sdp: bytes) -> None:
        """See UserAgent.answer_reinvite."""

    def reject_reinvite(self, call: CallHandle, code: int) -> None:
        """See UserAgent.reject_reinvite."""

    def refer(self, call: CallHandle, refer_to_uri: str) -> None:
        """See UserAgent.refer."""
