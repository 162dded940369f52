"""sip_torture: messages of RFC 4475 and RFC 5118 that a running gateway answers otherwise than the RFCs say.

    make figure NAME=sip_torture

Each message goes unchanged over UDP to the real gateway, from an address of the loopback network where the
ports that the messages' Via headers name are free. Then the gateway must still take an ordinary request, and
have no call left. What the RFCs demand: tests/data/sip/torture/manifest.yml.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.fakes.dialogue_server import ScriptedDialogue
from tests.fakes.gateway_process import GatewayProcess
from tests.fakes.sip_torture import Torture, reading, torture_messages
from tests.fakes.speech_server import ScriptedSpeech
from yingda.sansio.sip.message import ParseError, Request, parse

HOST = "127.0.0.77"  # nobody else's, so that port 5060 is free there
PORTS = (5060, 5050, 6050, 19823)  # 5060 sends; answers go to the port of the top Via (RFC 3261 18.2.2)
SIP_PORT, HTTP_PORT = 5976, 8976
ANSWER_S = 3.0
SILENCE_S = 0.3
ORDINARY = (
    f"OPTIONS sip:yingda@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {HOST};rport;branch=z9hG4bKafter\r\n"
    f"From: <sip:a@{HOST}>;tag=a\r\nTo: <sip:yingda@127.0.0.1>\r\nCall-ID: after\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
).encode()

Answer = tuple[int, dict[str, str]]  # status, headers by name in lower case


class Peer(asyncio.DatagramProtocol):
    """What comes back, on all ports."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self._transports: list[asyncio.DatagramTransport] = []

    async def open(self) -> None:
        """Bind; OSError where a port is taken."""
        loop = asyncio.get_running_loop()
        for port in PORTS:
            transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, port))
            self._transports.append(transport)

    def close(self) -> None:
        for transport in self._transports:
            transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)

    def send(self, data: bytes) -> None:
        self._transports[0].sendto(data, ("127.0.0.1", SIP_PORT))

    async def answers(self, seconds: float, stop_at_final: bool) -> list[Answer]:
        """The responses that come in time."""
        found: list[Answer] = []
        try:
            async with asyncio.timeout(seconds):
                while not (stop_at_final and found and found[-1][0] >= 200):
                    data = await self.received.get()
                    if data.startswith(b"SIP/2.0 "):
                        found.append(_answer(data))
        except TimeoutError:
            pass
        return found


def _answer(data: bytes) -> Answer:
    start, *lines = data.split(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape").split("\r\n")
    parts = [line.partition(":") for line in lines]
    return int(start.split(" ")[1]), {name.strip().lower(): value.strip() for name, _, value in parts}


async def judge(peer: Peer, torture: Torture) -> str:
    """What is wrong with how it was answered and read, or ""."""
    peer.send(torture.data)
    answers = await peer.answers(ANSWER_S if torture.answers else SILENCE_S, stop_at_final=True)
    final = [status for status, _ in answers if status >= 200]
    if final and torture.data.startswith(b"INVITE"):
        end_call(peer, torture, *answers[-1])
    late = [status for status, _ in await peer.answers(SILENCE_S, stop_at_final=False)]
    print(f"{torture.section:19} {torture.file:30} {final or 'no answer'}{' apart' if torture.apart else ''}")
    if torture.file == "dblreq" and late:
        return "the second request of the datagram was answered too"
    if not torture.answers:
        return f"answered {final}, expected nothing" if answers else _misread(torture)
    if not final or final[0] not in torture.answers:
        return f"answered {final}, expected one of {torture.answers}"
    return _misread(torture)


def _misread(torture: Torture) -> str:
    try:
        found = reading(parse(torture.data)) if torture.reads else {}
    except ParseError as error:
        return f"not read: {error}"
    wrong = [f"{name} {found[name]!r}" for name, value in torture.reads.items() if found[name] != value]
    return f"misread: {', '.join(wrong)}" if wrong else ""


def end_call(peer: Peer, torture: Torture, status: int, headers: dict[str, str]) -> None:
    """ACK, and BYE if there is a call now."""
    try:
        request = parse(torture.data)
    except ParseError:
        return
    assert isinstance(request, Request)

    def send(method: str, cseq: int, via: str) -> None:
        copied = {"from": [request.first("from")], "to": [headers["to"]], "call-id": [request.call_id]}
        numbered = {"via": [via], **copied, "cseq": [f"{cseq} {method}"]}
        peer.send(bytes(Request(method, request.uri, numbered)))

    if status >= 300:
        send("ACK", request.cseq, request.first("via"))
        return
    via = f"SIP/2.0/UDP {HOST}:5060;rport;branch=z9hG4bK"
    send("ACK", request.cseq, f"{via}a-{torture.file}")
    send("BYE", request.cseq + 1, f"{via}b-{torture.file}")


async def measure(folder: Path) -> list[tuple[Torture, str]]:
    """All messages against one gateway; then it must be alive and idle."""
    peer = Peer()
    await peer.open()
    results = []
    async with ScriptedSpeech([]) as speech, ScriptedDialogue([]) as dialogue:
        async with GatewayProcess(
            folder, speech, dialogue, SIP_PORT, HTTP_PORT, (32000, 32199), sip__bind_host="127.0.0.1"
        ) as gateway:
            for torture in torture_messages():
                results.append((torture, await judge(peer, torture)))
            peer.send(ORDINARY)
            alive = [status for status, _ in await peer.answers(ANSWER_S, stop_at_final=True)]
            if alive != [200]:
                raise RuntimeError(f"after the messages an OPTIONS got {alive}, expected 200")
            if not await gateway.metrics_show("yingda_calls 0", within_s=40.0):
                raise RuntimeError("the gateway still has calls 40 s after the last message")
            metrics = (await gateway.get("/metrics") or "").splitlines()
            print("\n".join(line for line in metrics if line.startswith("yingda_sip_")))
    peer.close()
    return results


def main() -> int:
    """Print the figure; 0 when all are answered as the RFCs say."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            results = asyncio.run(measure(Path(folder)))
        except (OSError, RuntimeError) as error:
            print(f"sip_torture: not measured: {error} FAIL")
            return 1
    wrong = [(torture, why) for torture, why in results if why]
    for torture, why in wrong:
        print(f"{torture.file} ({torture.section}, {torture.about}): {why}")
    apart = sum(bool(torture.apart) for torture, _ in results)
    verdict = "FAIL" if wrong else "PASS"
    print(
        f"sip_torture: {len(wrong)} of {len(results)} messages answered otherwise than the RFCs say "
        f"({apart} apart: allowed, but by refusing a method that we do not take), bar 0 {verdict}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
