"""Whole calls over real SIP and RTP: the real gateway, sipp as the peer, scripted speech and dialogue."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.dialogue_server import ScriptedDialogue
from tests.fakes.gateway_process import GatewayProcess
from tests.fakes.speech_server import ScriptedSpeech
from yingda.messages import dialogue as d

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is missing (apt-get install sip-tester)"),
]

SCENARIO = Path("bench/sip_load.xml").resolve()
BILL = "您本月的账单一共是一百二十八元五角，其中套餐费一百元，增值业务费二十八元五角。"


async def sipp(folder: Path, *arguments: str) -> int:
    """Exit status of sipp; the talking caller of bench/sip_load.xml unless told otherwise."""
    link = folder / "pcap"
    if not link.exists():
        link.symlink_to("/usr/share/sip-tester")
    process = await asyncio.create_subprocess_exec(
        "sipp", *arguments, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "60s",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait()


def turns(gateway: GatewayProcess) -> list[dict[str, Any]]:
    """Turn documents as they would stand in the store."""
    found: dict[str, dict[str, Any]] = {}
    for operation in gateway.records():
        if operation.get("collection") == "turns":
            found[operation["key"]] = operation["document"]
    return [found[key] for key in sorted(found)]


def recorded_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "recordings").rglob("*.yrec"))


@pytest.fixture
def no_stores(monkeypatch):
    """Stores that are away: the call must not care, and the journal shows the record."""
    monkeypatch.setenv("MONGO_URL", "mongodb://127.0.0.1:9")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")


@pytest.mark.requirement(97)
async def test_inbound_call(tmp_path, no_stores):
    async with ScriptedSpeech(["我要查话费"]) as speech, ScriptedDialogue([BILL] * 5) as dialogue:
        dialogue.evidence = {"article": "bill-date", "version": "ab12", "source": "手册 2.1"}
        async with GatewayProcess(tmp_path, speech, dialogue) as gateway:
            target = f"127.0.0.1:{gateway.sip_port}"
            status = await sipp(tmp_path, "-sf", str(SCENARIO), target, "-d", "11000")
        assert status == 0

        (messages,) = dialogue.received.values()
        assert isinstance(messages[0], d.CallStarted)
        assert messages[0].customer_number == "13800000000"
        asked = [m for m in messages if isinstance(m, d.CustomerTurn)]
        assert asked and asked[0].text == "我要查话费"
        assert isinstance(messages[-1], d.CallEnded)

        first, second, third = turns(gateway)[:3]
        assert (first["side"], first["interrupted"]) == ("bot", False)
        # the recorded speaker may go on before the answer is heard: then both parts are one turn
        assert second["side"] == "customer" and set(second["text"].split("我要查话费")) == {""}
        assert third["text"] == BILL and 0 < third["latency_ms"] < 3000
        assert third["evidence"] == [dialogue.evidence] and "evidence" not in first
        (ended,) = [r["document"] for r in gateway.records() if "ended_at" in r.get("document", {})]
        assert ended["outcome"] == "customer_hung_up"
        assert recorded_bytes(tmp_path) > 100_000


@pytest.mark.requirement(35)
async def test_barge_in_on_a_real_line(tmp_path, no_stores):
    """The recorded caller talks over the greeting; the bot stops, and only heard words are told."""
    async with ScriptedSpeech(["等一下我要查话费"]) as speech, ScriptedDialogue([BILL] * 5) as dialogue:
        dialogue.greeting = [("这是一段很长的介绍，" * 8 + "请问有什么可以帮您？", True)]
        async with GatewayProcess(tmp_path, speech, dialogue) as gateway:
            await sipp(tmp_path, "-sf", str(SCENARIO), f"127.0.0.1:{gateway.sip_port}", "-d", "8000")
        greeting, customer = turns(gateway)[:2]
        assert greeting["interrupted"]
        assert greeting["text"].startswith(greeting["heard"]) and 0 < len(greeting["heard"]) < 60
        (messages,) = dialogue.received.values()
        turn = next(m for m in messages if isinstance(m, d.CustomerTurn))
        assert turn.heard is not None and turn.heard.interrupted
        assert turn.heard.heard == greeting["heard"]
        assert set(customer["text"].split("等一下我要查话费")) == {""}  # once, or joined as above


@pytest.mark.requirement(88)
async def test_speech_server_dies_in_mid_call(tmp_path, no_stores):
    """The caller hears an apology; when the server is back the call goes on."""
    async with ScriptedDialogue([BILL] * 5) as dialogue, ScriptedSpeech(["我要查话费"]) as speech:
        async with GatewayProcess(tmp_path, speech, dialogue) as gateway:
            call = asyncio.create_task(
                sipp(tmp_path, "-sf", str(SCENARIO), f"127.0.0.1:{gateway.sip_port}", "-d", "9000")
            )
            assert await gateway.metrics_show("yingda_calls_inbound_total 1", within_s=5)
            await asyncio.sleep(2.0)
            await speech.stop()
            assert await gateway.metrics_show("yingda_prompt_outage_total 1", within_s=3)
            async with ScriptedSpeech(["我要查话费"], port=int(speech.address.rsplit(":")[-1])):
                assert await gateway.metrics_show("yingda_speech_restored_total 2", within_s=4)
                assert await gateway.metrics_show("yingda_prompt_go_on_total 1", within_s=1)
                assert await call == 0


@pytest.mark.requirement(88)
async def test_dialogue_dies_in_mid_call(tmp_path, no_stores):
    async with ScriptedSpeech(["我要查话费"]) as speech:
        async with ScriptedDialogue([BILL] * 5) as dialogue:
            async with GatewayProcess(tmp_path, speech, dialogue) as gateway:
                call = asyncio.create_task(
                    sipp(tmp_path, "-sf", str(SCENARIO), f"127.0.0.1:{gateway.sip_port}", "-d", "9000")
                )
                assert await gateway.metrics_show("yingda_calls_inbound_total 1", within_s=5)
                await asyncio.sleep(1.0)
                await dialogue.stop()
                port = int(dialogue.url.split(":")[2].split("/")[0])
                assert await gateway.metrics_show("yingda_prompt_outage_total 1", within_s=6)
                async with ScriptedDialogue([BILL] * 5, port=port) as again:
                    assert await call == 0
                    (messages,) = again.received.values()
    assert isinstance(messages[0], d.CallStarted) and messages[0].resumed


async def test_outgoing_call(tmp_path, no_stores):
    async with ScriptedSpeech(["好的"]) as speech, ScriptedDialogue([]) as dialogue:
        async with GatewayProcess(tmp_path, speech, dialogue) as gateway:
            answered = asyncio.create_task(sipp(tmp_path, "-sn", "uas", "-p", "5991"))
            await asyncio.sleep(0.5)
            body = {"call_id": "c-1", "from": "95000", "to": "sip:13800000000@127.0.0.1:5991"}
            placed = await gateway.post("/internal/calls", body)
            assert json.loads(placed or "{}")["state"] == "ringing"
            assert await gateway.post("/internal/calls", body) is None  # one call per call_id
            assert await gateway.metrics_show("yingda_calls_outbound_total 1", within_s=5)
            await asyncio.sleep(2.0)
            (call,) = json.loads(await gateway.get("/internal/calls") or "")["calls"]
            assert call["call_id"] == "c-1" and call["direction"] == "outbound"
        # the drain at the end says goodbye and hangs up, which ends sipp's scenario
        assert await answered == 0
        (messages,) = dialogue.received.values()
        assert messages[0].direction == "outbound" and messages[0].customer_number.startswith("sip:1380")
        events = [r["event"] for r in gateway.records() if "event" in r]
        assert events[0] == "call_started" and "call_answered" in events and events[-1] == "call_ended"


async def test_call_beyond_the_limit_is_refused(tmp_path, no_stores):
    async with ScriptedSpeech(["好的"]) as speech, ScriptedDialogue([]) as dialogue:
        async with GatewayProcess(tmp_path, speech, dialogue, calls__max_calls=1) as gateway:
            target = f"127.0.0.1:{gateway.sip_port}"
            first = asyncio.create_task(sipp(tmp_path, "-sf", str(SCENARIO), target, "-d", "3000"))
            assert await gateway.metrics_show("yingda_calls 1", within_s=5)
            assert await sipp(tmp_path, "-sn", "uac", target, "-p", "5995", "-d", "100") != 0
            assert await first == 0


async def test_port_in_use_is_named(tmp_path, no_stores):
    async with ScriptedSpeech(["好的"]) as speech, ScriptedDialogue([]) as dialogue:
        async with GatewayProcess(tmp_path, speech, dialogue) as gateway:
            second = GatewayProcess(tmp_path, speech, dialogue, http_port=8971, sip_port=gateway.sip_port)
            with pytest.raises(RuntimeError, match=r"sip\.port: cannot listen on 0\.0\.0\.0:5970/udp"):
                async with second:
                    pass
