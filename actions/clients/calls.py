"""What becomes of a call: written back when it is over, and an opt-out at the moment in which it is said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from actions.clients.crm import local_number
from actions.clients.store import Store


@dataclass(frozen=True)
class Promise:
    """What the customer will pay, in cents if it was named, and when."""

    day: date
    cents: int | None = None


@dataclass(frozen=True)
class Lead:
    """How likely the customer buys, A (very) to D (never call again), and why."""

    grade: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class CallReport:
    """A call in short. `summary` says in one breath what the other fields hold; `mood` is one of MOODS."""

    call_id: str
    customer_id: str | None
    customer_number: str
    direction: str
    outcome: str
    who: str
    asked: tuple[str, ...]
    done: tuple[str, ...]
    open: tuple[str, ...]
    mood: str
    summary: str
    promises: tuple[Promise, ...] = ()
    lead: Lead | None = None


MOODS = ("angry", "unhappy", "calm", "pleased")
OUTCOMES = (
    *("opted_out", "handed_over", "promised", "paid", "disputed", "cannot_pay", "interested"),
    *("not_interested", "call_later", "wrong_person", "done", "answered", "nothing"),
)


@dataclass(frozen=True)
class OptOut:
    """Who is not to be called any more. `scope` is what for: marketing, or all."""

    number: str
    scope: str
    call_id: str
    at: datetime
    customer_id: str | None = None


class Calls(Store):
    """Writes reports and opt-outs; writing twice is the same as once."""

    def finish(self, report: CallReport) -> None:
        """Keep the report. The last word counts: the call may be reported again with more in it."""
        fields = {
            "call_id": report.call_id,
            "customer_id": report.customer_id,
            "customer_number": report.customer_number,
            "what": "call",
        }
        value = plain(report)
        self._write_once("interactions", f"{report.call_id}:call", fields, {"value": value})

    def opt_out(self, word: OptOut) -> None:
        """Keep the number from being called, and take back the customer's consent to it. The first call in
        which it was said is kept as the source."""
        number = local_number(word.number)
        fields = {"number": number, "scope": word.scope, "call_id": word.call_id, "at": word.at}
        self._insert_once("suppressions", f"{number}:{word.scope}", fields)
        if word.customer_id:
            consent = {"customer_id": word.customer_id, "kind": "marketing", "channel": "call"}
            withdrawn = {"given": False, "source": word.call_id, "at": word.at}
            self._write_once("crm_consents", f"{word.customer_id}:call", consent, withdrawn)

    def is_suppressed(self, number: str, scope: str) -> bool:
        """Whether this number has opted out of `scope`."""
        return self._find_one("suppressions", {"_id": f"{local_number(number)}:{scope}"}) is not None


def plain(report: CallReport) -> dict[str, Any]:
    """The report without the keys of its document, days as YYYY-MM-DD: for MongoDB and for JSON."""
    keys = ("call_id", "customer_id", "customer_number")
    value = {key: found for key, found in asdict(report).items() if key not in keys}
    value["promises"] = [{"cents": x.cents, "date": x.day.isoformat()} for x in report.promises]
    for key in ("asked", "done", "open"):
        value[key] = list(value[key])
    if report.lead:
        value["lead"] = {"grade": report.lead.grade, "reasons": list(report.lead.reasons)}
    return value
