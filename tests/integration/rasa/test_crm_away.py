"""The real assistant while the CRM hangs, is slow, refuses or is not there.

Every request is answered with a sentence, in time, and the greeting does not wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import servers
import yaml
from customer import Customer

from tests.fakes.crm_server import TOKEN, CrmServer, Fault

pytestmark = [pytest.mark.integration, pytest.mark.requirement(49), pytest.mark.requirement(205)]

DOMAIN = yaml.safe_load((servers.ROOT / "domain.yml").read_text(encoding="utf-8"))
WANG = "demo-13800138000"
ANSWER_S = 1.5  # of actions/backends.py; a turn may ask several times, but not once the CRM has failed
BUSY_MACHINE_S = 1.5
TURN_S = 2 * ANSWER_S + BUSY_MACHINE_S
CALL = {"call_id": "c", "customer_number": "13800138000", "started_at": "2026-11-20T01:00:00Z"}
BUSY = DOMAIN["responses"]["utter_system_busy"][0]["text"]
SORRY = DOMAIN["responses"]["utter_sorry"][0]["text"]
REQUESTS = (  # each needs the CRM
    "我想查一下我的余额",
    "这个月的账单是多少",
    "我账单上怎么多了一百块",
    "我现在用的什么套餐",
    "我的快递到哪里了",
    "蓝牙耳机的订单不想要了帮我取消吧",
    "我想约个师傅上门，明天上午十点",
    "我上次投诉的处理得怎么样了",
)
OTHERS = (  # need none to be answered: what they leave is written later
    *("我家的宽带断网了", "我要投诉你们的师傅"),
    *("以后不要再给我打电话了", "帮我转人工客服"),
)


@contextlib.contextmanager
def action_server(folder: Path, **env: str) -> Iterator[str]:
    """Address of a real one, with the settings of `env`."""
    port, log = servers.free_port(), folder / "actions.log"
    command = [servers.sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(port)]
    process = servers._start(command, log, {**servers.QUIET, **servers.outbox_in(folder), **env})
    try:
        servers.wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def crm() -> Iterator[CrmServer]:
    server = CrmServer(date.today())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def told(crm: CrmServer) -> dict[str, str]:
    """The environment of an action server over that CRM."""
    rest = {"ADAPTER": "rest", "REST__URL": crm.url, "REST__TOKEN": TOKEN, "PAUSE_S": "0.5"}
    return {f"YINGDA_CRM__{name}": value for name, value in rest.items()}


@pytest.fixture(scope="module")
def assistant(
    told: dict[str, str],
    database: tuple[str, Any],
    model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[servers.RasaServers]:
    """Rasa and its actions, over that CRM."""
    running = servers.RasaServers(tmp_path_factory.mktemp("rest"), database[0], model)
    running.env.update(told)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@contextlib.contextmanager
def broken(crm: CrmServer, kind: str, seconds: float = 0.0) -> Iterator[None]:
    crm.fault = Fault(kind, seconds)
    try:
        yield
    finally:
        crm.fault = Fault()
        time.sleep(0.6)  # the breaker finds it back


@pytest.mark.parametrize("kind", ["hang", "busy", "garbage", "drip"])
def test_every_request_is_answered_when_the_crm_does_not_answer(
    crm: CrmServer, assistant: servers.RasaServers, kind: str
) -> None:
    async def talk(request: str) -> str:
        call = f"test-{uuid.uuid4().hex[:12]}"
        async with Customer(assistant.call_url(call), call) as customer:
            await customer.says("我想查一下我的余额")
            assert "86.42元" in (await customer.says("六七二一")).said
            with broken(crm, kind):
                turn = await customer.says(request)
        assert turn.said.strip(), f"nothing is said to {request}"
        assert turn.seconds < TURN_S, f"{request}: {turn.seconds:.1f} s"
        return turn.said

    answers = {request: asyncio.run(talk(request)) for request in (*REQUESTS, *OTHERS)}
    assert [request for request in REQUESTS if BUSY not in answers[request]] == []
    assert [request for request in OTHERS if BUSY in answers[request]] == []


@pytest.mark.requirement(50)
@pytest.mark.requirement(51)
@pytest.mark.parametrize("kind", ["hang", "busy"])
def test_what_a_call_leaves_while_the_crm_is_away_is_there_once_when_it_is_back(
    crm: CrmServer, assistant: servers.RasaServers, kind: str
) -> None:
    """Also when the action server is killed in between."""
    call, number = f"test-{uuid.uuid4().hex[:12]}", f"154{uuid.uuid4().int % 10**8:08}"
    tickets = len(crm.crm.tickets)
    complaint = f"我要投诉你们的师傅，编号{number[-4:]}"

    async def talk() -> None:
        async with Customer(assistant.call_url(call), call, f"+86{number}") as customer:
            assert SORRY in (await customer.says(complaint)).said
            await customer.says("以后不要再给我打电话了")
            await customer.hangs_up()

    with broken(crm, kind):
        asyncio.run(talk())
        time.sleep(2.0)
        waiting = sorted(path.name.split(".")[1] for path in outbox_of(assistant))
        assistant.kill_actions()
        assert {"ticket", "opt_out", "outcome", "report"} <= set(waiting)
        assert call not in crm.crm.reports
        assistant.start_actions()
    deadline = time.monotonic() + 30
    while outbox_of(assistant) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert outbox_of(assistant) == []
    assert crm.crm.reports[call]["outcome"] == "opted_out"
    assert crm.crm.suppressions[number, "all"]["call_id"] == call
    assert crm.crm.outcomes[call, "opt_out"]["value"] is True
    assert [row["about"] for row in list(crm.crm.tickets.values())[tickets:]].count(complaint) == 1
    log = (assistant.folder / "actions.log").read_text()
    assert number not in log and "投诉你们" not in log


@pytest.mark.requirement(50)
def test_a_call_that_ends_while_the_action_server_is_away_leaves_its_report(
    crm: CrmServer, assistant: servers.RasaServers
) -> None:
    call = f"test-{uuid.uuid4().hex[:12]}"

    async def talk() -> None:
        async with Customer(assistant.call_url(call), call) as customer:
            await customer.says("我想查一下我的余额")
            assistant.kill_actions()
            await customer.hangs_up()

    asyncio.run(talk())
    time.sleep(2.0)
    assistant.start_actions()
    deadline = time.monotonic() + 30
    while call not in crm.crm.reports and time.monotonic() < deadline:
        time.sleep(0.1)
    assert crm.crm.reports[call]["asked"] == ["查余额"]


def outbox_of(assistant: servers.RasaServers) -> list[Path]:
    return [path for path in (assistant.folder / "outbox").glob("*.json")]


def test_who_calls_while_the_crm_is_away_is_greeted_and_told(
    crm: CrmServer, assistant: servers.RasaServers
) -> None:
    async def talk() -> None:
        call = f"test-{uuid.uuid4().hex[:12]}"
        async with Customer(assistant.call_url(call), call) as customer:
            assert "智能语音助手" in customer.greeting.said and "王女士" not in customer.greeting.said
            assert BUSY in (await customer.says("我想查一下我的余额")).said
            crm.fault = Fault()
            await asyncio.sleep(3.0)  # questions of others that hang still count until they are given up
            # whose number it is, is found out as soon as it can be
            assert "后4位" in (await customer.says("我想查一下我的余额")).said

    with broken(crm, "hang"):
        asyncio.run(talk())


def test_a_slow_crm_is_answered_from(crm: CrmServer, assistant: servers.RasaServers) -> None:
    async def talk() -> None:
        call = f"test-{uuid.uuid4().hex[:12]}"
        async with Customer(assistant.call_url(call), call) as customer:
            await customer.says("我想查一下我的余额")
            assert "86.42元" in (await customer.says("六七二一")).said
            with broken(crm, "slow", 0.2):
                for request in REQUESTS[:3]:
                    assert BUSY not in (await customer.says(request)).said

    asyncio.run(talk())


def ask(url: str, action: str) -> tuple[Any, float]:
    """The action server's answer to an action at the beginning of a call, and how long it took."""
    known = {"customer_id": WANG, "identity_verified": True, "request": "balance", "identity_attempts": 0}
    said = {"text": "查一下", "intent": {"name": "query_balance"}, "entities": [], "metadata": {"call": CALL}}
    tracker = {
        "sender_id": "away-1",
        "slots": {"awaiting": "nothing", "session_started_metadata": {"call": CALL}, **known},
        "latest_message": said,
        "events": [],
        "paused": False,
        "followup_action": None,
        "active_loop": {},
        "latest_action_name": "action_listen",
    }
    body = {"next_action": action, "sender_id": "away-1", "tracker": tracker, "domain": DOMAIN}
    begun = time.monotonic()
    answer = requests.post(url, json=body, timeout=30)
    assert answer.status_code == 200, f"{action}: {answer.status_code} {answer.text[:300]}"
    return answer.json(), time.monotonic() - begun


def slots_of(answer: Any) -> dict[str, Any]:
    return {event["name"]: event["value"] for event in answer["events"] if event["event"] == "slot"}


def test_no_action_fails_or_takes_long_without_mongodb(tmp_path: Path) -> None:
    """A failed action is a turn in which nothing is said."""
    with action_server(tmp_path, MONGO_URL=f"mongodb://127.0.0.1:{servers.free_port()}") as url:
        ask(url, "action_session_start")  # loads modules
        for listed in DOMAIN["actions"]:
            name = listed if isinstance(listed, str) else next(iter(listed))
            if name.startswith("validate_"):
                continue  # of a form that is open: whole conversations, above
            patient = 20.0 if name == "action_call_ended" else TURN_S  # it tries again, nobody waits
            _, seconds = ask(url, name)
            assert seconds < patient, f"{name}: {seconds:.1f} s"


def test_the_greeting_does_not_wait_for_a_crm_that_hangs(
    crm: CrmServer, told: dict[str, str], tmp_path: Path
) -> None:
    hurry = {"YINGDA_CRM__FAILURES": "1000", "YINGDA_CRM__GREETING_MS": "250"}
    with action_server(tmp_path, **told, **hurry) as url:
        answers = [ask(url, "action_session_start") for _ in range(6)]
        assert all(slots_of(answer)["customer_known"] for answer, _ in answers[1:])
        assert slots_of(answers[-1][0])["customer_profile"]["orders"]
        usual = min(seconds for _, seconds in answers)
        with broken(crm, "hang"):
            waited = [ask(url, "action_session_start") for _ in range(6)]
        assert not any(slots_of(answer)["customer_known"] for answer, _ in waited)
        assert not any("customer_profile" in slots_of(answer) for answer, _ in waited)
        assert min(seconds for _, seconds in waited) - usual < 0.3
