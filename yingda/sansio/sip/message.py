"""SIP messages: parse and serialise (RFC 3261 7, 25).

The parser is tolerant where peers are sloppy and harmless (white space, folding, compact names, unknown
headers) and strict where a wrong guess would go to the wrong call. It is bounded: MAX_LINES header lines,
MAX_VALUES values of one header.
"""

from __future__ import annotations

import re

from yingda.sansio.sip.uri import UnknownScheme, parse_name_addr, parse_uri, parse_via, split_list, tag_of

MAX_LINES = 256
MAX_VALUES = 64
MAX_CSEQ = 2**31
# Registered with IANA; any other method is answered 501 (21.5.2), for we do not know what its messages mean.
KNOWN_METHODS = frozenset(
    (
        *("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "PUBLISH"),
        *("REFER", "REGISTER", "SUBSCRIBE", "UPDATE"),
    )
)

COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
    "c": "content-type", "k": "supported", "s": "subject", "e": "content-encoding", "o": "event",
    "r": "refer-to", "b": "referred-by", "x": "session-expires", "u": "allow-events", "a": "accept-contact",
    "j": "reject-contact", "d": "request-disposition", "y": "identity",
}  # fmt: skip
LISTS = frozenset(
    (
        "via",
        "route",
        "record-route",
        "contact",
        "allow",
        "supported",
        "require",
        "proxy-require",
        "unsupported",
    )
)
SINGLE = ("from", "to", "call-id", "cseq", "content-length", "max-forwards", "content-type")
CANONICAL = {
    "call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate",
}  # fmt: skip
REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress", 200: "OK",
    202: "Accepted", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
    484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    491: "Request Pending", 500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
    505: "Version Not Supported", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip
_METHOD = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_FOLD = re.compile(r"\r\n[ \t]+")
_LONG_SPACE = re.compile(r"\s{16,}")  # runs that would make the backtracking of later patterns expensive
Headers = dict[str, list[str]]


def readable(text: str) -> str:
    """Text of a peer that may leave this package: Unicode, no control characters, 256 characters."""
    plain = text[:256].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return plain if plain.isprintable() else "".join(ch for ch in plain if ch.isprintable())


class ParseError(ValueError):
    """A datagram that is not a usable SIP message.

    ``reply`` is the response to send back, None where there is nobody to answer (responses, ACK, not SIP).
    """

    def __init__(self, message: str, reply: Response | None = None) -> None:
        super().__init__(message)
        self.reply = reply


class _Message:
    """Header names are lower case and never compact; each has a list of values, in order."""

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body

    def first(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        values = self.headers.get(name)
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """All values of a header."""
        return self.headers.get(name, [])

    @property
    def call_id(self) -> str:
        """Call-ID."""
        return self.first("call-id")

    @property
    def from_tag(self) -> str:
        """Tag of From, "" if it has none."""
        return tag_of(self.first("from"))

    @property
    def to_tag(self) -> str:
        """Tag of To, "" if it has none."""
        return tag_of(self.first("to"))

    @property
    def cseq(self) -> int:
        """Number in CSeq."""
        return int(self.first("cseq").split(None, 1)[0])

    @property
    def cseq_method(self) -> str:
        """Method in CSeq."""
        return self.first("cseq").split(None, 1)[1].strip()

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters, "" if none is given."""
        return self.first("content-type").partition(";")[0].strip().lower()

    def _serialise(self, start: str) -> bytes:
        lines = [start]
        for name, values in self.headers.items():
            if name != "content-length":
                shown = CANONICAL.get(name) or name.title()
                lines.extend(f"{shown}: {value}" for value in values)
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(_Message):
    """A SIP request."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def __bytes__(self) -> bytes:
        return self._serialise(f"{self.method} {self.uri} SIP/2.0")

    def reply(self, status: int, to_tag: str = "", reason: str = "") -> Response:
        """A response with the headers that RFC 3261 8.2.6 copies; ``to_tag`` is added where there is none."""
        headers: Headers = {}
        for name in ("via", "from", "to", "call-id", "cseq"):
            if name in self.headers:
                headers[name] = list(self.headers[name])
        if 100 < status < 300 and "record-route" in self.headers:
            headers["record-route"] = list(self.headers["record-route"])
        if to_tag and status > 100 and not self.to_tag and "to" in headers:
            headers["to"][0] += f";tag={to_tag}"
        return Response(status, reason or REASONS.get(status, "Unknown"), headers)


class Response(_Message):
    """A SIP response."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    def __bytes__(self) -> bytes:
        return self._serialise(f"SIP/2.0 {self.status} {self.reason}")


Message = Request | Response


def parse(data: bytes) -> Message:
    """Parse one datagram. Raises ParseError, nothing else."""
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    problem = "" if end else "no blank line after the headers"
    if len(lines) > MAX_LINES:
        problem = "too many header lines"
    headers, header_problem = _read_headers(lines[1 : MAX_LINES + 1])
    message, start_problem, code = _start_line(lines[0], headers)
    if not start_problem:
        start_problem = _check(message)
    if not start_problem:
        start_problem, body = _cut_body(message, body)
    message.body = body
    problem = start_problem or problem or header_problem
    if problem:
        raise ParseError(problem, _refusal(message, code, problem))
    return message


def _start_line(line: str, headers: Headers) -> tuple[Message, str, int]:
    parts = line.split(" ")
    if parts[0].upper() == "SIP/2.0":
        status = parts[1] if len(parts) > 2 else ""
        if not (len(status) == 3 and status.isascii() and status.isdigit() and "1" <= status[0] <= "6"):
            raise ParseError("malformed status line")
        return Response(int(status), " ".join(parts[2:]), headers), "", 400
    version = line.rstrip().rpartition(" ")[2].upper()
    if len(parts) < 3 or not version.startswith("SIP/") or not _METHOD.fullmatch(parts[0]):
        raise ParseError("not a SIP start line")
    request = Request(parts[0], parts[1], headers)
    if version != "SIP/2.0":
        return request, f"version {version[:10]} is not SIP/2.0", 505
    if len(parts) != 3 or ":" not in parts[1] or "<" in parts[1]:
        return request, "malformed request line", 400
    if parts[0] != "ACK":
        try:
            parse_uri(parts[1])
        except UnknownScheme:
            pass  # 416, unless something else is wrong
        except ValueError as error:
            return request, str(error), 400
    return request, "", 400 if parts[0] in KNOWN_METHODS else 501


def _read_headers(lines: list[str]) -> tuple[Headers, str]:
    headers: Headers = {}
    problem = ""
    for line in lines:
        if "\r" in line or "\n" in line:  # never repeated in an answer: other parsers take it for a new line
            problem = problem or "CR or LF alone"
            line = line.replace("\r", " ").replace("\n", " ")
        name, colon, value = line.partition(":")
        name = name.strip(" \t").lower()
        name = COMPACT.get(name, name)
        if not colon or not _NAME.fullmatch(name):
            problem = problem or "malformed header line"
            continue
        value = _LONG_SPACE.sub(" ", value.strip(" \t"))
        values = headers.setdefault(name, [])
        if name in LISTS:
            values.extend(split_list(value))
        else:
            values.append(value)
        if len(values) > MAX_VALUES:
            problem = problem or f"more than {MAX_VALUES} values of one header"
            del values[MAX_VALUES:]
    return headers, problem


def _check(message: Message) -> str:
    """What is wrong with the headers that every message needs, or ""."""
    headers = message.headers
    for name in ("via", "from", "to", "call-id", "cseq"):
        if not headers.get(name) or not headers[name][0]:
            return f"header {name} is missing"
    for name in SINGLE:
        if len(headers.get(name, ())) > 1:
            return f"header {name} comes more than once"
    number, method = [*headers["cseq"][0].split(None, 1), "", ""][:2]
    if not (
        number.isascii() and number.isdigit() and len(number) <= 10 and int(number) < MAX_CSEQ and method
    ):
        return "malformed CSeq"
    if isinstance(message, Request) and method != message.method:
        return "the methods of CSeq and request line differ"
    hops = message.first("max-forwards", "70")
    if not (hops.isascii() and hops.isdigit() and len(hops) <= 10 and int(hops) <= 255):
        return "malformed Max-Forwards"
    try:
        parse_via(headers["via"][0])
        parse_name_addr(headers["from"][0])
        parse_name_addr(headers["to"][0])
        if isinstance(message, Request) and message.method not in ("ACK", "BYE", "CANCEL"):
            for value in headers.get("contact", ()):
                if value != "*":
                    parse_name_addr(value)
    except ValueError as error:
        return str(error)
    return ""


def _cut_body(message: Message, body: bytes) -> tuple[str, bytes]:
    length = message.first("content-length")
    if not length:
        return "", body
    if not (length.isascii() and length.isdigit() and len(length) <= 6):
        return "malformed Content-Length", b""
    if int(length) > len(body):
        return "the body is shorter than Content-Length", b""
    return "", body[: int(length)]


def _refusal(message: Message, code: int, problem: str) -> Response | None:
    if not isinstance(message, Request) or message.method == "ACK":
        return None
    if not message.all("via"):
        return None
    for name in ("from", "to", "call-id", "cseq"):  # one of each in the answer, whatever came
        if name in message.headers:
            del message.headers[name][1:]
    # Repeats get the same tag (8.2.7).
    tag = f"{hash((message.first('via'), message.first('from'), message.call_id)) & 0xFFFFFFFFFFFFFFFF:016x}"
    reply = message.reply(code, tag, REASONS[code] if code != 400 else f"Bad Request - {problem}"[:80])
    reply.headers["via"] = reply.headers["via"][:8]
    return reply
