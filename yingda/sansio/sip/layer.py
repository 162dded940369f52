"""Transaction layer (RFC 3261 17 and 18): datagrams to transactions, timers, outbox."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, Protocol

from yingda.sansio.sip.events import Address
from yingda.sansio.sip.message import ParseError, Request, Response, parse
from yingda.sansio.sip.timers import TimerQueue
from yingda.sansio.sip.transactions import (
    Action,
    ClientTransaction,
    Intervals,
    OnResponse,
    ServerTransaction,
    State,
    Transaction,
    kind_of,
)
from yingda.sansio.sip.uri import Via, parse_via

MAGIC = "z9hG4bK"
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9.!%*_+`'~:\[\]-]+")  # token or host (25.1)


@dataclass(frozen=True)
class Incoming:
    """A request that belongs to no transaction yet. ``reply_to``: where responses go (18.2.2, RFC 3581)."""

    request: Request
    source: Address
    reply_to: Address
    key: tuple[str, ...]
    merge_key: tuple[str, ...]


class TransactionUser(Protocol):
    """Who gets what the layer does not handle itself."""

    def on_request(self, incoming: Incoming, now: float) -> None:
        """A new request, ACK and CANCEL included."""

    def on_ack(self, request: Request, now: float) -> None:
        """An ACK for a 2xx that came with the branch of its INVITE."""


class TransactionLayer:
    """All transactions of one socket. ``sent_by`` (host:port) stands in our Via; ``user`` is set once."""

    user: TransactionUser

    def __init__(self, intervals: Intervals, counters: Counter[str]) -> None:
        self.sent_by = ""
        self.timers = TimerQueue()
        self.counters = counters
        self._intervals = intervals
        self._clients: dict[tuple[str, ...], ClientTransaction] = {}
        self._servers: dict[tuple[str, ...], ServerTransaction] = {}
        self._merged: dict[tuple[str, ...], ServerTransaction] = {}
        self._outbox: deque[tuple[bytes, Address]] = deque()

    @property
    def transaction_count(self) -> int:
        """Transactions not terminated yet."""
        return len(self._clients) + len(self._servers)

    def table_sizes(self) -> dict[str, int]:
        """Entries of each table."""
        return {
            "client transactions": len(self._clients),
            "server transactions": len(self._servers),
            "merge keys": len(self._merged),
            "timers": len(self.timers),
            "datagrams": len(self._outbox),
        }

    def transmit(self, data: bytes, addr: Address) -> None:
        """Queue one datagram."""
        self._outbox.append((data, addr))

    def take_datagrams(self) -> list[tuple[bytes, Address]]:
        """Take what is queued."""
        datagrams = list(self._outbox)
        self._outbox.clear()
        return datagrams

    # -- in ----------------------------------------------------------------------------------------
    def receive_datagram(self, data: bytes, addr: Address, now: float) -> None:
        """Parse and match one datagram."""
        if len(data) <= 4 and not data.strip(b"\r\n\0 "):
            self.counters["keepalives"] += 1
            return
        try:
            message = parse(data)
        except ParseError as error:
            self.counters["malformed"] += 1
            if error.reply is not None:
                self.counters[f"refused_{error.reply.status}"] += 1
                self.transmit(bytes(error.reply), _fix_via(error.reply, addr)[1])
            return
        if isinstance(message, Response):
            self._receive_response(message, now)
        else:
            self._receive_request(message, addr, now)

    def _receive_response(self, response: Response, now: float) -> None:
        via = parse_via(response.first("via"))
        tx = self._clients.get((via.branch, response.cseq_method))
        if tx is None or len(response.all("via")) != 1:
            self.counters["stray_responses"] += 1
            return
        self._step(tx, kind_of(response.status), now, response)

    def _receive_request(self, request: Request, addr: Address, now: float) -> None:
        via, reply_to = _fix_via(request, addr)
        method = "INVITE" if request.method == "ACK" else request.method
        key = server_key(request, via, method)
        tx = self._servers.get(key)
        if tx is not None:
            if request.method == "ACK":
                self._step(tx, "ack", now, request)
            else:
                self.counters["retransmissions_received"] += 1
                self._step(tx, "request", now)
            return
        merge_key = (request.call_id, request.from_tag, request.first("cseq"))
        self.user.on_request(Incoming(request, addr, reply_to, key, merge_key), now)

    # -- server side -------------------------------------------------------------------------------
    def open_server(self, incoming: Incoming, now: float) -> ServerTransaction:
        """Make the transaction of a request that will be answered by ``respond``."""
        tx = ServerTransaction(incoming.request, incoming.reply_to, incoming.key, incoming.merge_key, now)
        self._servers[tx.key] = tx
        self._merged.setdefault(tx.merge_key, tx)
        return tx

    def is_merged(self, incoming: Incoming) -> bool:
        """Whether the same request came by another path and is being handled (8.2.2.2)."""
        return incoming.merge_key in self._merged

    def find_cancelled(self, cancel: Incoming) -> ServerTransaction | None:
        """The INVITE transaction that a CANCEL is about."""
        via = parse_via(cancel.request.first("via"))
        return self._servers.get(server_key(cancel.request, via, "INVITE"))

    def respond(self, tx: ServerTransaction, response: Response, now: float) -> None:
        """Send a response through its transaction; after a final one it is ignored."""
        kind = f"send {kind_of(response.status)}"
        if tx.step(kind) is not None:
            tx.data = bytes(response)
            self._step(tx, kind, now)

    def reply_once(self, incoming: Incoming, response: Response) -> None:
        """Answer without a transaction (8.2.7): a repeated request is simply answered again."""
        if response.status >= 300:
            self.counters[f"refused_{response.status}"] += 1
        self.transmit(bytes(response), incoming.reply_to)

    # -- client side -------------------------------------------------------------------------------
    def new_via(self, token: str) -> str:
        """A Via value with a branch of its own."""
        return f"SIP/2.0/UDP {self.sent_by};rport;branch={MAGIC}{token}"

    def send_request(
        self, request: Request, addr: Address, now: float, on_response: OnResponse
    ) -> ClientTransaction:
        """Send a request (not ACK) and repeat it until a response comes."""
        key = (parse_via(request.first("via")).branch, request.method)
        tx = ClientTransaction(request, addr, key, on_response, now)
        self._clients[key] = tx
        self._start_timers(tx, now)
        self.transmit(tx.data, addr)
        return tx

    def send_cancel(self, tx: ClientTransaction, now: float) -> None:
        """CANCEL our INVITE (9.1): only after a provisional response. Timer C gives up in 64*T1."""
        if tx.state is not State.PROCEEDING or tx.cancelled:
            return
        tx.cancelled = True
        request = _copy_for(tx.request, "CANCEL")
        self.send_request(request, tx.addr, now, _ignore)
        self.timers.set(tx, "C", now + self._intervals.first("B"))

    # -- machines ----------------------------------------------------------------------------------
    def fire(self, tx: Transaction, timer: str, now: float) -> None:
        """A timer of a transaction is due."""
        self._step(tx, timer, now)

    def _step(self, tx: Transaction, what: str, now: float, message: Any = None) -> None:
        found = tx.machine.transitions.get((tx.state, what))
        if found is None:
            return
        actions, state = found
        if state is not tx.state:
            self._enter(tx, state, now)
        for action in actions:
            self._act(tx, action, what, now, message)

    def _act(self, tx: Transaction, action: Action, what: str, now: float, message: Any) -> None:
        if action is Action.SEND:
            if not what.startswith("send"):
                self.counters["retransmissions_sent"] += 1
            if tx.data:
                self.transmit(tx.data, tx.addr)
        elif action is Action.BACK_OFF:
            longest = float("inf") if what == "A" else self._intervals.t2
            tx.interval = longest if tx.state is State.PROCEEDING else min(2 * tx.interval, longest)
            self.timers.set(tx, what, now + tx.interval)
        elif isinstance(tx, ServerTransaction):
            self.user.on_ack(message, now)
        elif isinstance(tx, ClientTransaction):
            self._act_client(tx, action, now, message)

    def _act_client(self, tx: ClientTransaction, action: Action, now: float, message: Any) -> None:
        if action is Action.DELIVER:
            tx.on_response(tx, message, now)
        elif action is Action.DELIVER_TIMEOUT:
            self.counters["timeouts"] += 1
            tx.on_response(tx, None, now)
        elif action is Action.EXPIRE and not tx.cancelled:
            self.send_cancel(tx, now)
        elif action is Action.EXPIRE:
            self._enter(tx, State.TERMINATED, now)
            tx.on_response(tx, None, now)
        elif action is Action.RESTART_C and not tx.cancelled:
            self.timers.set(tx, "C", now + self._intervals.c)
        elif action is Action.SEND_ACK:
            if not tx.ack:
                tx.ack = bytes(_copy_for(tx.request, "ACK", to=message.first("to")))
            self.transmit(tx.ack, tx.addr)

    def _enter(self, tx: Transaction, state: State, now: float) -> None:
        timers = tx.machine.timers
        keep = timers.get(state, ())
        for name in timers.get(tx.state, ()):
            if name not in keep:
                self.timers.cancel(tx, name)
        tx.state = state
        if state is State.TERMINATED:
            self._forget(tx)
        else:
            self._start_timers(tx, now)

    def _start_timers(self, tx: Transaction, now: float) -> None:
        for name in tx.machine.timers.get(tx.state, ()):
            if not self.timers.is_set(tx, name):
                if name in "AEG":
                    tx.interval = self._intervals.t1
                self.timers.set(tx, name, now + self._intervals.first(name))

    def _forget(self, tx: Transaction) -> None:
        if isinstance(tx, ClientTransaction):
            self._clients.pop(tx.key, None)
        elif isinstance(tx, ServerTransaction):
            self._servers.pop(tx.key, None)
            if self._merged.get(tx.merge_key) is tx:
                del self._merged[tx.merge_key]


def server_key(request: Request, via: Via, method: str) -> tuple[str, ...]:
    """What identifies the server transaction of a request (17.2.3; the second form is for RFC 2543 peers)."""
    if via.branch.startswith(MAGIC) and len(via.branch) > len(MAGIC):
        return via.branch, via.host, str(via.port), method
    return request.uri, request.call_id, request.from_tag, str(request.cseq), via.host, via.branch, method


def _fix_via(message: Request | Response, source: Address) -> tuple[Via, Address]:
    """Note the true source in the top Via (18.2.1, RFC 3581); returns that Via and where responses go."""
    value = message.first("via")
    via = parse_via_or_none(value)
    if via is None:  # it is refused; the peer gets back what it sent
        return Via("UDP", source[0], source[1], {}), source
    wants_port = "rport" in via.params
    if wants_port or "received" in via.params:  # the latter is ours to say, never the peer's
        others = "".join(
            f";{name}={_param_value(val)}" if val else f";{name}"
            for name, val in via.params.items()
            if name not in ("rport", "received")
        )
        port = f":{via.port}" if via.port else ""
        rport = f";rport={source[1]}" if wants_port else ""
        fixed = f"SIP/2.0/{via.transport} {via.host}{port}{others}{rport};received={source[0]}"
        message.headers["via"][0] = fixed
    elif via.host != source[0]:
        message.headers["via"][0] = f"{value};received={source[0]}"
    return via, source if wants_port else (source[0], via.port or 5060)


def _param_value(value: str) -> str:
    """A parameter's value as it was written: in quotes where it needs them."""
    if _PLAIN_VALUE.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_via_or_none(value: str) -> Via | None:
    """A Via, or None where it is malformed."""
    try:
        return parse_via(value)
    except ValueError:
        return None


def _ignore(tx: ClientTransaction, response: Response | None, now: float) -> None:
    """The answer to a CANCEL tells nothing; the INVITE's own does."""


def _copy_for(invite: Request, method: str, to: str = "") -> Request:
    """The CANCEL of our request (9.1), or the ACK for a 300+ answer (17.1.1.3): same branch, same route."""
    headers = {
        "via": [invite.first("via")],
        "max-forwards": ["70"],
        "from": invite.all("from"),
        "to": [to or invite.first("to")],
        "call-id": [invite.call_id],
        "cseq": [f"{invite.cseq} {method}"],
    }
    if invite.all("route"):
        headers["route"] = invite.all("route")
    return Request(method, invite.uri, headers)
