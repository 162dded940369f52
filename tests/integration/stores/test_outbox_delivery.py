"""The outbox over the real stores: a process that is killed with writes waiting, and the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actions.clients import adapters, deeds
from actions.clients.calls import CallReport
from actions.clients.delivery import Outbox
from actions.clients.patience import Patience
from actions.clients.spool import Spool
from tests.fakes import crm_document
from tests.fakes.crm_server import TOKEN, CrmServer, Fault
from yingda.plumbing import stores
from yingda.plumbing.processes import free_port

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.requirement(49),
    pytest.mark.requirement(50),
]

DEADLINE_S = 20.0
WANG = "demo-13800138000"
PROCESS = """
import sys, threading
from pathlib import Path
from actions.clients import adapters, settings
from actions.clients.delivery import Outbox
from actions.clients.spool import Spool
from tests.integration.stores.test_outbox_delivery import leave

outbox = Outbox(Spool(Path(sys.argv[1])), lambda: adapters.of_outbox(settings.read()), longest_wait_s=1.0)
leave(outbox, int(sys.argv[2]))
outbox.start()
print("ready", flush=True)
threading.Event().wait()
"""


def report(call: str, summary: str = "王女士查询余额。") -> CallReport:
    listed: dict[str, Any] = {"asked": ("查询余额",), "done": (), "open": ()}
    about = {"customer_id": WANG, "customer_number": "13800138000", "direction": "inbound"}
    return CallReport(
        call_id=call, outcome="answered", who="王女士", mood="calm", summary=summary, **about, **listed
    )


def leave(outbox: Outbox, calls: int) -> None:
    """What so many calls leave."""
    for n in range(calls):
        outbox.put(deeds.ticket(f"call-{n}", WANG, "complaint", "师傅没来"))
        outbox.put(deeds.report(report(f"call-{n}", "先说的")))
        outbox.put(deeds.report(report(f"call-{n}", "后说的")))


def process(folder: Path, calls: int, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROCESS, str(folder), str(calls)]
    told = {**os.environ, **env, "PYTHONPATH": os.getcwd()}
    started = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None and started.stdout.readline() == "ready\n"
    return started


def kill(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGKILL)
    running.communicate()


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_what_a_killed_process_left_is_in_mongodb_once_it_is_back(tmp_path: Path) -> None:
    folder, port = tmp_path / "outbox", free_port()
    env = {"MONGO_URL": f"mongodb://127.0.0.1:{port}", "YINGDA_CRM__ADAPTER": "mongodb"}
    first = process(folder, 5, env)
    time.sleep(4.0)  # it has tried, in vain
    kill(first)
    spool = Spool(folder)
    assert len(spool.entries()) == 15
    second = process(folder, 0, env)
    mongo = stores.EmbeddedMongo(tmp_path / "data", port, tmp_path / "mongo.log")
    mongo.start()
    try:
        until(lambda: spool.entries() == [], "not delivered")
        database = stores.database(mongo.url)
        told = {row["call_id"]: row["value"]["summary"] for row in database.interactions.find({})}
        assert told == {f"call-{n}": "后说的" for n in range(5)}
        assert database.tickets.count_documents({}) == 5 and spool.refused() == []
        database.client.close()
    finally:
        kill(second)
        mongo.stop()


def test_killed_while_it_delivers_every_write_is_there_once(tmp_path: Path) -> None:
    """Three times, at any moment; the server answers slowly, so that most die in the middle of a write."""
    server = CrmServer(date(2026, 11, 20))
    server.start()
    server.fault = Fault("slow", 0.02)
    rest = {"ADAPTER": "rest", "REST__URL": server.url, "REST__TOKEN": TOKEN}
    env = {f"YINGDA_CRM__{name}": value for name, value in rest.items()}
    folder = tmp_path / "outbox"
    spool, calls = Spool(folder), 24
    try:
        running = process(folder, calls, env)
        for n in range(3):
            seen = len(server.seen)
            until(lambda seen=seen: len(server.seen) > seen + 7, "nothing is delivered")
            time.sleep(0.007 * n)
            kill(running)
            assert spool.entries(), "all was delivered before the kill"
            running = process(folder, 0, env)
        until(lambda: spool.entries() == [], "not delivered")
        kill(running)
        assert len(server.crm.tickets) == calls and len(server.crm.reports) == calls
        assert {row["summary"] for row in server.crm.reports.values()} == {"后说的"}
        assert spool.refused() == []
        crm_document.check_all(server.seen)
    finally:
        server.stop()


def test_what_the_server_refuses_goes_aside_and_the_rest_arrives(tmp_path: Path) -> None:
    server = CrmServer(date(2026, 11, 20))
    server.start()
    outbox = Outbox(Spool(tmp_path), lambda: adapters.rest_api(server.url, TOKEN, Patience(5.0)))
    try:
        leave(outbox, 4)
        server.refused = {"call-0": 400, "call-1": 404, "call-2": 422}
        outbox.start()
        until(lambda: outbox.spool.entries() == [], "something waits")
        assert set(server.crm.reports) == {"call-3"} and len(server.crm.tickets) == 4
        whys = dict(outbox.spool.why(entry.name) for entry in outbox.spool.refused())
        assert all(str(status) in whys[call] for call, status in server.refused.items())
        server.refused = {}
        assert outbox.spool.retry() == 6
        until(lambda: outbox.spool.entries() == [], "something waits")
        assert {row["summary"] for row in server.crm.reports.values()} == {"后说的"}
    finally:
        outbox.stop()
        server.stop()


def test_a_wrong_token_refuses_nothing(tmp_path: Path) -> None:
    server = CrmServer(date(2026, 11, 20))
    server.start()
    line = [adapters.rest_api(server.url, "wrong", Patience(5.0))]
    outbox = Outbox(Spool(tmp_path), lambda: line[0], longest_wait_s=1.0)
    try:
        leave(outbox, 1)
        outbox.start()
        until(lambda: len(server.seen) >= 3, "it is not tried")
        assert len(outbox.spool.entries()) == 3 and outbox.spool.refused() == []
        line[0] = adapters.rest_api(server.url, TOKEN, Patience(5.0))
        until(lambda: outbox.spool.entries() == [], "something waits")
        assert set(server.crm.reports) == {"call-0"}
    finally:
        outbox.stop()
        server.stop()
