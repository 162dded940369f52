"""Whole calls through the real models: every shipped scene, and baresip as a peer that is not ours."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from softphone import Softphone

from bench import _system
from yingda.caller import records
from yingda.caller.call import Options, place

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
SCENES = ("keypad", "cough", "human", "silence", "out_of_scope", "interruption", "packet_loss", "two_people")
OFFSET = 340


@pytest.fixture(scope="module")
def system() -> Iterator[_system.System]:
    with _system.running(OFFSET) as running:
        yield running


@pytest.mark.requirement(203)
@pytest.mark.requirement(206)
@pytest.mark.parametrize("name", SCENES)
async def test_scene(system: _system.System, name: str) -> None:
    options = Options(ROOT / "tests" / "scenes" / f"{name}.yml", system.sip, mongo=system.mongo_url)
    outcome = await place(options, print)
    assert [f"{failure.turn}: {failure.why}" for failure in outcome.verdict.failures] == []


@pytest.mark.requirement(206)
async def test_a_softphone_calls_hears_the_greeting_and_keys_digits(
    system: _system.System, tmp_path: Path
) -> None:
    since = datetime.now(timezone.utc)
    async with Softphone(tmp_path, "13600136000") as phone:
        await phone.do("dial", f"sip:yingda@127.0.0.1:{system.sip[1]}")
        await asyncio.sleep(12.0)  # the greeting and the question behind it
        await phone.press("6721")
        await asyncio.sleep(4.0)
        await phone.do("hangup")
        await asyncio.sleep(1.0)
    call_id = await recorded(system, "13600136000", since)
    turns = records.read_turns(system.database, call_id)
    assert [turn.text for turn in turns if turn.side == "customer"] == ["6721"]
    # how well the greeting is understood is a figure: make figure NAME=greeting
    assert float(np.sqrt(np.mean(phone.heard().astype(np.float64) ** 2))) > 200


@pytest.mark.requirement(206)
async def test_a_softphone_is_called_and_greeted(system: _system.System, tmp_path: Path) -> None:
    since = datetime.now(timezone.utc)
    async with Softphone(tmp_path, "13700137000") as phone:
        to = f"sip:13700137000@127.0.0.1:{phone.port}"
        body = {"call_id": f"out-{since:%H%M%S%f}", "from": "95588", "to": to}
        await asyncio.to_thread(post, system.plan.gateway_url("/internal/calls"), body)
        await asyncio.sleep(10.0)
        await phone.do("hangup")
        await asyncio.sleep(1.0)
    turns = records.read_turns(system.database, body["call_id"])
    assert "智能语音助手" in "".join(turn.text for turn in turns if turn.side == "bot")
    assert float(np.sqrt(np.mean(phone.heard().astype(np.float64) ** 2))) > 200


async def recorded(system: _system.System, number: str, since: datetime) -> str:
    for _ in range(40):
        call_id = records.find_call(system.database, number, since)
        if call_id is not None and not records.read_call(system.database, call_id, ROOT).problems:
            return call_id
        await asyncio.sleep(0.2)
    raise AssertionError(f"no complete record of the call from {number}")


def post(url: str, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 202
