"""The calls of a user agent and what its parts share: events, tokens, dialogs, requests inside a dialog."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from yingda.sansio.sip.dialog import Dialog
from yingda.sansio.sip.digest import DigestClient
from yingda.sansio.sip.events import Address, CallHandle, Event
from yingda.sansio.sip.layer import Incoming, TransactionLayer
from yingda.sansio.sip.message import Headers, Response
from yingda.sansio.sip.transactions import ClientTransaction, ServerTransaction

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY"
SDP_TYPE = "application/sdp"
MAX_TRIES = 5  # requests sent anew because of a digest challenge


class CallStateError(Exception):
    """A command that does not fit the state of the call (or the call is over)."""


class CallState(Enum):
    """Where a call is."""

    OFFERED = auto()  # inbound, not answered
    ACCEPTED = auto()  # inbound, our 200 awaits its ACK
    CALLING = auto()  # outbound, not answered
    UP = auto()
    ENDING = auto()  # our BYE awaits its answer
    OVER = auto()


@dataclass
class Unacknowledged:
    """A 2xx of ours that is repeated until its ACK comes (13.3.1.4)."""

    data: bytes
    addr: Address
    cseq: int
    interval: float
    holds_offer: bool


@dataclass(eq=False)
class Call:
    """One call. ``server_tx``: the peer's INVITE or re-INVITE that we still have to answer."""

    handle: CallHandle
    state: CallState
    dialog: Dialog | None = None
    digest: DigestClient | None = None
    server_tx: ServerTransaction | None = None
    client_tx: ClientTransaction | None = None  # our INVITE or re-INVITE in progress
    unacknowledged: Unacknowledged | None = None
    acks: dict[tuple[int, str], tuple[bytes, Address]] = field(default_factory=dict)  # (CSeq, tag) -> our ACK
    peer_contact: str = ""  # of the re-INVITE that awaits our answer
    last_sdp: bytes = b""  # early media of our outgoing call
    rang: int = 0  # newest provisional code reported
    cancel_code: int = 0  # not 0: we gave up our INVITE; the code to report
    hang_up_wanted: bool = False  # BYE as soon as the ACK is here
    offer: bytes = b""  # of our re-INVITE, for the retry after 491
    glare_count: int = 0
    we_called: bool = False


OnAnswer = Callable[[ClientTransaction, Response | None, float], None]


class CallBook:
    """All calls, by handle and by dialog."""

    def __init__(
        self, layer: TransactionLayer, rng: random.Random, t1: float, t2: float, ring_timeout: float
    ) -> None:
        self.layer = layer
        self.rng = rng
        self.t1, self.t2, self.ring_timeout = t1, t2, ring_timeout
        self.contact = ""
        self.user_agent = ""
        self.draining = False  # new calls are refused
        self.events: deque[Event] = deque()
        self._by_handle: dict[CallHandle, Call] = {}
        self._by_dialog: dict[tuple[str, str, str], Call] = {}
        self._serial = 0

    def __len__(self) -> int:
        return len(self._by_handle)

    def handles(self) -> list[CallHandle]:
        """The calls that are not over yet."""
        return list(self._by_handle)

    def table_sizes(self) -> dict[str, int]:
        """Entries of each table."""
        return {
            "calls": len(self._by_handle),
            "dialogs": len(self._by_dialog),
            "events": len(self.events),
        }

    def token(self) -> str:
        """64 random bits in hex."""
        return f"{self.rng.getrandbits(64):016x}"

    def open(self, state: CallState) -> Call:
        """A new call."""
        self._serial += 1
        call = Call(self._serial, state, we_called=state is CallState.CALLING)
        self._by_handle[call.handle] = call
        return call

    def bind(self, call: Call, dialog: Dialog) -> None:
        """Give the call its dialog."""
        call.dialog = dialog
        self._by_dialog[dialog.key] = call

    def close(self, call: Call, event: Event | None) -> None:
        """The call is over: forget it and stop its timers; what is in its transactions runs out alone."""
        if call.state is CallState.OVER:
            return
        call.state = CallState.OVER
        call.unacknowledged = None
        for name in ("2xx", "no ack", "glare", "unanswered"):
            self.layer.timers.cancel(call, name)
        self._by_handle.pop(call.handle, None)
        if call.dialog is not None:
            self._by_dialog.pop(call.dialog.key, None)
        if event is not None:
            self.events.append(event)

    def find(self, handle: CallHandle) -> Call | None:
        """The call of a handle, None when it is over."""
        return self._by_handle.get(handle)

    def get(self, handle: CallHandle, command: str, *states: CallState) -> Call:
        """The call, which must be in one of ``states``. Raises CallStateError."""
        call = self._by_handle.get(handle)
        if call is None:
            raise CallStateError(f"{command}: call {handle} is over or was never there")
        if call.state not in states:
            names = " or ".join(state.name for state in states)
            raise CallStateError(f"{command}: call {handle} is {call.state.name}, expected {names}")
        return call

    def of_dialog(self, call_id: str, local_tag: str, remote_tag: str) -> Call | None:
        """The call that a message inside a dialog belongs to."""
        return self._by_dialog.get((call_id, local_tag, remote_tag))

    # -- messages ----------------------------------------------------------------------------------
    def reply(
        self, tx: ServerTransaction, status: int, tag: str, reason: str = "", sdp: bytes = b""
    ) -> Response:
        """A response to an INVITE, with our Contact where it needs one."""
        response = tx.request.reply(status, tag, reason)
        if 100 < status < 300:
            response.headers["contact"] = [self.contact]
            response.headers["allow"] = [ALLOW]
        if sdp:
            response.headers["content-type"] = [SDP_TYPE]
            response.body = sdp
        response.headers["server"] = [self.user_agent]
        return response

    def refuse(self, incoming: Incoming, status: int, extra: Headers | None = None) -> None:
        """Answer a request without a call; the tag follows from the request, so that repeats get the same."""
        response = incoming.request.reply(status, self.stateless_tag(incoming))
        response.headers.update(extra or {})
        self.layer.reply_once(incoming, response)

    @staticmethod
    def stateless_tag(incoming: Incoming) -> str:
        """A To tag that a repeated request gets again (8.2.7)."""
        return f"{hash(incoming.key) & 0xFFFFFFFFFFFFFFFF:016x}"

    def send_in_dialog(
        self, call: Call, method: str, now: float, on_answer: OnAnswer,
        extra: Headers | None = None, body: bytes = b"", answered: list[tuple[str, str]] | None = None,
    ) -> ClientTransaction:  # fmt: skip
        """Send a request inside the call's dialog; digest challenges are answered on the way."""
        dialog, seen = call.dialog, answered if answered is not None else []
        assert dialog is not None
        request = dialog.request(method, dialog.next_cseq(), self.layer.new_via(self.token()), extra, body)
        if method not in ("BYE", "INFO"):
            request.headers["contact"] = [self.contact]
        request.headers["user-agent"] = [self.user_agent]
        if call.digest is not None:
            request.headers.update(call.digest.headers(method, request.uri))

        def on_response(tx: ClientTransaction, response: Response | None, now: float) -> None:
            if response is not None and self.may_retry(call, response, seen):
                again = self.send_in_dialog(call, method, now, on_answer, extra, body, seen)
                if call.client_tx is tx:
                    call.client_tx = again
            else:
                on_answer(tx, response, now)

        return self.layer.send_request(request, dialog.next_hop(), now, on_response)

    @staticmethod
    def may_retry(call: Call, response: Response, answered: list[tuple[str, str]]) -> bool:
        """Whether a response is a challenge that we can answer."""
        if response.status not in (401, 407) or call.digest is None or len(answered) >= MAX_TRIES:
            return False
        return call.digest.take_challenge(response, answered)

    def acknowledge(self, call: Call, dialog: Dialog, tx: ClientTransaction) -> None:
        """ACK a 2xx (13.2.2.4), with the credentials of the INVITE; a repeated 2xx gets the same ACK."""
        key = (tx.request.cseq, dialog.remote_tag)
        if key not in call.acks:
            extra = {
                name: tx.request.all(name)
                for name in ("authorization", "proxy-authorization")
                if tx.request.all(name)
            }
            ack = dialog.request("ACK", tx.request.cseq, self.layer.new_via(self.token()), extra)
            call.acks[key] = (bytes(ack), dialog.next_hop())
        self.layer.transmit(*call.acks[key])
