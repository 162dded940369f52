"""A company's CRM that hangs, drips, is busy or talks nonsense: an answer or CrmUnavailable, and in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date

import pytest

from actions.clients import adapters
from actions.clients.outage import Breaker
from actions.clients.patience import CrmUnavailable, Patience
from actions.clients.protocols import Adapter
from tests.fakes.crm_server import TOKEN, CrmServer, Fault

pytestmark = [pytest.mark.integration, pytest.mark.requirement(49), pytest.mark.requirement(50)]

ANSWER_S = 0.5
IN_TIME_S = 1.5  # a busy machine is allowed its second


@pytest.fixture
def server() -> Iterator[CrmServer]:
    server = CrmServer(date(2026, 11, 20))
    server.start()
    yield server
    server.stop()


def adapter(server: CrmServer, token: str = TOKEN, failures: int = 99) -> Adapter:
    return adapters.rest_api(server.url, token, Patience(ANSWER_S, Breaker(failures, open_s=0.3)))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("hang", "no answer"),
        ("drip", "too slow"),
        ("busy", "503"),
        ("garbage", "JSON"),
        ("wrong", "docs/crm-api.yaml"),
    ],
)
def test_what_does_not_answer_is_unavailable_in_time(server: CrmServer, kind: str, told: str) -> None:
    crm = adapter(server)
    server.fault = Fault(kind)
    begun = time.monotonic()
    with pytest.raises(CrmUnavailable, match=told) as error:
        crm.crm.customer_by_number("13800138000")
    assert time.monotonic() - begun < IN_TIME_S
    assert "13800138000" not in str(error.value) and "86.42" not in str(error.value)
    server.fault = Fault()
    assert crm.crm.customer_by_number("13800138000") is not None


def test_a_read_is_tried_again_and_a_write_is_not(server: CrmServer) -> None:
    crm = adapter(server)
    server.fault = Fault("once")
    assert crm.crm.customer_by_number("13800138000") is not None
    assert [exchange.status for exchange in server.seen] == [503, 200]
    server.fault = Fault("once")
    with pytest.raises(CrmUnavailable):
        crm.tickets.open("call-1", "demo-13800138000", "fault", "断网")
    assert server.crm.tickets == {}


def test_slow_is_not_away(server: CrmServer) -> None:
    server.fault = Fault("slow", 0.2)
    assert adapter(server).crm.customer_by_number("13800138000") is not None


def test_a_wrong_token_says_what_to_do(server: CrmServer) -> None:
    with pytest.raises(CrmUnavailable, match=r"rest\.token in settings/crm\.yml"):
        adapter(server, "guessed").crm.customer("demo-13800138000")


def test_nobody_waits_for_a_server_that_hangs_until_it_is_back(server: CrmServer) -> None:
    crm = adapter(server, failures=2)
    server.fault = Fault("hang")
    for _ in range(2):
        with pytest.raises(CrmUnavailable):
            crm.crm.customer("demo-13800138000")
    begun = time.monotonic()
    with pytest.raises(CrmUnavailable, match="not asked"):
        crm.crm.customer("demo-13800138000")
    assert time.monotonic() - begun < 0.1
    server.fault = Fault()
    time.sleep(0.35)
    assert crm.crm.customer("demo-13800138000") is not None


def test_nobody_there_is_unavailable(server: CrmServer) -> None:
    crm = adapter(server)
    server.stop()
    with pytest.raises(CrmUnavailable, match=r"rest\.url"):
        crm.crm.customer("demo-13800138000")
