"""Keep the connections to the action server open between actions, and the domain as text.

Rasa 3.6.21 opens a new HTTP session, and with it a new connection, for every action call, and writes the
whole domain, which never changes, as JSON each time. JSON is written by the library with which the action
server reads it; all that was said and done in the call goes over with every action.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import aiohttp
import ujson
from rasa.core.constants import DEFAULT_REQUEST_TIMEOUT
from rasa.utils.endpoints import EndpointConfig

from extensions.patches import guard

IDLE_SECONDS = 4.0  # sanic, which the action server stands on, closes an idle connection after 5 s

_kept: list[KeptSession] = []
_json = functools.partial(ujson.dumps, ensure_ascii=False, escape_forward_slashes=False)


class KeptSession:
    """A session that `async with` leaves open."""

    def __init__(self, endpoint: EndpointConfig) -> None:
        """With what the endpoint asks for. Needs a running loop."""
        auth = endpoint.basic_auth
        self.loop = asyncio.get_running_loop()
        self.session = aiohttp.ClientSession(
            headers=endpoint.headers,
            auth=aiohttp.BasicAuth(auth["username"], auth["password"]) if auth else None,
            timeout=aiohttp.ClientTimeout(total=DEFAULT_REQUEST_TIMEOUT),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            json_serialize=DomainOnce().text,
        )

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self.session

    async def __aexit__(self, *what: Any) -> None:
        return None


class DomainOnce:
    """JSON of action calls; the domain in them is written once."""

    def __init__(self) -> None:
        """No domain is known yet."""
        self._domain: Any = None
        self._text = ""

    def text(self, call: Any) -> str:
        """What json.dumps() gives, but for the order of keys."""
        domain = call.get("domain") if isinstance(call, dict) else None
        if not domain or len(call) < 2:
            return _json(call)
        if domain is not self._domain:  # Rasa hands out the same object each time
            self._domain, self._text = domain, _json(domain)
        rest = _json({key: value for key, value in call.items() if key != "domain"})
        return f'{rest[:-1]}, "domain": {self._text}}}'


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("action_session"):
        return False
    EndpointConfig.session = session
    return True


def session(self: EndpointConfig) -> KeptSession:
    """The session of this endpoint in this loop."""
    kept: KeptSession | None = getattr(self, "_kept_session", None)
    if kept is None or kept.session.closed or kept.loop is not asyncio.get_running_loop():
        kept = self._kept_session = KeptSession(self)
        _kept.append(kept)
    return kept


async def close() -> None:
    """Close all, when the server stops."""
    while _kept:
        await _kept.pop().session.close()
