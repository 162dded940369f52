"""MongoDB stopped in the middle of its work: an answer or CrmUnavailable, in time, and back afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.clients import adapters, demo_data
from actions.clients.outage import Breaker
from actions.clients.patience import CrmUnavailable, Patience, until
from actions.clients.protocols import Adapter
from yingda.plumbing import stores
from yingda.plumbing.processes import free_port

pytestmark = [pytest.mark.integration, pytest.mark.requirement(49)]

NUMBER = "13800138000"
ANSWER_S, BUSY_MACHINE_S = 0.5, 1.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[stores.EmbeddedMongo]:
    server = stores.EmbeddedMongo(tmp_path / "data", free_port(), tmp_path / "mongo.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def crm(server: stores.EmbeddedMongo) -> Iterator[Adapter]:
    client = stores.mongo(server.url)
    demo_data.seed(client["yingda"], date(2026, 11, 20))
    yield adapters.mongodb(client["yingda"], Patience(ANSWER_S, Breaker(failures=2, open_s=0.3)))
    client.close()


def test_a_stopped_mongodb_is_unavailable_in_time_then_not_asked_then_found_back(
    server: stores.EmbeddedMongo, crm: Adapter
) -> None:
    assert crm.crm.profile(NUMBER) is not None
    pid = server.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(CrmUnavailable), until(begun + 0.25):
            crm.crm.profile(NUMBER)  # the greeting, which is in a hurry
        assert time.monotonic() - begun < 0.25 + BUSY_MACHINE_S
        for deed in (lambda: crm.crm.profile(NUMBER), lambda: crm.tickets.open("c", "demo", "fault", "断网")):
            begun = time.monotonic()
            with pytest.raises(CrmUnavailable, match="MongoDB"):
                deed()
            assert time.monotonic() - begun < ANSWER_S + BUSY_MACHINE_S
        begun = time.monotonic()
        with pytest.raises(CrmUnavailable, match="not asked"):
            crm.crm.profile(NUMBER)
        assert time.monotonic() - begun < 0.1
    finally:
        os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        time.sleep(0.35)
        try:
            assert crm.crm.profile(NUMBER) is not None
            return
        except CrmUnavailable:
            pass
    raise AssertionError("the CRM was not found back")
