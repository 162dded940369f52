"""A company's CRM that speaks docs/crm-api.yaml, in memory: `python -m tests.fakes.crm_server --port 8077`.

It shares no code with the adapter that it tests, only the demo customers. `fault` makes it misbehave.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any

from aiohttp import web

from actions.clients import demo_crowd, demo_data

Body = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN = "fake-token"
PER_HOUR = 3
NOT_SENT_YET = ("paid", "packed")
UNDER_WAY = (*NOT_SENT_YET, "shipped", "returning", "exchanging")


@dataclass
class Fault:
    """What is wrong with the server. `kind`: none, hang, slow, busy, once (busy the first time), garbage,
    wrong (an answer that is not as described), drip (a byte now and then)."""

    kind: str = "none"
    seconds: float = 0.0


@dataclass(frozen=True)
class Exchange:
    """What was asked and answered."""

    request: web.Request
    sent: bytes
    status: int
    answered: bytes


@dataclass
class Crm:
    """The data, by kind and id."""

    customers: dict[str, Body] = field(default_factory=dict)
    bills: dict[tuple[str, str], Body] = field(default_factory=dict)
    orders: dict[str, Body] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    appointments: dict[str, Body] = field(default_factory=dict)
    tickets: dict[str, Body] = field(default_factory=dict)
    notes: dict[str, list[Body]] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], Body] = field(default_factory=dict)
    handoffs: dict[tuple[str, str], Body] = field(default_factory=dict)
    reports: dict[str, Body] = field(default_factory=dict)
    suppressions: dict[tuple[str, str], Body] = field(default_factory=dict)
    answered: dict[str, tuple[int, Body | None]] = field(default_factory=dict)  # by Idempotency-Key

    def fill(self, documents: dict[str, list[Body]]) -> None:
        """Take over the documents of demo_data or demo_crowd."""
        accounts = {row["customer_id"]: row for row in documents["crm_accounts"]}
        for row in documents["crm_customers"]:
            about = {key: row[key] for key in ("phone", "name", "title", "id_last4", "products")}
            balance = accounts[row["_id"]]["balance_cents"]
            self.customers[row["_id"]] = {"id": row["_id"], **about, "balance_cents": balance}
        for row in documents["crm_bills"]:
            self.bills[row["customer_id"], row["period"]] = {"period": row["period"], "lines": row["lines"]}
        parcels = {row["_id"]: row for row in documents["crm_shipments"]}
        for row in documents["crm_orders"]:
            order = {key: row[key] for key in ("item", "cents", "day", "state", "address")}
            parcel = parcels.get(row["_id"])
            order["shipment"] = parcel and {key: parcel[key] for key in ("courier", "place", "due")}
            self.orders[row["_id"]] = {"number": row["_id"], **order}
            self.owners[row["_id"]] = row["customer_id"]
        for row in documents["crm_appointments"]:
            visit = {key: row[key] for key in ("customer_id", "what", "state", "day", "time")}
            self.appointments[row["_id"]] = {"number": row["_id"], **visit}
        for row in documents.get("tickets", ()):
            ticket = {key: row[key] for key in ("customer_id", "kind", "about", "state")}
            day = row["created_at"].date().isoformat()
            self.tickets[row["_id"]] = {"number": row["_id"], **ticket, "day": day}

    def of_number(self, phone: str) -> Body | None:
        return next((row for row in self.customers.values() if row["phone"] == phone), None)

    def orders_of(self, customer_id: str) -> list[Body]:
        theirs = [row for number, row in self.orders.items() if self.owners[number] == customer_id]
        return sorted(theirs, key=lambda row: row["day"], reverse=True)

    def tickets_of(self, customer_id: str) -> list[Body]:
        theirs = [row for row in self.tickets.values() if row["customer_id"] == customer_id]
        return theirs[::-1]  # as they were opened

    def last_call(self, customer_id: str) -> Body | None:
        theirs = [row for row in self.reports.values() if row["customer_id"] == customer_id]
        if not theirs:
            return None
        return {"day": theirs[-1]["day"], **{key: theirs[-1][key] for key in ("outcome", "summary", "mood")}}


class CrmServer:
    """The server, in a thread of its own."""

    def __init__(self, today: date, crowd: int = 0, port: int = 0) -> None:
        """Demo customers as of `today`, and `crowd` made-up ones. Port 0: any that is free."""
        self.crm, self.fault = Crm(), Fault()
        self.refused: dict[str, int] = {}  # by call: status with which its report is answered
        self.seen: list[Exchange] = []
        self.crm.fill(demo_data.documents(today))
        if crowd:
            self.crm.fill(demo_crowd.crowd(today, crowd))
        self._port, self._today = port, today
        self._ready = threading.Event()
        self._deeds = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """What stands before /customers."""
        return f"http://127.0.0.1:{self._port}/yingda/v1"

    def start(self) -> None:
        """Return when it listens."""
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """Drop all connections. Again is the same as once."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self.app(), shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        self._loop.run_until_complete(site.start())
        self._port = runner.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        hanging = asyncio.all_tasks(self._loop)
        for task in hanging:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*hanging, return_exceptions=True))
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def app(self) -> web.Application:
        """All paths."""
        app = web.Application(middlewares=[self._guard])
        base = "/yingda/v1"
        for method, path, handler in (
            ("POST", "/customers/search", self.search_customer),
            ("POST", "/profiles/search", self.search_profile),
            ("GET", "/customers/{id}", self.customer),
            ("GET", "/customers/{id}/bills/{period}", self.bill),
            ("GET", "/customers/{id}/orders", self.orders),
            ("GET", "/customers/{id}/orders/{number}", self.order),
            ("PATCH", "/customers/{id}/orders/{number}", self.change_order),
            ("GET", "/customers/{id}/appointments", self.appointments),
            ("GET", "/customers/{id}/tickets", self.tickets),
            ("GET", "/appointments/free", self.free),
            ("POST", "/appointments", self.book),
            ("PATCH", "/appointments/{number}", self.change_appointment),
            ("POST", "/tickets", self.open_ticket),
            ("PATCH", "/tickets/{number}", self.change_ticket),
            ("POST", "/tickets/{number}/notes", self.add_note),
            ("PUT", "/calls/{call_id}/handoffs/{reason}", self.handoff),
            ("PUT", "/calls/{call_id}/outcomes/{what}", self.outcome),
            ("PUT", "/calls/{call_id}/report", self.report),
            ("POST", "/suppressions", self.suppress),
            ("POST", "/suppressions/search", self.search_suppression),
        ):
            app.router.add_route(method, base + path, handler)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        sent = await request.read()
        answer = await self._faulty(request)
        if answer is None and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            answer = problem(401, "the token is missing or wrong")
        if answer is None:
            answer = await self._once(request, handler)
        told = answer.body if isinstance(answer, web.Response) else b""
        self.seen.append(Exchange(request, sent, answer.status, told if isinstance(told, bytes) else b""))
        return answer

    async def _faulty(self, request: web.Request) -> web.StreamResponse | None:
        kind = self.fault.kind
        if kind in ("hang", "slow"):
            await asyncio.sleep(3600 if kind == "hang" else self.fault.seconds)
        elif kind == "once":
            self.fault = Fault()
            return web.json_response({"error": "busy"}, status=503)
        elif kind == "busy":
            return web.json_response({"error": "busy"}, status=503)
        elif kind == "garbage":
            return web.Response(text="<html>login</html>")
        elif kind == "wrong":
            return web.json_response({"id": 7, "balance_cents": "86.42"})
        elif kind == "drip":
            return await drip(request)
        return None

    async def _once(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return await handler(request)
        async with self._deeds:  # two of the same key at once are one deed too
            if key not in self.crm.answered:
                answer = await handler(request)
                if answer.status >= 400:  # nothing was done: the same deed may be tried again otherwise
                    return answer
                body = answer.text if isinstance(answer, web.Response) else None
                self.crm.answered[key] = answer.status, json.loads(body) if body else None
        status, told = self.crm.answered[key]
        return web.Response(status=status) if told is None else web.json_response(told, status=status)

    async def search_customer(self, request: web.Request) -> web.Response:
        return found(self.crm.of_number((await request.json())["phone"]))

    async def search_profile(self, request: web.Request) -> web.Response:
        customer = self.crm.of_number((await request.json())["phone"])
        if customer is None:
            return problem(404, "no such customer")
        orders = [row for row in self.crm.orders_of(customer["id"]) if row["state"] in UNDER_WAY]
        tickets = [row for row in self.crm.tickets_of(customer["id"]) if row["state"] != "done"]
        last = self.crm.last_call(customer["id"])
        told = {"customer": customer, "orders": orders[:5], "tickets": tickets, "last_call": last}
        return web.json_response(told)

    async def customer(self, request: web.Request) -> web.Response:
        return found(self.crm.customers.get(request.match_info["id"]))

    async def bill(self, request: web.Request) -> web.Response:
        return found(self.crm.bills.get((request.match_info["id"], request.match_info["period"])))

    async def orders(self, request: web.Request) -> web.Response:
        return web.json_response({"orders": self.crm.orders_of(request.match_info["id"])[:5]})

    async def order(self, request: web.Request) -> web.Response:
        return found(self._order(request))

    def _order(self, request: web.Request) -> Body | None:
        number = request.match_info["number"]
        mine = self.crm.owners.get(number) == request.match_info["id"]
        return self.crm.orders[number] if mine else None

    async def change_order(self, request: web.Request) -> web.Response:
        order, change = self._order(request), await request.json()
        if order is None:
            return problem(404, "no such order")
        if "state" not in change or order["state"] != change["state"]:
            needed = NOT_SENT_YET if change.get("state", "cancelled") == "cancelled" else ("delivered",)
            if order["state"] not in needed:
                return problem(409, f"the order is {order['state']}")
        order.update(change)
        return web.json_response(order)

    async def appointments(self, request: web.Request) -> web.Response:
        since = request.query["since"]
        theirs = [
            row
            for row in self.crm.appointments.values()
            if row["customer_id"] == request.match_info["id"]
            and row["state"] == "booked"
            and row["day"] >= since
        ]
        return web.json_response({"appointments": sorted(theirs, key=lambda row: (row["day"], row["time"]))})

    async def free(self, request: web.Request) -> web.Response:
        return web.json_response({"free": self._is_free(request.query["day"], request.query["time"])})

    def _is_free(self, day: str, time: str, but: str = "") -> bool:
        hour = (day, time[:2])
        taken = [row for row in self.crm.appointments.values() if (row["day"], row["time"][:2]) == hour]
        return sum(row["state"] == "booked" and row["number"] != but for row in taken) < PER_HOUR

    async def book(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not self._is_free(body["day"], body["time"]):
            return problem(409, "nobody is left in that hour")
        number = f"A{len(self.crm.appointments) + 1:05}"
        visit = {key: body[key] for key in ("customer_id", "what", "day", "time")}
        self.crm.appointments[number] = {"number": number, "state": "booked", **visit}
        return web.json_response(self.crm.appointments[number], status=201)

    async def change_appointment(self, request: web.Request) -> web.Response:
        number, change = request.match_info["number"], await request.json()
        if change["state"] == "booked" and number in self.crm.appointments:
            when = {**self.crm.appointments[number], **change}
            if not self._is_free(when["day"], when["time"], but=number):
                return problem(409, "nobody is left in that hour")
        return await changed(self.crm.appointments, request)

    async def open_ticket(self, request: web.Request) -> web.Response:
        body = await request.json()
        number = f"T{len(self.crm.tickets) + 1:05}"
        kept = {key: value for key, value in body.items() if key != "call_id"}
        day = datetime.now(timezone.utc).date().isoformat()
        self.crm.tickets[number] = {"number": number, "state": "open", "day": day, **kept}
        return web.json_response(self.crm.tickets[number], status=201)

    async def change_ticket(self, request: web.Request) -> web.Response:
        return await changed(self.crm.tickets, request)

    async def tickets(self, request: web.Request) -> web.Response:
        return web.json_response({"tickets": self.crm.tickets_of(request.match_info["id"])})

    async def add_note(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if number not in self.crm.tickets:
            return problem(404, "no such ticket")
        self.crm.notes.setdefault(number, []).append(await request.json())
        return web.Response(status=204)

    async def handoff(self, request: web.Request) -> web.Response:
        key = request.match_info["call_id"], request.match_info["reason"]
        self.crm.handoffs[key] = await request.json()
        return web.Response(status=204)

    async def outcome(self, request: web.Request) -> web.Response:
        key = request.match_info["call_id"], request.match_info["what"]
        self.crm.outcomes[key] = await request.json()
        return web.Response(status=204)

    async def report(self, request: web.Request) -> web.Response:
        body = await request.json()
        if status := self.refused.get(request.match_info["call_id"]):
            return problem(status, "no")
        self.crm.reports[request.match_info["call_id"]] = {**body, "day": self._today.isoformat()}
        return web.Response(status=204)

    async def suppress(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.crm.suppressions.setdefault((body["number"], body["scope"]), body)
        return web.Response(status=204)

    async def search_suppression(self, request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"suppressed": (body["number"], body["scope"]) in self.crm.suppressions})


def found(row: Body | None) -> web.Response:
    return problem(404, "no such thing") if row is None else web.json_response(row)


async def changed(rows: dict[str, Body], request: web.Request) -> web.Response:
    row = rows.get(request.match_info["number"])
    if row is None:
        return problem(404, "no such thing")
    row.update(await request.json())
    return web.json_response(row)


def problem(status: int, title: str) -> web.Response:
    return web.json_response({"title": title, "status": status}, status=status)


async def drip(request: web.Request) -> web.StreamResponse:
    """A byte every 50 ms, for ever: no single wait is long."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    for _ in range(1200):
        await answer.write(b" ")
        await asyncio.sleep(0.05)
    return answer


def main() -> None:
    """Serve the demo customers and a hundred made-up ones until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A CRM that speaks docs/crm-api.yaml, in memory.")
    parser.add_argument("--port", type=int, default=8077)
    port = parser.parse_args().port
    server = CrmServer(date.today(), crowd=100, port=port)
    print(f"http://127.0.0.1:{port}/yingda/v1, token {TOKEN}", flush=True)
    web.run_app(server.app(), host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main()
