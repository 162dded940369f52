"""docs/crm-api.yaml is OpenAPI 3.1, says all that goes over the line, and is no looser than our reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone

import pytest
from openapi_core.exceptions import OpenAPIError

from actions.clients import adapters
from actions.clients.calls import CallReport, OptOut
from actions.clients.crm import BillLine
from actions.clients.patience import CrmUnavailable, Patience
from actions.clients.protocols import Adapter
from tests.fakes import crm_document
from tests.fakes.crm_server import TOKEN, CrmServer, Fault

pytestmark = [pytest.mark.integration, pytest.mark.requirement(50), pytest.mark.requirement(52)]

WANG = "demo-13800138000"
DAY = date(2026, 11, 25)
AT = datetime(2026, 11, 20, 3, 0, tzinfo=timezone.utc)


@pytest.fixture
def server() -> Iterator[CrmServer]:
    server = CrmServer(date(2026, 11, 20))
    server.start()
    yield server
    server.stop()


def use_everything(crm: Adapter) -> None:
    """Every method of the protocol, once at least."""
    crm.crm.customer_by_number("13800138000")
    crm.crm.customer(WANG)
    crm.crm.bill(WANG, "2026-11")
    line = BillLine("roaming_pack", "国际漫游包", 10000, DAY)
    number = crm.crm.open_refund_ticket("call/1", WANG, "2026-11", line)
    crm.crm.record_handoff("call/1", "requested", "王女士。", None)
    crm.orders.recent(WANG)
    crm.orders.order(WANG, "75002381")
    crm.orders.cancel(WANG, "75002381")
    crm.orders.change_address(WANG, "75002466", "别处1号")
    crm.orders.take_back(WANG, "75001907", "exchanging")
    visit = crm.appointments.book("call/1", WANG, "维修", DAY, "10:30")
    crm.appointments.move(visit, DAY, "11:00")
    crm.appointments.next(WANG, DAY)
    crm.appointments.is_free(DAY, "10:30")
    crm.appointments.cancel(visit)
    crm.tickets.open("call/1", None, "complaint", "师傅没有来")
    crm.tickets.latest(WANG)
    crm.tickets.unfinished(WANG)
    crm.tickets.add_note(number, "call/1", "快一点")
    crm.tickets.set_state(number, "working")
    crm.tickets.record("call/1", None, "13800138000", "promise_to_pay", {"date": "2026-11-30"})
    crm.calls.opt_out(OptOut("13800138000", "all", "call/1", AT))
    crm.calls.is_suppressed("13800138000", "all")
    who = {"customer_id": None, "customer_number": "", "direction": "outbound", "who": "未登记"}
    told = {"asked": (), "done": (), "open": (), "mood": "calm", "summary": "没有说话。"}
    crm.calls.finish(CallReport(call_id="call/1", outcome="nothing", **who, **told))  # type: ignore[arg-type]
    crm.crm.profile("13800138000")


def test_everything_that_goes_over_the_line_is_described_and_all_of_it_is_used(server: CrmServer) -> None:
    use_everything(adapters.rest_api(server.url, TOKEN, Patience(5.0)))
    assert crm_document.check_all(server.seen) == set(crm_document.operations())


def test_the_document_is_a_judge(server: CrmServer) -> None:
    crm = adapters.rest_api(server.url, TOKEN, Patience(5.0))
    server.fault = Fault("wrong")
    with pytest.raises(CrmUnavailable):
        crm.crm.customer(WANG)
    with pytest.raises(OpenAPIError):
        crm_document.check(server.seen[-1])
    server.fault = Fault()
    server.crm.customers[WANG]["balance_cents"] = 86.42  # yuan: neither may take it
    with pytest.raises(CrmUnavailable):
        crm.crm.customer(WANG)
    with pytest.raises(OpenAPIError):
        crm_document.check(server.seen[-1])


def test_no_number_or_word_of_a_customer_stands_in_an_address(server: CrmServer) -> None:
    use_everything(adapters.rest_api(server.url, TOKEN, Patience(5.0)))
    addresses = [str(exchange.request.rel_url) for exchange in server.seen]
    private = ("/13800138000", "=13800138000", "师傅", "%E5%B8%88", "别处", "%E5%88%AB")
    assert not [address for address in addresses if any(word in address for word in private)]
