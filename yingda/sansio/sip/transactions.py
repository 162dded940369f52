"""The four transaction machines of RFC 3261 17 as tables, with the accepted state of RFC 6026.

A machine says, for (state, input): what to do, and the next state. A pair that is not listed is ignored.
Inputs are messages ("1xx", "2xx", "300+", "request", "ack", "send 1xx", ...) and timers ("A" ... "M").
The timers of a state start when it is entered and stop when it is left; one that the next state has as well
runs on. How long each runs: ``Intervals``.

    INVITE client    calling -1xx-> proceeding -2xx-> accepted -M-> terminated
                                               -300+-> completed -D-> terminated
    other client     trying -1xx-> proceeding -200+-> completed -K-> terminated
    INVITE server    proceeding -send 2xx-> accepted -L-> terminated
                                -send 300+-> completed -ack-> confirmed -I-> terminated
    other server     trying -send 1xx-> proceeding -send 200+-> completed -J-> terminated
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

from yingda.sansio.sip.events import Address
from yingda.sansio.sip.message import Request, Response


class State(Enum):
    """Where a transaction is."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Action(Enum):
    """What the transaction layer has to do for a machine."""

    SEND = auto()  # put the request, or the newest response, on the wire
    SEND_ACK = auto()  # acknowledge a 300+ answer to our INVITE (17.1.1.3)
    DELIVER = auto()  # hand the message to the transaction user
    DELIVER_TIMEOUT = auto()  # tell the user that nobody answered
    EXPIRE = auto()  # timer C: CANCEL; the second time nobody answered that either, tell the user
    BACK_OFF = auto()  # start the retransmission timer again, twice as long, T2 at most (A has no such limit)
    RESTART_C = auto()


Transitions = Mapping[tuple[State, str], tuple[tuple[Action, ...], State]]


class Machine(NamedTuple):
    """One transaction machine: its first state, its table, and the timers of each state."""

    name: str
    start: State
    transitions: Transitions
    timers: Mapping[State, tuple[str, ...]]


_S, _A = State, Action

INVITE_CLIENT = Machine(
    "INVITE client",
    _S.CALLING,
    {
        (_S.CALLING, "A"): ((_A.SEND, _A.BACK_OFF), _S.CALLING),
        (_S.CALLING, "B"): ((_A.DELIVER_TIMEOUT,), _S.TERMINATED),
        (_S.CALLING, "1xx"): ((_A.DELIVER,), _S.PROCEEDING),
        (_S.CALLING, "2xx"): ((_A.DELIVER,), _S.ACCEPTED),
        (_S.CALLING, "300+"): ((_A.SEND_ACK, _A.DELIVER), _S.COMPLETED),
        (_S.PROCEEDING, "1xx"): ((_A.RESTART_C, _A.DELIVER), _S.PROCEEDING),
        (_S.PROCEEDING, "2xx"): ((_A.DELIVER,), _S.ACCEPTED),
        (_S.PROCEEDING, "300+"): ((_A.SEND_ACK, _A.DELIVER), _S.COMPLETED),
        (_S.PROCEEDING, "C"): ((_A.EXPIRE,), _S.PROCEEDING),
        (_S.COMPLETED, "300+"): ((_A.SEND_ACK,), _S.COMPLETED),
        (_S.COMPLETED, "D"): ((), _S.TERMINATED),
        (_S.ACCEPTED, "2xx"): ((_A.DELIVER,), _S.ACCEPTED),
        (_S.ACCEPTED, "M"): ((), _S.TERMINATED),
    },
    {_S.CALLING: ("A", "B"), _S.PROCEEDING: ("C",), _S.COMPLETED: ("D",), _S.ACCEPTED: ("M",)},
)

OTHER_CLIENT = Machine(
    "non-INVITE client",
    _S.TRYING,
    {
        (_S.TRYING, "E"): ((_A.SEND, _A.BACK_OFF), _S.TRYING),
        (_S.TRYING, "F"): ((_A.DELIVER_TIMEOUT,), _S.TERMINATED),
        (_S.TRYING, "1xx"): ((_A.DELIVER,), _S.PROCEEDING),
        (_S.TRYING, "2xx"): ((_A.DELIVER,), _S.COMPLETED),
        (_S.TRYING, "300+"): ((_A.DELIVER,), _S.COMPLETED),
        (_S.PROCEEDING, "E"): ((_A.SEND, _A.BACK_OFF), _S.PROCEEDING),
        (_S.PROCEEDING, "F"): ((_A.DELIVER_TIMEOUT,), _S.TERMINATED),
        (_S.PROCEEDING, "1xx"): ((_A.DELIVER,), _S.PROCEEDING),
        (_S.PROCEEDING, "2xx"): ((_A.DELIVER,), _S.COMPLETED),
        (_S.PROCEEDING, "300+"): ((_A.DELIVER,), _S.COMPLETED),
        (_S.COMPLETED, "K"): ((), _S.TERMINATED),
    },
    {_S.TRYING: ("E", "F"), _S.PROCEEDING: ("E", "F"), _S.COMPLETED: ("K",)},
)

INVITE_SERVER = Machine(
    "INVITE server",
    _S.PROCEEDING,
    {
        (_S.PROCEEDING, "request"): ((_A.SEND,), _S.PROCEEDING),
        (_S.PROCEEDING, "send 1xx"): ((_A.SEND,), _S.PROCEEDING),
        (_S.PROCEEDING, "send 2xx"): ((_A.SEND,), _S.ACCEPTED),
        (_S.PROCEEDING, "send 300+"): ((_A.SEND,), _S.COMPLETED),
        (_S.COMPLETED, "request"): ((_A.SEND,), _S.COMPLETED),
        (_S.COMPLETED, "G"): ((_A.SEND, _A.BACK_OFF), _S.COMPLETED),
        (_S.COMPLETED, "ack"): ((), _S.CONFIRMED),
        (_S.COMPLETED, "H"): ((), _S.TERMINATED),
        (_S.CONFIRMED, "I"): ((), _S.TERMINATED),
        (_S.ACCEPTED, "ack"): ((_A.DELIVER,), _S.ACCEPTED),
        (_S.ACCEPTED, "L"): ((), _S.TERMINATED),
    },
    {_S.COMPLETED: ("G", "H"), _S.CONFIRMED: ("I",), _S.ACCEPTED: ("L",)},
)

OTHER_SERVER = Machine(
    "non-INVITE server",
    _S.TRYING,
    {
        (_S.TRYING, "send 1xx"): ((_A.SEND,), _S.PROCEEDING),
        (_S.TRYING, "send 2xx"): ((_A.SEND,), _S.COMPLETED),
        (_S.TRYING, "send 300+"): ((_A.SEND,), _S.COMPLETED),
        (_S.PROCEEDING, "request"): ((_A.SEND,), _S.PROCEEDING),
        (_S.PROCEEDING, "send 1xx"): ((_A.SEND,), _S.PROCEEDING),
        (_S.PROCEEDING, "send 2xx"): ((_A.SEND,), _S.COMPLETED),
        (_S.PROCEEDING, "send 300+"): ((_A.SEND,), _S.COMPLETED),
        (_S.COMPLETED, "request"): ((_A.SEND,), _S.COMPLETED),
        (_S.COMPLETED, "J"): ((), _S.TERMINATED),
    },
    {_S.COMPLETED: ("J",)},
)


@dataclass(frozen=True)
class Intervals:
    """T1, T2, T4 of RFC 3261 table 4 and timer C, in seconds."""

    t1: float
    t2: float
    t4: float
    c: float

    def first(self, timer: str) -> float:
        """How long a timer runs when its state is entered (UDP values)."""
        if timer in "AEG":
            return self.t1
        if timer in "KI":
            return self.t4
        if timer == "C":
            return self.c
        return 64 * self.t1  # B, D, F, H, J, L, M


class Transaction:
    """State of one transaction. ``data`` is what SEND puts on the wire, to ``addr``."""

    __slots__ = ("addr", "data", "interval", "key", "machine", "request", "started_at", "state")

    def __init__(
        self, machine: Machine, request: Request, addr: Address, key: tuple[str, ...], now: float
    ) -> None:
        self.machine = machine
        self.state = machine.start
        self.request = request
        self.addr = addr
        self.data = b""
        self.started_at = now
        self.interval = 0.0
        self.key = key

    def step(self, what: str) -> tuple[tuple[Action, ...], State] | None:
        """What ``what`` means in this state; None: nothing."""
        return self.machine.transitions.get((self.state, what))


OnResponse = Callable[["ClientTransaction", Response | None, float], None]


class ClientTransaction(Transaction):
    """A request of ours. ``on_response`` gets None where nobody answered in time."""

    __slots__ = ("ack", "cancelled", "on_response")

    def __init__(
        self, request: Request, addr: Address, key: tuple[str, ...], on_response: OnResponse, now: float
    ) -> None:
        super().__init__(
            INVITE_CLIENT if request.method == "INVITE" else OTHER_CLIENT, request, addr, key, now
        )
        self.data = bytes(request)
        self.on_response = on_response
        self.cancelled = False
        self.ack = b""


class ServerTransaction(Transaction):
    """A request of the peer. ``merge_key`` finds the same request come by another way (8.2.2.2).

    ``user`` is whatever the transaction user wants to find again, its call.
    """

    __slots__ = ("merge_key", "user")

    def __init__(
        self, request: Request, addr: Address, key: tuple[str, ...], merge_key: tuple[str, ...], now: float
    ) -> None:
        super().__init__(
            INVITE_SERVER if request.method == "INVITE" else OTHER_SERVER, request, addr, key, now
        )
        self.merge_key = merge_key
        self.user: Any = None


def kind_of(status: int) -> str:
    """The input that a response is to a machine."""
    return "1xx" if status < 200 else "2xx" if status < 300 else "300+"
