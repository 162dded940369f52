"""Health checks: what a process answers, and the client that waits for it.

Every process answers `GET /health` with 200 and `{"status": "ok"}` when, and only when, it can do its work,
else with 503 and the reason, and `GET /metrics` in Prometheus' text format if it counts anything.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable


class NotReady(Exception):
    """A process did not become healthy in time, or ended before it did."""


def answer(why_not_ready: str | None) -> tuple[int, dict[str, str]]:
    """The HTTP status and the JSON of GET /health."""
    if why_not_ready is not None:
        return 503, {"status": "starting", "reason": why_not_ready}
    return 200, {"status": "ok"}


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
