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
from collections import Counter

from yingda.sansio.sip.calls import Call, CallBook, CallState, CallStateError
from yingda.sansio.sip.config import UserAgentConfig
from yingda.sansio.sip.digest import Credentials
from yingda.sansio.sip.dispatch import Dispatcher
from yingda.sansio.sip.events import Address, CallHandle, Event, RegistrationHandle
from yingda.sansio.sip.in_dialog import InDialog
from yingda.sansio.sip.inbound import Inbound
from yingda.sansio.sip.layer import TransactionLayer
from yingda.sansio.sip.outbound import Outbound
from yingda.sansio.sip.registration import Registration, Registrations
from yingda.sansio.sip.transactions import Intervals, Transaction

__all__ = ["CallStateError", "Credentials", "UserAgent", "UserAgentConfig"]


class UserAgent:
    """All SIP calls of one UDP socket, inbound and outbound."""

    def __init__(self, config: UserAgentConfig, rng: random.Random) -> None:
        self.config = config
        self.counters: Counter[str] = Counter()  # everything refused, malformed, repeated, by name
        intervals = Intervals(config.t1, config.t2, config.t4, config.ring_timeout_s)
        self._layer = TransactionLayer(intervals, self.counters)
        self._book = CallBook(self._layer, rng, config.t1, config.t2, config.ring_timeout_s)
        self._inbound = Inbound(self._book)
        self._in_dialog = InDialog(self._book, self._inbound)
        self._outbound = Outbound(self._book)
        self._registrations = Registrations(self._book)
        self._layer.user = Dispatcher(config, self._book, self._inbound, self._in_dialog)
        self._book.user_agent = config.user_agent
        self.advertise(config.host, config.port)

    def advertise(self, host: str, port: int) -> None:
        """Change what Via and Contact say from now on (when the port is known only after binding)."""
        self._layer.sent_by = f"{host}:{port}"
        self._book.contact = f"<sip:{self.config.user}@{host}:{port}>"
        self._outbound.domain = self.config.domain or host

    # -- the four sans-I/O calls -------------------------------------------------------------------
    def receive_datagram(self, data: bytes, addr: Address, now: float) -> None:
        """Take one datagram. Never raises on what peers send; what it refuses is in ``counters``."""
        self._layer.receive_datagram(data, addr, now)

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or None."""
        return self._book.events.popleft() if self._book.events else None

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, Address]]:
        """Take the datagrams that are due, oldest first."""
        return self._layer.take_datagrams()

    def get_timer(self) -> float | None:
        """The time at which handle_timer wants to run, or None."""
        return self._layer.timers.next_at()

    def handle_timer(self, now: float) -> None:
        """Run every timer that is due at ``now``."""
        while (due := self._layer.timers.pop_due(now)) is not None:
            owner, name = due
            if isinstance(owner, Transaction):
                self._layer.fire(owner, name, now)
            elif isinstance(owner, Call):
                self._call_timer(owner, name, now)
            elif isinstance(owner, Registration):
                self._registrations.refresh(owner, now)

    def _call_timer(self, call: Call, name: str, now: float) -> None:
        if name == "2xx":
            self._inbound.repeat_ok(call, now)
        elif name == "no ack":
            self._inbound.give_up_ack(call, now)
        elif name == "unanswered":
            self._inbound.give_up_offer(call, now)
        elif name == "glare":
            self._in_dialog.try_reinvite(call, now)

    @property
    def draining(self) -> bool:
        """Set to True: new calls get 503 with Retry-After, the running ones go on."""
        return self._book.draining

    @draining.setter
    def draining(self, value: bool) -> None:
        self._book.draining = value

    @property
    def call_count(self) -> int:
        """Calls that are not over yet."""
        return len(self._book)

    @property
    def transaction_count(self) -> int:
        """Transactions not over yet; each goes away by itself, 32 s after its call at most."""
        return self._layer.transaction_count

    def calls(self) -> list[CallHandle]:
        """The calls that are not over yet."""
        return self._book.handles()

    def table_sizes(self) -> dict[str, int]:
        """Entries of each table that messages of peers fill; all 0 once every call and timer is over."""
        return {**self._layer.table_sizes(), **self._book.table_sizes()}

    # -- inbound calls -----------------------------------------------------------------------------
    def ring(self, call: CallHandle, now: float, sdp: bytes = b"") -> None:
        """Send 180 Ringing, or 183 Session Progress with ``sdp`` for early media."""
        self._inbound.ring(call, sdp, now)

    def accept(self, call: CallHandle, sdp: bytes, now: float) -> None:
        """Answer 200 with ``sdp``; it is repeated until the ACK comes (CallConfirmed), 64*T1 at most."""
        self._inbound.accept(call, sdp, now)

    def reject(
        self, call: CallHandle, code: int, now: float, reason: str = "", retry_after_s: int = 0
    ) -> None:
        """Refuse an offered call with a 3xx-6xx ``code``. The handle is forgotten, no event follows."""
        self._inbound.reject(
            self._book.get(call, "reject", CallState.OFFERED), code, reason, retry_after_s, now
        )

    # -- outbound calls ----------------------------------------------------------------------------
    def invite(
        self,
        to_uri: str,
        from_number: str,
        sdp: bytes,
        target_addr: Address,
        now: float,
        credentials: Credentials | None = None,
        headers: dict[str, str] | None = None,
    ) -> CallHandle:
        """Place a call: send INVITE ``to_uri`` from ``sip:from_number@host`` to ``target_addr``.

        Then come CallRinging, EarlyMedia, and CallAnswered or CallFailed. ``headers`` are added as they are.
        Raises ValueError for a ``to_uri`` that is not a SIP URI, a number or a header that is malformed.
        """
        return self._outbound.invite(to_uri, from_number, sdp, target_addr, now, credentials, headers)

    def cancel(self, call: CallHandle, now: float) -> None:
        """Give up our unanswered outgoing call; CallFailed follows, also where the answer was faster."""
        self._outbound.cancel(self._book.get(call, "cancel", CallState.CALLING), now)

    def register(
        self,
        registrar_uri: str,
        aor_uri: str,
        target_addr: Address,
        now: float,
        credentials: Credentials | None = None,
        expires_s: int = 300,
    ) -> RegistrationHandle:
        """Tell the registrar of ``aor_uri`` (sip:number@domain) where we are, and go on telling it.

        Registered or RegistrationFailed follow each attempt. Raises ValueError for malformed URIs.
        """
        return self._registrations.add(registrar_uri, aor_uri, target_addr, credentials, expires_s, now)

    def unregister(self, registration: RegistrationHandle, now: float) -> None:
        """Take the binding away; no event follows. Unknown handles are ignored."""
        self._registrations.remove(registration, now)

    # -- calls in progress -------------------------------------------------------------------------
    def hang_up(self, call: CallHandle, now: float) -> None:
        """End the call in whatever state it is: BYE, CANCEL or 480. Unknown handles are ignored."""
        found = self._book.find(call)
        if found is None:
            return
        if found.state is CallState.UP:
            self._inbound.send_bye(found, now)
        elif found.state is CallState.ACCEPTED:
            found.hang_up_wanted = True  # no BYE before the ACK (RFC 3261 15)
        elif found.state is CallState.CALLING:
            self._outbound.cancel(found, now)
        elif found.state is CallState.OFFERED:
            self._inbound.reject(found, 480, "", 0, now)

    def reinvite(self, call: CallHandle, sdp: bytes, now: float) -> None:
        """Offer a changed session (hold, resume, codec). SessionChangeAnswered follows; 491 is retried."""
        self._in_dialog.reinvite(call, sdp, now)

    def answer_reinvite(self, call: CallHandle, sdp: bytes, now: float) -> None:
        """Answer SessionChanged with 200 and our ``sdp``."""
        self._in_dialog.answer_reinvite(call, sdp, now)

    def reject_reinvite(self, call: CallHandle, code: int, now: float) -> None:
        """Refuse SessionChanged (488 usually); the session stays as it was."""
        self._in_dialog.reject_reinvite(call, code, now)

    def refer(self, call: CallHandle, refer_to_uri: str, now: float) -> None:
        """Blind transfer (RFC 3515): ask the peer to call ``refer_to_uri``. TransferProgressed follows."""
        self._in_dialog.refer(call, refer_to_uri, now)
