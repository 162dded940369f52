"""Who may use the HTTP API: holders of a bearer token (RFC 6750); when none is set, this machine only."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from hashlib import sha256

from yingda.speech.settings import Token

# A proxy or a browser on this machine carries what others have written.
_FROM_ELSEWHERE = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Origin")


class Denied(Exception):
    """The request is not served. The text is for the client; `status` is that of HTTP."""

    def __init__(self, status: int, text: str, challenge: str = "") -> None:
        """`challenge`: the WWW-Authenticate header of a 401."""
        super().__init__(text)
        self.status, self.challenge = status, challenge


class Gate:
    """Knows the tokens, as digests of one length."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._digests = [(token.name, sha256(token.token.encode()).digest()) for token in tokens]

    def admit(self, peer: str | None, headers: Mapping[str, str]) -> str:
        """The name of who asks from the address `peer`. Raises Denied."""
        if not self._digests:
            return _local(peer, headers)
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise Denied(401, "send the header Authorization: Bearer TOKEN", 'Bearer realm="yingda"')
        digest = sha256(given.strip().encode("utf-8", "surrogateescape")).digest()
        # every token is compared, so that the time tells nothing of which one came close
        found = [name for name, known in self._digests if hmac.compare_digest(digest, known)]
        if not found:
            raise Denied(401, "the bearer token is unknown", 'Bearer realm="yingda", error="invalid_token"')
        return found[0]


def _local(peer: str | None, headers: Mapping[str, str]) -> str:
    if not is_loopback(peer) or any(name in headers for name in _FROM_ELSEWHERE):
        raise Denied(
            403, "without tokens only programs on the same machine are served: set server.http_tokens"
        )
    return "loopback"


def is_loopback(peer: str | None) -> bool:
    """Whether an address is this machine's own loopback."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
