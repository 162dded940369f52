"""A company's own CRM over HTTP, as docs/crm-api.yaml describes it. Plain and synchronous.

Reads are tried again when they failed quickly; writes are tried once, and carry an Idempotency-Key or go to
an address of their own, so that the same deed done twice is one. Numbers and words of customers travel in
bodies, not in addresses, which proxies log.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from actions.clients import rest_read as read
from actions.clients.appointments import Appointment, HourTaken
from actions.clients.calls import CallReport, OptOut, plain
from actions.clients.crm import Bill, BillLine, Customer, Profile, local_number
from actions.clients.orders import Order
from actions.clients.patience import CrmMisread, CrmRefused, CrmUnavailable, Passing, Patience
from actions.clients.tickets import Ticket

Result = TypeVar("Result")
Body = dict[str, Any]

MISSING, TOO_LATE = 404, 409
PASSES = (408, 429, 502, 503, 504)
REFUSES = range(400, 500)  # the others of them
MOST_BYTES = 1_000_000
LONGEST_WAIT_S = 60.0
TAKEN = Appointment("", "", date.min, "")  # stands for the answer that nobody is left in that hour
_DEEDS = uuid.UUID("6f1d2b52-6d0e-4f0c-9a53-6f9a5d2f6b11")  # names of deeds become keys under it


class Line:
    """Requests to one server."""

    def __init__(self, url: str, token: str | None, patience: Patience) -> None:
        """`url` is what stands before /customers. Nothing is connected yet."""
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._patience = patience
        self._local = threading.local()  # a session is not meant for several threads

    def get(self, take: Callable[[Body], Result], *path: str, **query: str) -> Result | None:
        """What `take` makes of the answer; None when there is no such thing."""
        return self._patience.read(lambda s: self._taken(take, "GET", path, s, query=query))

    def search(self, take: Callable[[Body], Result], *path: str, body: Body) -> Result | None:
        """Like get, for what must not stand in an address."""
        return self._patience.read(lambda s: self._taken(take, "POST", path, s, body=body))

    def send(
        self,
        take: Callable[[Body], Result],
        method: str,
        *path: str,
        body: Body,
        deed: str = "",
        too_late: Result | None = None,
    ) -> Result | None:
        """Write once. `deed` names what is done, the same each time. None: no such thing; `too_late`: there
        is, but it is too late."""
        key = str(uuid.uuid5(_DEEDS, deed)) if deed else None
        return self._patience.write(
            lambda s: self._taken(take, method, path, s, body=body, key=key, too_late=too_late)
        )

    def do(self, method: str, *path: str, body: Body, deed: str = "") -> None:
        """Write what needs no answer. Raises CrmRefused also when there is no such thing."""
        if self.send(lambda _: True, method, *path, body=body, deed=deed) is None:
            raise CrmRefused(f"CRM: {method} .../{path[0]} was refused (404 or 409)")

    def _taken(
        self,
        take: Callable[[Body], Result],
        method: str,
        path: tuple[str, ...],
        left_s: float,
        query: dict[str, str] | None = None,
        body: Body | None = None,
        key: str | None = None,
        too_late: Result | None = None,
    ) -> Result | None:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        url = "/".join([self._url, *(quote(part, safe="") for part in path)])
        status, answer = self._exchange(method, url, headers, query, body, left_s)
        if status in (MISSING, TOO_LATE):
            return too_late if status == TOO_LATE else None
        try:
            return take(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            place = f"{method} .../{path[0]}"
            text = f"CRM: {place} was not answered as docs/crm-api.yaml says ({type(error).__name__})"
            raise CrmMisread(text) from None  # what it was may be personal

    def _exchange(
        self, method: str, url: str, headers: Body, query: Any, body: Any, left_s: float
    ) -> tuple[int, Body]:
        end = time.monotonic() + left_s
        try:
            with self._session().request(
                method,
                url,
                params=query,
                json=body,
                headers=headers,
                timeout=left_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                _check(response)
                if response.status_code in (204, MISSING, TOO_LATE):
                    return response.status_code, {}
                return response.status_code, _json(response, end)
        except requests.Timeout as error:
            raise CrmUnavailable(f"CRM: no answer from the server ({type(error).__name__})") from None
        except (requests.RequestException, OSError) as error:
            text = f"CRM: the server cannot be reached ({type(error).__name__}); check rest.url"
            raise Passing(text) from None

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        return session


def _check(response: requests.Response) -> None:
    """Raise unless it answered."""
    status = response.status_code
    if status in PASSES:
        told = response.headers.get("Retry-After", "")
        wait = min(float(told), LONGEST_WAIT_S) if told.isdigit() else 0.0
        raise Passing(f"CRM: the server answered {status}", wait)
    if status in (401, 403):
        raise CrmUnavailable(f"CRM: the server answered {status}; check rest.token in settings/crm.yml")
    if status in (200, 201, 204, MISSING, TOO_LATE):
        return
    kind = CrmRefused if status in REFUSES else CrmMisread
    raise kind(f"CRM: the server answered {status}; see docs/crm-api.yaml")


def _json(response: requests.Response, end: float) -> Body:
    """The body, which may come in drips; by `end`, or CrmUnavailable."""
    content = b""
    while piece := response.raw.read1(65536, decode_content=True):
        content += piece
        if time.monotonic() > end or len(content) > MOST_BYTES:
            raise CrmUnavailable("CRM: the server's answer was too slow or too long")
    try:
        found = requests.models.complexjson.loads(content)
    except ValueError:
        raise CrmMisread("CRM: the server did not answer with JSON; see docs/crm-api.yaml") from None
    if not isinstance(found, dict):
        raise CrmMisread("CRM: the server did not answer with an object; see docs/crm-api.yaml")
    return found


class _Desk:
    def __init__(self, line: Line) -> None:
        self._line = line


class RestCustomers(_Desk):
    """actions.clients.protocols.CustomerDesk."""

    def customer_by_number(self, number: str) -> Customer | None:
        return self._line.search(read.customer, "customers", "search", body={"phone": local_number(number)})

    def profile(self, number: str) -> Profile | None:
        return self._line.search(read.profile, "profiles", "search", body={"phone": local_number(number)})

    def customer(self, customer_id: str) -> Customer | None:
        return self._line.get(read.customer, "customers", customer_id)

    def bill(self, customer_id: str, period: str) -> Bill | None:
        return self._line.get(read.bill, "customers", customer_id, "bills", period)

    def open_refund_ticket(self, call_id: str, customer_id: str, period: str, line: BillLine) -> str:
        about = {"about": line.name, "period": period, "line": line.code, "cents": line.cents}
        deed = f"{call_id}:refund:{period}:{line.code}"
        return _open_ticket(self._line, call_id, customer_id, "refund", about, deed)

    def record_handoff(self, call_id: str, reason: str, summary: str, customer_id: str | None) -> str:
        body = {"summary": summary, "customer_id": customer_id}
        self._line.do("PUT", "calls", call_id, "handoffs", reason, body=body)
        return f"{call_id}:{reason}"


class RestOrders(_Desk):
    """actions.clients.protocols.OrderDesk."""

    def recent(self, customer_id: str) -> tuple[Order, ...]:
        return self._line.get(read.orders, "customers", customer_id, "orders") or ()

    def order(self, customer_id: str, number: str) -> Order | None:
        return self._line.get(read.order, "customers", customer_id, "orders", number)

    def cancel(self, customer_id: str, number: str) -> bool:
        return self._change(customer_id, number, {"state": "cancelled"})

    def change_address(self, customer_id: str, number: str, address: str) -> bool:
        return self._change(customer_id, number, {"address": address})

    def take_back(self, customer_id: str, number: str, state: str) -> bool:
        return self._change(customer_id, number, {"state": state})

    def _change(self, customer_id: str, number: str, body: Body) -> bool:
        path = ("customers", customer_id, "orders", number)
        return self._line.send(read.order, "PATCH", *path, body=body) is not None


class RestAppointments(_Desk):
    """actions.clients.protocols.AppointmentDesk."""

    def next(self, customer_id: str, today: date) -> Appointment | None:
        path = ("customers", customer_id, "appointments")
        found = self._line.get(read.appointments, *path, since=today.isoformat())
        return next(iter(found or ()), None)

    def is_free(self, day: date, time: str) -> bool:
        found = self._line.get(read.free, "appointments", "free", day=day.isoformat(), time=time)
        return bool(found)

    def book(self, call_id: str, customer_id: str, what: str, day: date, time: str) -> str:
        when = {"day": day.isoformat(), "time": time}
        body = {"call_id": call_id, "customer_id": customer_id, "what": what, **when}
        deed = f"{call_id}:appointment:{what}"
        made = self._line.send(read.appointment, "POST", "appointments", body=body, deed=deed, too_late=TAKEN)
        if made is None:
            raise CrmRefused("CRM: the appointment was refused")
        if made == TAKEN:
            raise HourTaken
        if (made.day, made.time) != (day, time):  # the customer thought better of it within the call
            self.move(made.number, day, time)
        return made.number

    def move(self, number: str, day: date, time: str) -> bool:
        return self._change(number, {"state": "booked", "day": day.isoformat(), "time": time})

    def cancel(self, number: str) -> bool:
        return self._change(number, {"state": "cancelled"})

    def _change(self, number: str, body: Body) -> bool:
        done = self._line.send(read.appointment, "PATCH", "appointments", number, body=body, too_late=TAKEN)
        if done == TAKEN:
            raise HourTaken
        return done is not None


class RestTickets(_Desk):
    """actions.clients.protocols.TicketDesk."""

    def open(self, call_id: str, customer_id: str | None, kind: str, about: str) -> str:
        deed = f"{call_id}:{kind}:{about}"
        return _open_ticket(self._line, call_id, customer_id, kind, {"about": about}, deed)

    def latest(self, customer_id: str) -> Ticket | None:
        return next(iter(self._of(customer_id)), None)

    def unfinished(self, customer_id: str) -> tuple[Ticket, ...]:
        return tuple(ticket for ticket in self._of(customer_id) if ticket.state != "done")

    def add_note(self, number: str, call_id: str, text: str) -> bool:
        body = {"call_id": call_id, "text": text}
        path, deed = ("tickets", number, "notes"), f"{number}:{call_id}:{text}"
        return self._line.send(lambda _: True, "POST", *path, body=body, deed=deed) is not None

    def set_state(self, number: str, state: str) -> bool:
        return self._line.send(read.ticket, "PATCH", "tickets", number, body={"state": state}) is not None

    def record(
        self, call_id: str, customer_id: str | None, customer_number: str, what: str, value: Any
    ) -> None:
        body = {"customer_id": customer_id, "customer_number": customer_number, "value": value}
        self._line.do("PUT", "calls", call_id, "outcomes", what, body=body)

    def _of(self, customer_id: str) -> tuple[Ticket, ...]:
        return self._line.get(read.tickets, "customers", customer_id, "tickets") or ()


class RestCalls(_Desk):
    """actions.clients.protocols.CallDesk."""

    def finish(self, report: CallReport) -> None:
        who = {"customer_id": report.customer_id, "customer_number": report.customer_number}
        self._line.do("PUT", "calls", report.call_id, "report", body={**who, **plain(report)})

    def opt_out(self, word: OptOut) -> None:
        number = local_number(word.number)
        body = {
            "number": number,
            "scope": word.scope,
            "call_id": word.call_id,
            "customer_id": word.customer_id,
            "at": word.at.isoformat(),
        }
        self._line.do("POST", "suppressions", body=body, deed=f"{number}:{word.scope}")

    def is_suppressed(self, number: str, scope: str) -> bool:
        body = {"number": local_number(number), "scope": scope}
        return bool(self._line.search(read.suppressed, "suppressions", "search", body=body))


def _open_ticket(line: Line, call_id: str, customer_id: str | None, kind: str, about: Body, deed: str) -> str:
    body = {"call_id": call_id, "customer_id": customer_id, "kind": kind, **about}
    made = line.send(read.ticket, "POST", "tickets", body=body, deed=deed)
    if made is None:
        raise CrmRefused("CRM: the ticket was refused")
    return made.number
