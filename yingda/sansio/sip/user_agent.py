"""SIP user agent without I/O (RFC 3261 over UDP): datagrams and commands in, events and datagrams out.

Usage, by a shell that owns the socket and the clock (``now``: float seconds, monotonic)::

    agent = UserAgent(UserAgentConfig(host="192.0.2.10", port=5060), random.Random())
    agent.receive_datagram(data, addr, now)      # or a command: agent.accept(call, sdp, now)
    while (event := agent.next_event()) is not None: ...
    for data, addr in agent.datagrams_to_send(now): sock.sendto(data, addr)
    wake_at = agent.get_timer()                  # then agent.handle_timer(now)

After each receive_datagram, handle_timer or command: take events, send datagrams, re-arm the timer.
A command for a call that is gone or in the wrong state raises CallStateError and changes nothing;
``hang_up`` never raises (a call may end in the same instant).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Optional

from yingda.sansio.sip.events import Address, CallHandle, Event


class CallStateError(Exception):
    """A command that does not fit the state of the call (or the call is over)."""


@dataclass(frozen=True)
class Credentials:
    """Digest user and password of a trunk."""

    username: str
    password: str


@dataclass(frozen=True)
class UserAgentConfig:
    """``host``/``port``: what we put in Via and Contact (reachable by peers). Times in seconds."""

    host: str
    port: int = 5060
    user: str = "yingda"
    user_agent: str = "Yingda"
    max_calls: int = 1000  # beyond it a new INVITE gets 503 with Retry-After
    retry_after_s: int = 5
    t1: float = 0.5  # round trip estimate, RFC 3261 17.1.1.1
    t2: float = 4.0  # longest retransmission interval of requests other than INVITE and of answers to INVITE
    t4: float = 5.0  # longest life of a datagram in the network
    ring_timeout_s: float = 180.0  # timer C: our INVITE is cancelled when nobody answers for so long


class UserAgent:
    """All SIP calls of one UDP socket, inbound and outbound."""

    def __init__(self, config: UserAgentConfig, rng: random.Random) -> None:
        self.config = config
        self.counters: dict[str, int] = {}  # everything refused, malformed, retransmitted, by name
        self.draining = False  # set to True: new calls get 503 with Retry-After, the running ones go on

    # -- the four sans-I/O calls -------------------------------------------------------------------
    def receive_datagram(self, data: bytes, addr: Address, now: float) -> None:
        """Take one datagram. Never raises on what peers send; what it refuses is in ``counters``."""

    def next_event(self) -> Optional[Event]:
        """The oldest event not yet taken, or None."""
        return None

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, Address]]:
        """Take the datagrams that are due, oldest first."""
        return []

    def get_timer(self) -> Optional[float]:
        """The time at which handle_timer wants to run, or None."""
        return None

    def handle_timer(self, now: float) -> None:
        """Run every timer that is due at ``now``."""

    @property
    def call_count(self) -> int:
        """Calls that are not over yet."""
        return 0

    # -- inbound calls -----------------------------------------------------------------------------
    def ring(self, call: CallHandle, now: float, sdp: bytes = b"") -> None:
        """Send 180 Ringing, or 183 Session Progress with ``sdp`` for early media."""

    def accept(self, call: CallHandle, sdp: bytes, now: float) -> None:
        """Answer 200 with ``sdp``; it is repeated until the ACK comes (CallConfirmed), 64*T1 at most."""

    def reject(self, call: CallHandle, code: int, now: float, reason: str = "", retry_after_s: int = 0) -> None:
        """Refuse an offered call with a 3xx-6xx ``code``. The handle is forgotten, no event follows."""

    # -- outbound calls ----------------------------------------------------------------------------
    def invite(
        self,
        to_uri: str,
        from_number: str,
        sdp: bytes,
        target_addr: Address,
        now: float,
        credentials: Optional[Credentials] = None,
        headers: Optional[dict[str, str]] = None,
    ) -> CallHandle:
        """Place a call: send INVITE ``to_uri`` from ``sip:from_number@host`` to ``target_addr``.

        Then come CallRinging, EarlyMedia, and CallAnswered or CallFailed. ``headers`` are added as they are.
        Raises ValueError for a ``to_uri`` that is not a SIP URI.
        """
        return 0

    def cancel(self, call: CallHandle, now: float) -> None:
        """Give up our unanswered outgoing call; CallFailed(487) follows (or CallEnded if the answer was faster)."""

    # -- calls in progress -------------------------------------------------------------------------
    def hang_up(self, call: CallHandle, now: float) -> None:
        """End the call in whatever state it is: BYE, CANCEL or 480. Unknown handles are ignored."""

    def reinvite(self, call: CallHandle, sdp: bytes, now: float) -> None:
        """Offer a changed session (hold, resume, codec). SessionChangeAnswered follows; 491 is retried inside."""

    def answer_reinvite(self, call: CallHandle, sdp: bytes, now: float) -> None:
        """Answer SessionChanged with 200 and our ``sdp``."""

    def reject_reinvite(self, call: CallHandle, code: int, now: float) -> None:
        """Refuse SessionChanged (488 usually); the session stays as it was."""

    def refer(self, call: CallHandle, refer_to_uri: str, now: float) -> None:
        """Blind transfer (RFC 3515): ask the peer to call ``refer_to_uri``. TransferProgressed follows."""
