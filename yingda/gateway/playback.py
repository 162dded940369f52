"""Listening to recordings over HTTP: an operator asks for a ticket, it plays one call, all is audited.

    POST /recordings/<call>/tickets   Authorization: Bearer <token>   {"why": "complaint 17"}
    GET  /recordings/<call>?ticket=...   a WAV file, or a range of it

Refusals are answered 401 (no known operator), 403 (ticket), 404 (no recording), 410 (its key was erased), and
500 (it was altered). Each leaves an entry in MongoDB `audit`, as each ticket and each playback does.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from pymongo.errors import PyMongoError

from yingda.gateway import tickets
from yingda.gateway.settings import RecordingSettings
from yingda.gateway.tickets import Ticket, TicketError
from yingda.plumbing.recording import vault
from yingda.plumbing.recording.format import RecordingError
from yingda.plumbing.recording.keys import KeysError
from yingda.plumbing.recording.read import read_recording
from yingda.plumbing.recording.vault import Vault

log = logging.getLogger(__name__)

_MOST_WHY = 200


class Audit(Protocol):
    """Writes one entry."""

    def __call__(self, who: str, what: str, call_id: str, **more: Any) -> None: ...


class Refusal(Exception):
    """Not to be played; status and text of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Playback:
    """`find_call(call_id)`: the call's document, PyMongoError when the database is away."""

    def __init__(
        self,
        settings: RecordingSettings,
        kept: Vault,
        find_call: Callable[[str], dict[str, Any] | None],
        audit: Audit,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._vault, self._now = settings, kept, now
        self._find_call, self._audit = find_call, audit
        self._key = kept.ring.derive("ticket")

    def add_routes(self, app: web.Application) -> None:
        """POST and GET."""
        app.router.add_post("/recordings/{call_id}/tickets", self._issue)
        app.router.add_get("/recordings/{call_id}", self._play, allow_head=False)

    async def _issue(self, request: web.Request) -> web.Response:
        call_id, entry = request.match_info["call_id"], {"from_where": request.remote or ""}
        who = self._operator(request)
        if who is None:
            self._audit("unknown", "refuse_ticket", call_id, because="no known operator", **entry)
            text = "expected Authorization: Bearer and the token of an operator (recordings.operators)"
            return _error(401, text, {"WWW-Authenticate": "Bearer"})
        try:
            why = _why(await request.json())
        except (ValueError, json.JSONDecodeError) as error:
            return _error(400, str(error))
        until = self._now() + self._settings.ticket_s
        self._audit(who, "issue_ticket", call_id, why=why, until=round(until), **entry)
        ticket = tickets.issue(Ticket(call_id, who, why, until), self._key)
        url = f"{request.path.removesuffix('/tickets')}?ticket={ticket}"
        return web.json_response({"ticket": ticket, "url": url, "until": until}, status=201)

    def _operator(self, request: web.Request) -> str | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        digest = hashlib.sha256(token.strip().encode(errors="replace")).hexdigest()
        found = None
        for operator in self._settings.operators:
            if hmac.compare_digest(operator.token_sha256, digest) and kind.lower() == "bearer":
                found = operator.name
        return found

    async def _play(self, request: web.Request) -> web.Response:
        call_id, entry = request.match_info["call_id"], {"from_where": request.remote or ""}
        who = "unknown"
        try:
            ticket = tickets.check(request.query.get("ticket", ""), call_id, self._key, self._now())
            who, entry["why"] = ticket.who, ticket.why
            wav = await asyncio.to_thread(self._wav, call_id)
            first, beyond = _range(request, len(wav))
        except TicketError as error:
            self._audit(who, "refuse_recording", call_id, because=str(error), **entry)
            return _error(403, str(error))
        except Refusal as error:
            self._audit(who, "refuse_recording", call_id, because=str(error), **entry)
            return _error(error.status, str(error))
        self._audit(who, "play_recording", call_id, bytes=[first, beyond], **entry)
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
        part = beyond - first < len(wav)
        if part:
            headers["Content-Range"] = f"bytes {first}-{beyond - 1}/{len(wav)}"
        body = wav[first:beyond]
        return web.Response(body=body, status=206 if part else 200, content_type="audio/wav", headers=headers)

    def _wav(self, call_id: str) -> bytes:
        path = self._path(call_id)
        if path is None:
            raise Refusal(404, "there is no recording of this call")
        try:
            return read_recording(path, self._vault.ring).wav()
        except KeysError as error:
            raise Refusal(410, str(error)) from None
        except FileNotFoundError:
            raise Refusal(404, "there is no recording of this call") from None
        except (OSError, RecordingError) as error:
            log.error("call %s: its recording cannot be read: %s", call_id, error)
            raise Refusal(500, f"the recording cannot be read: {error}") from None

    def _path(self, call_id: str) -> Path | None:
        """Where the record says, or, where there is none, where it is found."""
        try:
            call = self._find_call(call_id)
        except PyMongoError:
            call = None
        root = self._vault.root.resolve()
        if call and call.get("recording"):
            path = Path(call["recording"]).resolve()
            if path.is_relative_to(root) and path.suffix == vault.SUFFIX:
                return path
        return vault.find_file(root, call_id)


def _why(body: Any) -> str:
    why = body.get("why") if isinstance(body, dict) else None
    if not isinstance(why, str) or not 0 < len(why.strip()) <= _MOST_WHY:
        raise ValueError(f'the body must be {{"why": "..."}}, with a reason of 1-{_MOST_WHY} characters')
    return why.strip()


def _range(request: web.Request, length: int) -> tuple[int, int]:
    """First byte and the one behind the last, RFC 9110 section 14.2. Raises Refusal."""
    try:
        asked = request.http_range
    except ValueError:
        return 0, length  # a range that is none is no range
    first, beyond, _ = slice(asked.start, asked.stop).indices(length)
    if first >= beyond:
        raise Refusal(416, f"the range is outside of the {length} bytes")
    return first, beyond


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": text}, status=status, headers=headers)
