"""Keep the connections to the action server open between actions.

Rasa 3.6.21 opens a new HTTP session, and with it a new connection, for every action call.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from rasa.core.constants import DEFAULT_REQUEST_TIMEOUT
from rasa.utils.endpoints import EndpointConfig

from extensions.patches import guard

IDLE_SECONDS = 4.0  # sanic, which the action server stands on, closes an idle connection after 5 s

_kept: list[KeptSession] = []


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
        )

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self.session

    async def __aexit__(self, *what: Any) -> None:
        return None


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
