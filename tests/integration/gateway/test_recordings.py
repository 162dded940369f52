"""Recordings of real calls through the real gateway: killed, listened to, and with secrets."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.fakes.dialogue_server import ScriptedDialogue
from tests.fakes.dtmf_detector import keys_in, tones
from tests.fakes.gateway_process import GatewayProcess
from tests.fakes.recordings import read
from tests.fakes.speech_server import ScriptedSpeech
from yingda.caller.phone import Phone
from yingda.messages import dialogue as d
from yingda.sansio.rtp import g711

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SIP_PORT, HTTP_PORT = 5976, 8976
URL = f"http://127.0.0.1:{HTTP_PORT}"
NUMBER, TOKEN = "13800138000", "operators-token"
OPERATORS = f"[{{name: wang, token_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}]"


class AsksForPassword(ScriptedDialogue):
    """Asks for six secret digits until it has them; may say that nothing is to be recorded."""

    record: bool | None = None

    def _answer_to(self, message: d.Up, number: int) -> list[d.Down]:
        if isinstance(message, d.CallEnded):
            return []
        generation = message.generation
        if isinstance(message, d.Keypad):
            says: list[d.Down] = [d.Say(generation, "收到。"), d.Listen(generation)]
        else:
            says = [d.Say(generation, "请输入密码。"), d.Listen(generation, "digits", 6, secret=True)]
        if self.record is False and isinstance(message, d.Keypad):
            says.insert(0, d.StopRecording(generation, erase=True))
        return [*says, d.TurnDone(generation)]


@pytest.fixture(autouse=True)
def no_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal shows what the stores would get."""
    monkeypatch.setenv("MONGO_URL", "mongodb://127.0.0.1:9")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")


@asynccontextmanager
async def running(folder: Path, dialogue: ScriptedDialogue) -> AsyncIterator[GatewayProcess]:
    async with ScriptedSpeech(["喂"]) as speech, dialogue:
        ports = {"sip_port": SIP_PORT, "http_port": HTTP_PORT, "rtp_ports": (32000, 32199)}
        async with GatewayProcess(
            folder, speech, dialogue, **ports, recordings__operators=OPERATORS
        ) as gateway:
            yield gateway


@asynccontextmanager
async def calling() -> AsyncIterator[Phone]:
    phone = Phone(NUMBER)
    await phone.open()
    await phone.call("95000", ("127.0.0.1", SIP_PORT))
    try:
        yield phone
    finally:
        await phone.close()


def the_recording(folder: Path) -> Path:
    (path,) = (folder / "recordings").rglob("*.yrec")
    return path


def customer(path: Path) -> np.ndarray:
    return g711.decode_alaw(np.frombuffer(read(path).customer, np.uint8))


def say(phone: Phone, keys: str) -> None:
    phone.line.say(g711.encode_alaw(tones(keys)).tobytes())


async def answered(url: str, token: str | None = None, **headers: str) -> tuple[int, bytes, Any]:
    """Status, body and headers; POST where there is a token."""

    def ask() -> tuple[int, bytes, Any]:
        body = None if token is None else json.dumps({"why": "complaint 17"}).encode()
        request = urllib.request.Request(URL + url, body, headers)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    return await asyncio.to_thread(ask)


def documents(gateway: GatewayProcess, collection: str) -> list[dict[str, Any]]:
    return [r["document"] for r in gateway.records() if r.get("collection") == collection]


@pytest.mark.requirement(104)
async def test_a_gateway_killed_in_a_call_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedDialogue(["好的。"] * 5)) as gateway, calling() as phone:
        begun = time.monotonic()
        say(phone, "1234567890" * 3)
        await asyncio.sleep(5.3)
        lasted = time.monotonic() - begun
        gateway.process.kill()
        await gateway.process.wait()
        path = the_recording(tmp_path)
        recording = read(path)
        assert recording.ended is None and lasted - recording.seconds <= 1.3
        heard = keys_in(customer(path))
        assert len(heard) >= 17 and ("1234567890" * 3).startswith(heard)
        assert NUMBER not in str(path) and NUMBER.encode() not in path.read_bytes()


@pytest.mark.requirement(107)
async def test_an_operator_listens_by_ticket_and_all_is_audited(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedDialogue(["好的。"] * 5)) as gateway:
        async with calling() as phone:
            say(phone, "159")
            await asyncio.sleep(2.5)
            await phone.hang_up()
        await asyncio.sleep(1.0)
        path = the_recording(tmp_path)
        here = f"/recordings/{path.stem}"
        assert (await answered(here + "/tickets", token=""))[0] == 401
        assert (await answered(here + "/tickets", token="guessed"))[0] == 401
        status, body, _ = await answered(here + "/tickets", token=TOKEN)
        told = json.loads(body)
        assert status == 201 and 0 < told["until"] - time.time() <= 300

        status, wav, headers = await answered(told["url"])
        assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "audio/wav", "no-store")
        pcm, rate = soundfile.read(io.BytesIO(wav), dtype="int16")
        assert rate == 8000 and keys_in(pcm[:, 0]) == "159" and abs(pcm[:, 1]).max() > 1000
        status, part, headers = await answered(told["url"], Range="bytes=58-99")
        assert (status, part, headers["Content-Range"]) == (206, wav[58:100], f"bytes 58-99/{len(wav)}")

        altered = told["url"].replace("ticket=", "ticket=x")
        assert (await answered(altered))[0] == 403
        assert (await answered(here))[0] == 403
        assert (await answered(told["url"].replace(path.stem, "other")))[0] == 403
        status, body, _ = await answered("/recordings/other/tickets", token=TOKEN)
        assert (await answered(json.loads(body)["url"]))[0] == 404

        data = bytearray(path.read_bytes())
        data[5000] ^= 1
        path.write_bytes(data)
        status, body, _ = await answered(told["url"])
        assert status == 500 and b"altered" in body
        await asyncio.sleep(0.5)
        entries = documents(gateway, "audit")
    assert [(entry["who"], entry["what"]) for entry in entries] == [
        ("unknown", "refuse_ticket"),
        ("unknown", "refuse_ticket"),
        ("wang", "issue_ticket"),
        ("wang", "play_recording"),
        ("wang", "play_recording"),
        ("unknown", "refuse_recording"),
        ("unknown", "refuse_recording"),
        ("unknown", "refuse_recording"),
        ("wang", "issue_ticket"),
        ("wang", "refuse_recording"),
        ("wang", "refuse_recording"),
    ]
    assert all(entry["from_where"] == "127.0.0.1" and entry["happened_at"] for entry in entries)
    assert entries[3]["why"] == "complaint 17" and entries[3]["call_id"] == path.stem


async def key_in_a_password(phone: Phone) -> None:
    await asyncio.sleep(1.0)
    say(phone, "135790")  # as a telephone that sends both tones and events
    await asyncio.sleep(1.6)
    phone.line.press("135790")
    await asyncio.sleep(3.5)
    say(phone, "2468")
    await asyncio.sleep(1.8)
    await phone.hang_up()
    await asyncio.sleep(1.0)


@pytest.mark.requirement(104)
async def test_secret_keys_are_neither_in_the_recording_nor_in_the_record(tmp_path: Path) -> None:
    dialogue = AsksForPassword([])
    async with running(tmp_path, dialogue) as gateway:
        async with calling() as phone:
            await key_in_a_password(phone)
        path = the_recording(tmp_path)
        assert keys_in(customer(path)) == "2468"
        ((begin, end),) = read(path).secret_ms
        assert end - begin > 3000
        (messages,) = dialogue.received.values()
        assert [m.digits for m in messages if isinstance(m, d.Keypad)] == ["135790"]  # it was asked, and told
        call = documents(gateway, "calls")[-1]
        ((kept_begin, kept_end),) = call["recording_secret_ms"]
        assert abs(kept_end - kept_begin - (end - begin)) <= 100
        assert "135790" not in json.dumps(gateway.records())
        secret = [turn for turn in documents(gateway, "turns") if turn.get("secret")]
        assert secret and all(not turn["text"] and not turn.get("digits") for turn in secret)


async def test_a_call_that_is_not_to_be_recorded_is_erased(tmp_path: Path) -> None:
    dialogue = AsksForPassword([])
    dialogue.record = False
    async with running(tmp_path, dialogue) as gateway:
        async with calling() as phone:
            await key_in_a_password(phone)
        assert not list((tmp_path / "recordings").rglob("*.yrec"))
        call = documents(gateway, "calls")[-1]
        assert call["recording"] is None and call["recording_erased"] and call["recording_stopped_at"]
        (entry,) = documents(gateway, "audit")
        assert (entry["who"], entry["what"]) == ("dialogue", "erase_recording")
