"""The private HTTP API of the gateway: health, metrics, and calls to place, list and end.

But for recordings (playback.py) it has no login: it listens on loopback or inside the cluster.
``POST /internal/calls`` answers 202 when the INVITE is out; what becomes of the call is told on the Redis
stream ``calls:events``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from yingda.gateway.call import Parties
from yingda.gateway.calls import Calls, Refused
from yingda.gateway.metrics import Metrics
from yingda.gateway.playback import Playback
from yingda.plumbing import health

_FIELDS: dict[str, tuple[type, bool]] = {  # field: type, needed
    "call_id": (str, True),
    "from": (str, True),
    "to": (str, True),
    "trunk": (str, False),
    "ring_timeout_ms": (int, False),
    "record": (bool, False),
}


class BadRequest(ValueError):
    """The body of a request is not what it should be; the text says why."""


def parse_placement(data: Any) -> dict[str, Any]:
    """The body of POST /internal/calls, checked.  Raises BadRequest."""
    if not isinstance(data, dict):
        raise BadRequest("the body must be a JSON object")
    unknown = sorted(set(data) - set(_FIELDS))
    if unknown:
        raise BadRequest(f"{unknown[0]}: unknown field; expected {', '.join(_FIELDS)}")
    for name, (kind, is_needed) in _FIELDS.items():
        value = data.get(name)
        if value is None and not is_needed:
            continue
        if type(value) is not kind or value == "":
            expected = {int: "an integer", bool: "true or false", str: "a text"}[kind]
            raise BadRequest(
                f"{name}: expected {expected}" + ("" if value is not None else ", it is missing")
            )
    ring_ms = data.get("ring_timeout_ms")
    if ring_ms is not None and not 1000 <= ring_ms <= 180_000:
        raise BadRequest("ring_timeout_ms: expected an integer 1000-180000")
    return data


class HttpApi:
    """``why_not_ready()`` is None when calls can be taken."""

    def __init__(
        self,
        calls: Calls,
        metrics: Metrics,
        why_not_ready: Callable[[], str | None],
        playback: Playback | None = None,
    ) -> None:
        self._playback = playback
        self._calls, self._metrics, self._why_not_ready = calls, metrics, why_not_ready

    async def start(self, host: str, port: int) -> web.AppRunner:
        """Listen; OSError when the port is taken."""
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics_page)
        app.router.add_get("/internal/calls", self._list)
        app.router.add_post("/internal/calls", self._place)
        app.router.add_delete("/internal/calls/{call_id}", self._hang_up)
        if self._playback is not None:
            self._playback.add_routes(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return runner

    async def _health(self, request: web.Request) -> web.Response:
        status, body = health.answer(self._why_not_ready())
        return web.json_response(body, status=status)

    async def _metrics_page(self, request: web.Request) -> web.Response:
        return web.Response(text=self._metrics.text(self._calls.gauges()))

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"calls": self._calls.listed()})

    async def _place(self, request: web.Request) -> web.Response:
        try:
            body = parse_placement(await request.json())
            parties = Parties(body["call_id"], "outbound", body["to"], body["from"], body.get("record", True))
            self._calls.place(parties, body.get("trunk"), body.get("ring_timeout_ms"))
        except BadRequest as error:
            return web.json_response({"error": str(error)}, status=400)
        except json.JSONDecodeError:
            return web.json_response({"error": "the body is not JSON"}, status=400)
        except Refused as error:
            return web.json_response({"error": str(error)}, status=error.status)
        return web.json_response({"call_id": parties.call_id, "state": "ringing"}, status=202)

    async def _hang_up(self, request: web.Request) -> web.Response:
        if not self._calls.hang_up(request.match_info["call_id"]):
            return web.json_response({"error": "there is no such call"}, status=404)
        return web.Response(status=204)
