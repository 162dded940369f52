"""What the user agent reports: one past-tense dataclass per fact, taken with ``UserAgent.next_event()``.

``call`` is the handle of one call; it is unique for the life of the user agent and never reused.
Every call ends in exactly one of CallFailed, CallCancelled or CallEnded, after which its handle is forgotten.
A call that we reject ourselves ends without an event: whoever rejected it knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Address = tuple[str, int]
CallHandle = int
RegistrationHandle = int


@dataclass(frozen=True)
class CallOffered:
    """A new inbound INVITE. Answer with ring, accept or reject; 100 Trying is out already.

    ``from_number`` and ``to_number`` are the user parts of From and of the Request-URI ("" if there is none).
    ``sdp`` is the offer, b"" where the caller wants our offer in the 200 (the answer comes in CallConfirmed).
    ``peer`` is the address that the INVITE came from; ``headers`` are those that start with ``X-`` plus
    ``p-asserted-identity``, ``diversion`` and ``user-agent`` (names in lower case, first value only).
    """

    call: CallHandle
    from_number: str
    to_number: str
    sdp: bytes
    sip_call_id: str
    peer: Address
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CallCancelled:
    """The caller gave up before we answered (487 is out), or nobody here answered in time (480)."""

    call: CallHandle


@dataclass(frozen=True)
class CallRinging:
    """Our outgoing call rings (180, 181, 182 or a 183 without SDP)."""

    call: CallHandle
    code: int


@dataclass(frozen=True)
class EarlyMedia:
    """A provisional answer to our outgoing call carries SDP: audio may flow before the answer."""

    call: CallHandle
    code: int
    sdp: bytes


@dataclass(frozen=True)
class CallAnswered:
    """Our outgoing call was answered with 2xx (our ACK is out). ``sdp`` is the answer."""

    call: CallHandle
    sdp: bytes


@dataclass(frozen=True)
class CallFailed:
    """Our outgoing call came to nothing: 3xx-6xx, 408 (nobody answered in time), 487 (we cancelled it)."""

    call: CallHandle
    code: int
    reason: str


@dataclass(frozen=True)
class CallConfirmed:
    """The ACK for our 200 arrived. ``sdp`` is the answer in the ACK where our 200 held the offer, else b"".

    After a re-INVITE it comes only where our 200 held the offer.
    """

    call: CallHandle
    sdp: bytes


@dataclass(frozen=True)
class SessionChanged:
    """The peer sent a re-INVITE; answer with answer_reinvite or reject_reinvite.

    ``sdp`` is the new offer (hold, resume, new address or codec), b"" where the peer wants our offer.
    """

    call: CallHandle
    sdp: bytes


@dataclass(frozen=True)
class SessionChangeAnswered:
    """Our own re-INVITE ended: ``code`` 200 with the answer in ``sdp``, or the refusal (nothing changed)."""

    call: CallHandle
    code: int
    sdp: bytes


@dataclass(frozen=True)
class DigitSignalled:
    """A keypad digit came in a SIP INFO (RFC 6086). ``duration_ms`` 0 = not told."""

    call: CallHandle
    digit: str
    duration_ms: int


@dataclass(frozen=True)
class TransferProgressed:
    """Our REFER: the newest status of the transferred call (100 trying ... 200 done, >= 300 failed)."""

    call: CallHandle
    code: int


@dataclass(frozen=True)
class CallEnded:
    """An answered call is over.

    ``cause``: "remote_bye", "local_bye" (our BYE was answered), "bye_timeout" (nobody answered our BYE),
    "no_ack" (our 200 was never acknowledged), "dialog_lost" (the peer answered 481 or 408 inside the call).
    """

    call: CallHandle
    cause: str


@dataclass(frozen=True)
class Registered:
    """A registrar took our binding for ``expires_s`` seconds; it is refreshed without further ado."""

    registration: RegistrationHandle
    expires_s: int


@dataclass(frozen=True)
class RegistrationFailed:
    """A registrar refused our binding, or is silent (408). Tried again every 30 s until unregistered."""

    registration: RegistrationHandle
    code: int
    reason: str


Event = (
    CallOffered
    | CallCancelled
    | CallRinging
    | EarlyMedia
    | CallAnswered
    | CallFailed
    | CallConfirmed
    | SessionChanged
    | SessionChangeAnswered
    | DigitSignalled
    | TransferProgressed
    | CallEnded
    | Registered
    | RegistrationFailed
)
