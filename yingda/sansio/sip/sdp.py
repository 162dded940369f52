"""SDP for one telephone audio stream (RFC 4566, offer/answer RFC 3264): PCMA, PCMU, telephone-event.

    offer    = parse(event.sdp)                                 # SdpError carries the SIP code (488, 400)
    media    = negotiate(offer, codecs=("PCMA", "PCMU"))        # what to send and to whom; SdpError 488 if nothing fits
    body     = answer(offer, media, host, port, session_id=7)   # our answer, for accept / answer_reinvite
    body     = build_offer(host, port, session_id=7)            # our offer, for invite / reinvite
    media    = negotiate(parse(their_answer))                   # after CallAnswered
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Sequence


class SdpError(ValueError):
    """SDP that we cannot use. ``code`` is the SIP status to refuse with (400 malformed, 488 not acceptable)."""

    def __init__(self, message: str, code: int = 488) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Codec:
    """One payload type of the audio line."""

    payload_type: int
    name: str  # upper case: "PCMA", "PCMU", "TELEPHONE-EVENT", ...
    rate: int
    fmtp: str = ""


@dataclass(frozen=True)
class SessionDescription:
    """What a peer's SDP says about its first usable audio stream."""

    host: str
    port: int
    codecs: tuple[Codec, ...]
    direction: str = "sendrecv"  # as the peer says it: sendrecv, sendonly, recvonly, inactive
    ptime_ms: int = 20
    maxptime_ms: int = 0
    other_media: tuple[str, ...] = field(default=())  # m= lines before and after, to be refused with port 0
    audio_index: int = 0


@dataclass(frozen=True)
class Media:
    """The agreed stream, seen from us."""

    remote_host: str
    remote_port: int
    codec: str  # "PCMA" or "PCMU"
    payload_type: int
    ptime_ms: int  # length of the packets we send, 10-60
    dtmf_payload_type: Optional[int]  # None: the peer takes no telephone-event
    direction: str  # ours: "sendrecv", "sendonly", "recvonly" or "inactive"

    @property
    def may_send(self) -> bool:
        """We may send audio."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def may_receive(self) -> bool:
        """The peer may send audio."""
        return self.direction in ("sendrecv", "recvonly")

    @property
    def on_hold(self) -> bool:
        """The peer does not want to hear us."""
        return not self.may_send


def parse(body: bytes) -> SessionDescription:
    """Read a peer's offer or answer. Raises SdpError."""
    raise NotImplementedError


def negotiate(remote: SessionDescription, codecs: Sequence[str] = ("PCMA", "PCMU")) -> Media:
    """Choose the first of the peer's codecs that we have too. Raises SdpError(488)."""
    raise NotImplementedError


def answer(
    offer: SessionDescription, media: Media, host: str, port: int, session_id: int, version: int = 1
) -> bytes:
    """Our answer to ``offer``; ``port`` is our RTP port. Same session_id all call long, version grows by one."""
    raise NotImplementedError


def build_offer(
    host: str,
    port: int,
    session_id: int,
    version: int = 1,
    codecs: Sequence[str] = ("PCMA", "PCMU"),
    ptime_ms: int = 20,
    direction: str = "sendrecv",
) -> bytes:
    """Our offer: the codecs and telephone-event 101. ``direction`` "sendonly" or "inactive" holds the call."""
    raise NotImplementedError
