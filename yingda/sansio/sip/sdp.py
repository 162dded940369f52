"""SDP for one telephone audio stream (RFC 4566, offer/answer RFC 3264): PCMA, PCMU, telephone-event.

offer    = parse(event.sdp)                                 # SdpError carries the SIP code (488, 400)
media    = negotiate(offer, codecs=("PCMA", "PCMU"))        # what to send, to whom; SdpError 488
body     = answer(offer, media, host, port, session_id=7)   # our answer, for accept / answer_reinvite
body     = build_offer(host, port, session_id=7)            # our offer, for invite / reinvite
media    = negotiate(parse(their_answer))                   # after CallAnswered
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yingda.sansio.sip.uri import is_ipv4


class SdpError(ValueError):
    """SDP that we cannot use. ``code``: the SIP status to refuse with (400 malformed, 488)."""

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
    ptime_ms: int = 0  # 0 = not said
    maxptime_ms: int = 0
    media_lines: tuple[str, ...] = ()  # every m= line; all but the audio_index-th are refused with port 0
    audio_index: int = 0


@dataclass(frozen=True)
class Media:
    """The agreed stream, seen from us."""

    remote_host: str
    remote_port: int
    codec: str  # "PCMA" or "PCMU"
    payload_type: int
    ptime_ms: int  # length of the packets we send, 10-60
    dtmf_payload_type: int | None  # None: the peer takes no telephone-event
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


_STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_MIRROR = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8}
_DTMF = "TELEPHONE-EVENT"
_MAX_LINES = 512


def parse(body: bytes) -> SessionDescription:
    """Read a peer's offer or answer; its first audio stream over RTP/AVP counts. Raises SdpError."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").strip("\n\0 ").split("\n")
    if not lines[0].startswith("v=0") or len(lines) > _MAX_LINES:
        raise SdpError("the body is not SDP (no v=0 line)", 400)
    common: list[str] = []
    streams: list[list[str]] = []
    for line in lines:
        if line[1:2] != "=":
            raise SdpError(f"malformed SDP line {line[:20]!r}", 400)
        if line[0] == "m":
            streams.append([line])
        else:
            (streams[-1] if streams else common).append(line)
    media = [stream[0][2:].split() for stream in streams]
    if any(len(parts) < 4 for parts in media):  # those that we refuse too: our answer repeats them
        raise SdpError("malformed m= line", 400)
    media_lines = tuple(" ".join(parts) for parts in media)
    for index, (stream, parts) in enumerate(zip(streams, media, strict=True)):
        if parts[0] == "audio" and parts[2] == "RTP/AVP" and parts[1] != "0":
            return _audio(common, stream[1:], parts, media_lines, index)
    raise SdpError("no audio stream over RTP/AVP")


def _audio(
    common: list[str], stream: list[str], parts: list[str], media_lines: tuple[str, ...], index: int
) -> SessionDescription:
    port = _number(parts[1].partition("/")[0], 1, 65535, "port")
    attributes = _Attributes()
    host = ""
    for line in common + stream:
        if line.startswith("c="):
            host = _host(line)
        elif line.startswith("a="):
            attributes.read(line[2:].strip())
    if not host:
        raise SdpError("no c= line", 400)
    codecs = []
    for text in parts[3:]:
        number = _number(text, 0, 127, "payload type")
        name, rate = attributes.rtpmap.get(number) or _STATIC.get(number, ("", 0))
        if name:
            codecs.append(Codec(number, name, rate, attributes.fmtp.get(number, "")))
    direction = attributes.direction
    if host == "0.0.0.0":  # the hold of RFC 2543
        direction = "inactive" if direction in ("recvonly", "inactive") else "sendonly"
    return SessionDescription(
        host, port, tuple(codecs), direction, attributes.ptime_ms, attributes.maxptime_ms, media_lines, index
    )


class _Attributes:
    """The a= lines that matter; those of the stream come after those of the session and win."""

    def __init__(self) -> None:
        self.rtpmap: dict[int, tuple[str, int]] = {}
        self.fmtp: dict[int, str] = {}
        self.direction = "sendrecv"
        self.ptime_ms = 0
        self.maxptime_ms = 0

    def read(self, text: str) -> None:
        name, _, value = text.partition(":")
        if text in _DIRECTIONS:
            self.direction = text
        elif name in ("ptime", "maxptime"):
            whole = value.strip().partition(".")[0]
            setattr(self, f"{name}_ms", _number(whole, 0, 1000, name))
        elif name in ("rtpmap", "fmtp"):
            number, _, rest = value.strip().partition(" ")
            payload_type = _number(number, 0, 127, f"payload type in a={name}")
            if name == "fmtp":
                self.fmtp[payload_type] = rest.strip()
                return
            encoding = rest.strip().split("/")
            rate = encoding[1] if len(encoding) > 1 else ""
            if not encoding[0] or not (rate.isascii() and rate.isdigit() and len(rate) <= 6):
                raise SdpError("malformed a=rtpmap line", 400)
            self.rtpmap[payload_type] = (encoding[0].upper(), int(rate))


def _host(line: str) -> str:
    parts = line[2:].split()
    if len(parts) != 3 or parts[0] != "IN":
        raise SdpError("malformed c= line", 400)
    if parts[1] != "IP4":
        raise SdpError(f"address type {parts[1][:8]!r} in the c= line, expected IP4")
    host = parts[2].partition("/")[0]
    if not is_ipv4(host):
        raise SdpError("the address in the c= line is not a dotted IPv4 address")
    return host


def _number(text: str, low: int, high: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and low <= int(text) <= high):
        raise SdpError(f"{what} {text[:12]!r} is not a number from {low} to {high}", 400)
    return int(text)


def negotiate(remote: SessionDescription, codecs: Sequence[str] = ("PCMA", "PCMU")) -> Media:
    """Choose the first of the peer's codecs that we have too. Raises SdpError(488).

    The packet time is the peer's wish, within 10-60 ms and its maxptime; 20 ms where it has none.
    """
    chosen = next((codec for codec in remote.codecs if codec.name in codecs and codec.rate == 8000), None)
    if chosen is None:
        names = ", ".join(codec.name for codec in remote.codecs[:8]) or "nothing we know"
        raise SdpError(f"no common codec: the peer has {names}, we have {', '.join(codecs)}")
    dtmf = next((codec for codec in remote.codecs if codec.name == _DTMF and codec.rate == 8000), None)
    ptime = remote.ptime_ms or 20
    if remote.maxptime_ms:
        ptime = min(ptime, remote.maxptime_ms)
    ptime = max(10, min(60, ptime // 10 * 10))
    return Media(
        remote.host,
        remote.port,
        chosen.name,
        chosen.payload_type,
        ptime,
        dtmf.payload_type if dtmf else None,
        _MIRROR[remote.direction],
    )


def answer(
    offer: SessionDescription, media: Media, host: str, port: int, session_id: int, version: int = 1
) -> bytes:
    """Our answer to ``offer``; ``port`` is our RTP port. Same session_id all call long, version grows by one.

    Every other stream of the offer is refused with port 0 (RFC 3264 6).
    """
    lines = _session_lines(host, session_id, version)
    for index, line in enumerate(offer.media_lines):
        if index == offer.audio_index:
            codecs = [(media.payload_type, media.codec)]
            lines += _audio_lines(port, codecs, media.dtmf_payload_type, media.ptime_ms, media.direction)
        else:
            kind, _, rest = line.split(None, 2)
            lines.append(f"m={kind} 0 {rest}")
    return _join(lines)


def build_offer(
    host: str,
    port: int,
    session_id: int,
    version: int = 1,
    codecs: Sequence[str] = ("PCMA", "PCMU"),
    ptime_ms: int = 20,
    direction: str = "sendrecv",
) -> bytes:
    """Our offer: the codecs and telephone-event 101. Direction "sendonly" or "inactive" holds the call."""
    if direction not in _DIRECTIONS:
        raise ValueError(f"direction {direction!r}, expected one of {', '.join(_DIRECTIONS)}")
    numbered = [(_PAYLOAD_TYPES[name], name) for name in codecs]
    lines = _session_lines(host, session_id, version)
    return _join(lines + _audio_lines(port, numbered, 101, ptime_ms, direction))


def _session_lines(host: str, session_id: int, version: int) -> list[str]:
    return ["v=0", f"o=- {session_id} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]


def _audio_lines(
    port: int, codecs: list[tuple[int, str]], dtmf: int | None, ptime_ms: int, direction: str
) -> list[str]:
    numbers = [str(number) for number, _ in codecs] + ([str(dtmf)] if dtmf is not None else [])
    lines = [f"m=audio {port} RTP/AVP {' '.join(numbers)}"]
    lines += [f"a=rtpmap:{number} {name}/8000" for number, name in codecs]
    if dtmf is not None:
        lines += [f"a=rtpmap:{dtmf} telephone-event/8000", f"a=fmtp:{dtmf} 0-15"]
    return [*lines, f"a=ptime:{ptime_ms}", f"a={direction}"]


def _join(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()
