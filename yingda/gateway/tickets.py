"""Tickets to listen to one recording: who may, why, and until when, signed with HMAC-SHA256."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass


class TicketError(ValueError):
    """A ticket is not good; the text says why."""


@dataclass(frozen=True)
class Ticket:
    """`until`: seconds since the epoch."""

    call: str
    who: str
    why: str
    until: float


def issue(ticket: Ticket, key: bytes) -> str:
    """The ticket as it stands in an address."""
    said = _text(json.dumps(asdict(ticket), ensure_ascii=False, sort_keys=True).encode())
    return f"{said}.{_text(_seal(said, key))}"


def check(text: str, call: str, key: bytes, now: float) -> Ticket:
    """The ticket, if it is ours, for this call, and still good. Raises TicketError."""
    said, _, seal = text.partition(".")
    try:
        given = base64.b64decode(seal + "=" * (-len(seal) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if not hmac.compare_digest(given, _seal(said, key)) or _text(given) != seal:
        raise TicketError("the ticket is not ours, or was altered")
    ticket = Ticket(**json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))))
    if ticket.call != call:
        raise TicketError("the ticket is for another call")
    if now >= ticket.until:
        raise TicketError("the ticket has expired")
    return ticket


def _seal(said: str, key: bytes) -> bytes:
    return hmac.digest(key, said.encode(), hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
