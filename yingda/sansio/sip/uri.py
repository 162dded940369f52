"""SIP URIs, name-addr headers, parameters and Via (RFC 3261 19.1, 20.10, 20.42, 25.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TypeVar
from urllib.parse import unquote

MAX_REMEMBERED = 512  # characters
_Parsed = TypeVar("_Parsed")

_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@\s<>\"]+)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<params>(?:;[^?\s<>]*)?)(?P<headers>(?:\?[^\s<>]*)?)",
    re.IGNORECASE,
)
_TEL = re.compile(r"tel:(?P<user>\+?[0-9A-Fa-f*#().-]+)(?P<params>(?:;[^\s<>]*)?)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9-]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?:\s*:\s*([0-9]{1,5}))?\s*(;.*)?",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = re.compile(r"[A-Za-z0-9._~@-]+")
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_TOKEN_PARAM = re.compile(
    r"\s*([^\s=;,\"<>]+)\s*(?:=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]*)\s*)?(?:;|$)", re.DOTALL
)


class UnknownScheme(ValueError):
    """A well-formed URI that is neither sip, sips nor tel (416)."""


@dataclass(frozen=True)
class Uri:
    """``user`` is unescaped. ``port`` 0 = not given. ``params``: raw text from the first semicolon on."""

    scheme: str
    user: str
    host: str
    port: int
    params: str
    headers: str = ""

    def has_param(self, name: str) -> bool:
        """Whether a parameter is there, with or without a value."""
        return any(part.partition("=")[0].strip().lower() == name for part in self.params.split(";")[1:])


@dataclass(frozen=True)
class NameAddr:
    """A From, To, Contact, Route or Refer-To value."""

    display: str
    uri: str
    params: dict[str, str]


@dataclass(frozen=True)
class Via:
    """One Via value. ``port`` 0 = not given."""

    transport: str
    host: str
    port: int
    params: dict[str, str]

    @property
    def branch(self) -> str:
        """The branch parameter, "" in RFC 2543 messages."""
        return self.params.get("branch", "")


def _remembered(parse: Callable[[str], _Parsed]) -> Callable[[str], _Parsed]:
    """Remember the newest results: these values are read several times while one message is handled.

    Long texts are not kept, or an attacker's would fill the memory.
    """
    cached = lru_cache(maxsize=1024)(parse)

    @wraps(parse)
    def parse_or_recall(text: str) -> _Parsed:
        return cached(text) if len(text) <= MAX_REMEMBERED else parse(text)

    return parse_or_recall


@_remembered
def parse_uri(text: str) -> Uri:
    """Parse a sip, sips or tel URI. Raises UnknownScheme or ValueError."""
    match = _URI.fullmatch(text)
    if match:
        scheme, user, host, port, params, headers = match.groups()
        if port and not 0 < int(port) < 65536:
            raise ValueError(f"port out of range in URI {text[:40]!r}")
        user = user or ""
        plain = unquote(user.partition(":")[0]) if "%" in user or ":" in user else user
        return Uri(scheme.lower(), plain, host, int(port or 0), params, headers)
    match = _TEL.fullmatch(text)
    if match:
        return Uri("tel", re.sub(r"[().-]", "", match["user"]), "", 0, match["params"])
    if _SCHEME.fullmatch(text) and not re.match("(?:sips?|tel):", text, re.IGNORECASE):
        raise UnknownScheme(f"URI scheme of {text[:40]!r} is not sip, sips or tel")
    raise ValueError(f"malformed URI {text[:40]!r}")


def parse_params(text: str) -> dict[str, str]:
    """``;a=b;c`` -> {"a": "b", "c": ""}; names in lower case, quotes removed. Raises ValueError."""
    params: dict[str, str] = {}
    at = 0
    text = text.strip()
    if not text:
        return params
    if text[0] != ";":
        raise ValueError(f"expected ';' at {text[:20]!r}")
    at = 1
    while at < len(text):
        match = _TOKEN_PARAM.match(text, at)
        if not match:
            raise ValueError(f"malformed parameter at {text[at : at + 20]!r}")
        value = match[2] or ""
        if value[:1] == '"':
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        params.setdefault(match[1].lower(), value)
        at = match.end()
    return params


@_remembered
def parse_name_addr(text: str) -> NameAddr:
    """Parse ``"Name" <uri>;params`` or ``uri;params``. Raises ValueError."""
    text = text.strip()
    display = ""
    rest = text
    if rest[:1] == '"':
        match = re.match(r'"((?:[^"\\]|\\.)*)"\s*', rest, re.DOTALL)
        if not match or rest[match.end() : match.end() + 1] != "<":
            raise ValueError("unbalanced quotes in address")
        display, rest = re.sub(r"\\(.)", r"\1", match[1]), rest[match.end() :]
    start = rest.find("<")
    if start < 0:
        uri, semicolon, params = rest.partition(";")
        uri = uri.strip()
        if not uri or any(ch in uri for ch in ' \t"?,') or ":" not in uri:
            raise ValueError("malformed address")
        return NameAddr("", uri, parse_params(semicolon + params))
    end = rest.find(">", start)
    if end < 0 or '"' in rest[:start]:
        raise ValueError("unbalanced < or quotes in address")
    uri = rest[start + 1 : end]
    if not uri or any(ch in uri for ch in ' \t"<') or ":" not in uri:
        raise ValueError("malformed URI in address")
    return NameAddr(display or rest[:start].strip(), uri, parse_params(rest[end + 1 :]))


def tag_of(value: str) -> str:
    """The tag of a From or To value, "" without one. Never raises (the parser has checked the value)."""
    tail = value[value.rfind(">") + 1 :]
    if tail.startswith(";tag=") and _PLAIN.fullmatch(tail, 5):
        return tail[5:]
    at = tail.lower().find("tag")
    if at < 0:
        return ""
    try:
        return parse_params(tail[tail.index(";") :]).get("tag", "")
    except ValueError:
        return ""


@_remembered
def parse_via(text: str) -> Via:
    """Parse one Via value. Raises ValueError."""
    match = _VIA.fullmatch(text.strip())
    if not match:
        raise ValueError(f"malformed Via {text[:40]!r}")
    port = int(match[3] or 0)
    if port > 65535:
        raise ValueError("port out of range in Via")
    return Via(match[1].upper(), match[2], port, parse_params(match[4] or ""))


def split_list(text: str) -> list[str]:
    """Split a header value at the commas outside quotes and angle brackets."""
    if "," not in text:
        return [text] if text else []
    parts: list[str] = []
    start, depth, at = 0, 0, 0
    while at < len(text):
        ch = text[at]
        if ch == '"':
            at += 1
            while at < len(text) and text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        elif ch == "<":
            depth += 1
        elif ch == ">":
            depth = max(0, depth - 1)
        elif ch == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def is_ipv4(host: str) -> bool:
    """Whether ``host`` is a dotted quad."""
    return bool(_IPV4.fullmatch(host)) and all(int(part) < 256 for part in host.split("."))
