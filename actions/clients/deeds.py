"""What a call leaves in the CRM, as plain data that can be kept on disk and written later.

Only what needs no answer of the CRM is here: reports, opt-outs, outcomes and promises, handoffs, tickets and
notes.
An order or an appointment may be too late or taken, so the caller is told at once that it could not be done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timezone
from typing import Any

from actions.clients import store
from actions.clients.calls import CallReport, Lead, OptOut, Promise
from actions.clients.crm import BillLine
from actions.clients.patience import CrmRefused
from actions.clients.protocols import Adapter

Body = dict[str, Any]
VERSION = 1


class Unreadable(Exception):
    """It is not a deed as this version writes it."""


@dataclass(frozen=True)
class Deed:
    """One write. `what` tells apart what one call leaves of a kind; `at` is when it was said."""

    kind: str
    call_id: str
    what: str
    body: Body
    at: datetime

    @property
    def key(self) -> str:
        """The same for writes of which the last word counts."""
        return f"{self.kind}:{self.call_id}:{self.what}"


def report(told: CallReport) -> Deed:
    """The report of a call."""
    body = asdict(told)
    body["promises"] = [{"day": x.day.isoformat(), "cents": x.cents} for x in told.promises]
    return _deed("report", told.call_id, "", body)


def opt_out(word: OptOut) -> Deed:
    """Who is not to be called any more."""
    return Deed("opt_out", word.call_id, word.scope, {**asdict(word), "at": word.at.isoformat()}, word.at)


def outcome(call_id: str, customer_id: str | None, customer_number: str, what: str, value: Any) -> Deed:
    """A single outcome: a promise, a score ..."""
    body = {"customer_id": customer_id, "customer_number": customer_number, "value": value}
    return _deed("outcome", call_id, what, body)


def handoff(call_id: str, reason: str, summary: str, customer_id: str | None) -> Deed:
    """What the human who took over was told."""
    return _deed("handoff", call_id, reason, {"summary": summary, "customer_id": customer_id})


def ticket(call_id: str, customer_id: str | None, kind: str, about: str) -> Deed:
    """Something that somebody has to see to."""
    return _deed(
        "ticket", call_id, f"{kind}:{about}", {"customer_id": customer_id, "kind": kind, "about": about}
    )


def refund(call_id: str, customer_id: str, period: str, line: BillLine) -> Deed:
    """A charge that the customer wants back."""
    body = {
        "customer_id": customer_id,
        "period": period,
        "line": {**asdict(line), "day": line.day.isoformat()},
    }
    return _deed("refund", call_id, f"{period}:{line.code}", body)


def note(call_id: str, number: str, text: str) -> Deed:
    """What was added to an earlier ticket."""
    return _deed("note", call_id, f"{number}:{text}", {"number": number, "text": text})


def do(crm: Adapter, deed: Deed) -> None:
    """Write it; again is the same as once. Raises CrmUnavailable, CrmRefused, Unreadable."""
    work = _DO.get(deed.kind)
    if work is None:
        raise Unreadable(f"the kind {deed.kind} is not known")
    try:
        ready = work(crm, deed, deed.body)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(
            f"a {deed.kind} as this version does not write it ({type(error).__name__})"
        ) from None
    with store.as_of(deed.at):
        ready()


def dumps(deed: Deed) -> bytes:
    """The file. Raises TypeError when a value is not plain data."""
    about = {"version": VERSION, **asdict(deed), "at": deed.at.isoformat()}
    return json.dumps(about, ensure_ascii=False, indent=1).encode()


def loads(content: bytes) -> Deed:
    """The deed of a file. Raises Unreadable."""
    try:
        found = json.loads(content)
        if found["version"] != VERSION:
            raise Unreadable("it was written by another version")
        texts = (str(found[key]) for key in ("kind", "call_id", "what"))
        return Deed(*texts, dict(found["body"]), datetime.fromisoformat(found["at"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"the file is damaged ({type(error).__name__})") from None


def _deed(kind: str, call_id: str, what: str, body: Body) -> Deed:
    return Deed(kind, call_id, what, body, datetime.now(timezone.utc))


def _report(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    lists = {key: tuple(body[key]) for key in ("asked", "done", "open")}
    promises = tuple(Promise(date.fromisoformat(x["day"]), x["cents"]) for x in body["promises"])
    lead = body["lead"] and Lead(body["lead"]["grade"], tuple(body["lead"]["reasons"]))
    told = CallReport(**{**body, **lists, "promises": promises, "lead": lead})
    return lambda: crm.calls.finish(told)


def _opt_out(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    word = OptOut(**{**body, "at": datetime.fromisoformat(body["at"])})
    return lambda: crm.calls.opt_out(word)


def _outcome(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    given = body["customer_id"], body["customer_number"], deed.what, body["value"]
    return lambda: crm.tickets.record(deed.call_id, *given)


def _handoff(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    given = deed.what, body["summary"], body["customer_id"]
    return lambda: crm.crm.record_handoff(deed.call_id, *given)


def _ticket(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    given = body["customer_id"], body["kind"], body["about"]
    return lambda: crm.tickets.open(deed.call_id, *given)


def _refund(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    line = BillLine(**{**body["line"], "day": date.fromisoformat(body["line"]["day"])})
    given = body["customer_id"], body["period"]
    return lambda: crm.crm.open_refund_ticket(deed.call_id, *given, line)


def _note(crm: Adapter, deed: Deed, body: Body) -> Callable[[], Any]:
    number, text = body["number"], body["text"]

    def add() -> None:
        if not crm.tickets.add_note(number, deed.call_id, text):
            raise CrmRefused("CRM: there is no such ticket")

    return add


_DO: Mapping[str, Callable[[Adapter, Deed, Body], Callable[[], Any]]] = {
    "report": _report,
    "opt_out": _opt_out,
    "outcome": _outcome,
    "handoff": _handoff,
    "ticket": _ticket,
    "refund": _refund,
    "note": _note,
}
