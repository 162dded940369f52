"""Health checks: the small HTTP server that a process answers them with, and the client that waits for them.

Every process answers `GET /health` with 200 and `{"status": "ok"}` when, and only when, it can do its work,
else with 503 and the reason, and `GET /metrics` in Prometheus' text format if it counts anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

REQUEST_LIMIT_S = 5.0


class NotReady(Exception):
    """A process did not become healthy in time, or ended before it did."""


async def serve(
    host: str,
    port: int,
    why_not_ready: Callable[[], str | None],
    metrics: Callable[[], str] | None = None,
) -> asyncio.Server:
    """Answer /health and /metrics on host:port until the returned server is closed.

    `why_not_ready()` returns None when the process is ready, else the reason in a few words.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_LIMIT_S)
            writer.write(_respond(head.split(b" ", 2)[1].decode("ascii", "replace"), why_not_ready, metrics))
            await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, host, port)


def _respond(
    path: str, why_not_ready: Callable[[], str | None], metrics: Callable[[], str] | None = None
) -> bytes:
    kind, status = "application/json", "200 OK"
    if path == "/health":
        reason = why_not_ready()
        body = json.dumps({"status": "ok"} if reason is None else {"status": "starting", "reason": reason})
        status = "200 OK" if reason is None else "503 Service Unavailable"
    elif path == "/metrics" and metrics is not None:
        kind, body = "text/plain; version=0.0.4", metrics()
    else:
        status, body = "404 Not Found", json.dumps({"error": "there is /health and /metrics here"})
    data = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + data


def check(url: str, timeout_s: float = 1.0) -> str | None:
    """None when `url` answers 200, else what is wrong, in a few words. Blocks for at most about timeout_s."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s):
            return None
    except urllib.error.HTTPError as error:
        with error:
            return _reason_in(error)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return str(getattr(reason, "strerror", None) or reason or type(error).__name__)


def _reason_in(error: urllib.error.HTTPError) -> str:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        reason = json.loads(error.read(4096)).get("reason")
        if reason:
            return str(reason)
    return f"answers {error.code}"


def wait_until_ready(
    what: str,
    probe: Callable[[], str | None],
    deadline_s: float,
    ended: Callable[[], str | None] = lambda: None,
    poll_s: float = 0.1,
) -> None:
    """Return as soon as `probe()` gives None. Raise NotReady after deadline_s, or when `ended()` tells why
    nothing more is to be waited for (the process exited)."""
    give_up = time.monotonic() + deadline_s
    while True:
        reason = probe()
        if reason is None:
            return
        end = ended()
        if end is not None:
            raise NotReady(f"{what} {end}")
        if time.monotonic() >= give_up:
            raise NotReady(f"{what} was not ready after {deadline_s:.0f} s: {reason}")
        time.sleep(poll_s)
