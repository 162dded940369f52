"""Digest authentication, client side (RFC 7616, 2617): MD5 and SHA-256, with their -sess forms, qop auth."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yingda.sansio.sip.message import Response

MAX_CHALLENGE = 4096  # characters
_PARAM = re.compile(r"([A-Za-z0-9_-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))")
_HASHES: dict[str, Callable[..., Any]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_ANSWERS = {
    401: ("www-authenticate", "authorization"),
    407: ("proxy-authenticate", "proxy-authorization"),
}


@dataclass(frozen=True)
class Credentials:
    """Digest user and password of a trunk."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"


@dataclass
class _Challenge:
    header: str  # authorization or proxy-authorization
    params: dict[str, str]
    algorithm: str
    uses: int = 0


class DigestClient:
    """The challenges that one call has met; answers them in that call's later requests too."""

    def __init__(self, credentials: Credentials, new_token: Callable[[], str]) -> None:
        self._credentials = credentials
        self._new_token = new_token
        self._challenges: dict[tuple[str, str], _Challenge] = {}

    def take_challenge(self, response: Response, answered: list[tuple[str, str]]) -> bool:
        """Remember the challenge of a 401 or 407. False: it is no use trying again.

        ``answered`` holds the realms answered already for this one request, and is added to. Of several
        challenges for one realm the first that we can answer counts (RFC 8760 2.4). A second challenge of a
        realm is a refusal unless it says stale=true with a new nonce (RFC 7616 3.3).
        """
        names = _ANSWERS.get(response.status)
        if names is None:
            return False
        useful = False
        taken: set[tuple[str, str]] = set()
        for value in response.all(names[0]):
            challenge = _read(names[1], value)
            key = (names[1], challenge.params["realm"]) if challenge else ("", "")
            if challenge is None or key in taken:
                continue
            taken.add(key)
            stale = challenge.params.get("stale", "").lower() == "true"
            known = self._challenges.get(key)
            fresh_nonce = known is None or known.params["nonce"] != challenge.params["nonce"]
            if key not in answered or (stale and fresh_nonce):
                self._challenges[key] = challenge
                answered.append(key)
                useful = True
        return useful

    def headers(self, method: str, uri: str) -> dict[str, list[str]]:
        """The header values that answer every challenge known so far; each nonce use is counted."""
        headers: dict[str, list[str]] = {}
        for challenge in self._challenges.values():
            headers.setdefault(challenge.header, []).append(self._answer(challenge, method, uri))
        return headers

    def _answer(self, challenge: _Challenge, method: str, uri: str) -> str:
        params, user = challenge.params, self._credentials
        challenge.uses += 1
        hashing = _HASHES[challenge.algorithm.removesuffix("-SESS")]

        def digest(text: str) -> str:
            return str(hashing(text.encode("utf-8", "surrogateescape")).hexdigest())

        cnonce, count = self._new_token(), f"{challenge.uses:08x}"
        secret = digest(f"{user.username}:{params['realm']}:{user.password}")
        if challenge.algorithm.endswith("-SESS"):
            secret = digest(f"{secret}:{params['nonce']}:{cnonce}")
        request = digest(f"{method}:{uri}")
        with_qop = "qop" in params
        middle = f"{params['nonce']}:{count}:{cnonce}:auth" if with_qop else params["nonce"]
        parts = [
            f'Digest username="{_quoted(user.username)}"',
            f'realm="{_quoted(params["realm"])}"',
            f'nonce="{_quoted(params["nonce"])}"',
            f'uri="{uri}"',
            f'response="{digest(f"{secret}:{middle}:{request}")}"',
            f"algorithm={challenge.params.get('algorithm', 'MD5')}",
        ]
        if with_qop:
            parts += ["qop=auth", f"nc={count}"]
        if with_qop or challenge.algorithm.endswith("-SESS"):
            parts.append(f'cnonce="{cnonce}"')
        if "opaque" in params:
            parts.append(f'opaque="{_quoted(params["opaque"])}"')
        return ", ".join(parts)


def _read(header: str, value: str) -> _Challenge | None:
    """A challenge that we can answer, or None."""
    if value[:7].lower() != "digest " or len(value) > MAX_CHALLENGE:
        return None
    params = {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
        for name, quoted, plain in _PARAM.findall(value[7:])
    }
    algorithm = params.get("algorithm", "MD5").upper()
    if algorithm.removesuffix("-SESS") not in _HASHES or "nonce" not in params or "realm" not in params:
        return None
    if "qop" in params and "auth" not in [qop.strip().lower() for qop in params["qop"].split(",")]:
        return None
    return _Challenge(header, params, algorithm)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
