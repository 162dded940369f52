"""Test tools: one agent fed with written messages, and two agents joined by a lossy, slow, simulated wire."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

from yingda.sansio.sip import Event, UserAgent, UserAgentConfig, sdp
from yingda.sansio.sip.events import Address
from yingda.sansio.sip.message import Message, Request, Response, parse

US, PEER = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
OFFER = sdp.build_offer("192.0.2.2", 4000, 1)
ANSWER = sdp.build_offer("192.0.2.1", 5000, 2, codecs=("PCMA",))


def request(
    method: str,
    branch: str = "z9hG4bK1",
    cseq: int = 1,
    to_tag: str = "",
    call_id: str = "c1",
    extra: str = "",
    body: bytes = b"",
    uri: str = "sip:95588@192.0.2.1",
    from_tag: str = "peer",
    cseq_method: str = "",
) -> bytes:
    """A request of the peer; ``extra`` holds whole header lines, each ended by CR LF."""
    if body and "Content-Type" not in extra:
        extra += "Content-Type: application/sdp\r\n"
    head = (
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.2:5060;branch={branch};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:13800138000@192.0.2.2>;tag={from_tag}\r\n"
        f"To: <sip:95588@192.0.2.1>{';tag=' + to_tag if to_tag else ''}\r\n"
        f"Call-ID: {call_id}\r\n"
        f"CSeq: {cseq} {cseq_method or method}\r\n"
        "Contact: <sip:13800138000@192.0.2.2:5060>\r\n"
        f"{extra}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body


class Probe:
    """One agent; what it sends is parsed at once."""

    def __init__(self, **config: object) -> None:
        settings = UserAgentConfig(host=US[0], port=US[1], **config)  # type: ignore[arg-type]
        self.agent = UserAgent(settings, random.Random(7))

    def feed(self, data: bytes, now: float = 0.0, addr: Address = PEER) -> list[Message]:
        self.agent.handle_timer(now)
        self.agent.receive_datagram(data, addr, now)
        return self.sent(now)

    def sent(self, now: float = 0.0) -> list[Message]:
        """What is due at ``now``, timers included."""
        self.agent.handle_timer(now)
        return [parse(data) for data, _ in self.agent.datagrams_to_send(now)]

    def events(self) -> list[Event]:
        events = []
        while (event := self.agent.next_event()) is not None:
            events.append(event)
        return events

    def times_of(self, until: float) -> list[tuple[float, str]]:
        """(time, what) of every datagram that timers send up to ``until``."""
        sent: list[tuple[float, str]] = []
        while (at := self.agent.get_timer()) is not None and at <= until:
            self.agent.handle_timer(at)
            for data, _ in self.agent.datagrams_to_send(at):
                sent.append((round(at, 3), name_of(parse(data))))
        return sent

    def answer(
        self, sent: Request, status: int, tag: str = "callee", extra: str = "", body: bytes = b""
    ) -> bytes:
        """The peer's response to a request of ours."""
        reply = sent.reply(status, tag)
        for line in extra.splitlines():
            name, _, value = line.partition(": ")
            reply.headers.setdefault(name.lower(), []).append(value)
        if 100 < status < 300 and sent.method == "INVITE":
            reply.headers.setdefault("contact", ["<sip:10086@192.0.2.2:5060>"])
        if body:
            reply.headers["content-type"] = ["application/sdp"]
            reply.body = body
        return bytes(reply)

    def offered(self, **kwargs: object) -> int:
        """Let a call come in; its handle. What was sent is thrown away."""
        self.feed(request("INVITE", body=OFFER, **kwargs))  # type: ignore[arg-type]
        return next(event.call for event in self.events())

    def up(self) -> tuple[int, str]:
        """Let a call come in, answer it at 0 s and get the ACK: its handle and our tag."""
        call = self.offered()
        self.agent.accept(call, ANSWER, 0.0)
        tag = self.sent()[-1].to_tag
        self.feed(request("ACK", branch="z9hG4bKack", to_tag=tag))
        self.events()
        return call, tag

    def called(self, **kwargs: object) -> tuple[int, Request]:
        """Place a call at 0 s: its handle and the INVITE."""
        to = "sip:10086@192.0.2.2"
        call = self.agent.invite(to, "95588", OFFER, PEER, 0.0, **kwargs)  # type: ignore[arg-type]
        return call, only_request(self.sent())


def name_of(message: Message) -> str:
    return message.method if isinstance(message, Request) else str(message.status)


def names(messages: list[Message]) -> list[str]:
    return [name_of(message) for message in messages]


def only_request(messages: list[Message]) -> Request:
    (message,) = messages
    assert isinstance(message, Request)
    return message


def only_response(messages: list[Message]) -> Response:
    (message,) = messages
    assert isinstance(message, Response)
    return message


class Wire:
    """Two agents, ``loss`` of the datagrams lost each way, each taking 5-60 ms: they overtake one another."""

    def __init__(self, loss: float, seed: int, on_event: Callable[[UserAgent, Event, float], None]) -> None:
        self.rng = random.Random(seed)
        self.loss = loss
        self.now = 0.0
        self.agents = {
            addr: UserAgent(UserAgentConfig(host=addr[0], port=addr[1]), random.Random(seed + index))
            for index, addr in enumerate((US, PEER))
        }
        self._on_event = on_event
        self._flying: list[tuple[float, int, bytes, Address, Address]] = []
        self._serial = 0

    def run(self, until: float) -> None:
        """Let the simulated time go on."""
        while True:
            self._pump()
            times = [at for agent in self.agents.values() if (at := agent.get_timer()) is not None]
            if self._flying:
                times.append(self._flying[0][0])
            if not times or min(times) > until:
                self.now = until
                return
            self.now = max(self.now, min(times))
            while self._flying and self._flying[0][0] <= self.now:
                _, _, data, source, target = heapq.heappop(self._flying)
                self.agents[target].receive_datagram(data, source, self.now)
            for agent in self.agents.values():
                agent.handle_timer(self.now)

    def _pump(self) -> None:
        for addr, agent in self.agents.items():
            while (event := agent.next_event()) is not None:
                self._on_event(agent, event, self.now)
            for data, target in agent.datagrams_to_send(self.now):
                if self.rng.random() >= self.loss:
                    self._serial += 1
                    at = self.now + self.rng.uniform(0.005, 0.06)
                    heapq.heappush(self._flying, (at, self._serial, data, addr, target))
