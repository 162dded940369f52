"""sip_fuzz: what broken SIP messages do to the parser and to the whole user agent: crashes, slowness, growth.

    make figure NAME=sip_fuzz
    python -m scripts.figure sip_fuzz --seconds 14400 --seed 7    # a long run

The messages are those of RFC 4475, RFC 5118 and of ordinary calls, broken by structure
(bench/_sip_mutation.py). The user agent is the real one without sockets; time is simulated, and calls come
in, are answered, placed, changed and hung up between the messages. After each round all calls are hung up and
the clock goes on until no timer is left; then nothing else may be left either. The same seed gives the same
run. A message that does harm is written to var/sip_fuzz.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import random
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench._sip_mutation import Mutator
from tests.fakes.sip_torture import torture_messages
from yingda.sansio.sip import (
    CallOffered,
    CallStateError,
    Credentials,
    SessionChanged,
    UserAgent,
    UserAgentConfig,
    sdp,
)
from yingda.sansio.sip.message import ParseError, Request, parse

US, PEER = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
OFFER = sdp.build_offer("192.0.2.2", 4000, 1)
NO_SDP = b"v=0\r\n"
ORDINARY = ("INVITE", "INVITE", "INVITE", "ACK", "ACK", "BYE", "CANCEL", "INFO", "NOTIFY", "OPTIONS")
ROUND = 5000  # messages
WARM_UP_ROUNDS = 2
BAR_RATIO = 50.0  # time per byte, over that of an ordinary INVITE
MIN_BYTES = (
    300  # a shorter message counts as one of so many: what every message costs is no fault of its bytes
)
MAX_GROWTH_MIB = 8.0
MAX_TIMERS = 1_000_000  # wake-ups until a round is over; what has not run out then is left
MAX_GROWTH_OBJECTS = 3072  # three tables of 1024 values that the parser remembers may still fill
FOLDER = Path("var/sip_fuzz")


def request(
    method: str, branch: str = "1", cseq: int = 1, to_tag: str = "", call_id: str = "c", body: bytes = b""
) -> bytes:
    """An ordinary request of the peer."""
    kind = "application/dtmf-relay" if method == "INFO" else "application/sdp"
    lines = [
        f"{method} sip:95588@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{branch};rport",
        "Max-Forwards: 70",
        'From: "Zhang San" <sip:13800138000@192.0.2.2>;tag=peer',
        f"To: <sip:95588@192.0.2.1>{';tag=' + to_tag if to_tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        "Contact: <sip:13800138000@192.0.2.2:5060>",
        "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9:5070;lr>",
        "Supported: timer, path, replaces",
        *([f"Content-Type: {kind}"] if body else []),
        f"Content-Length: {len(body)}\r\n\r\n",
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


class Findings:
    """Crashes, and the slowest message by time per byte."""

    def __init__(self) -> None:
        self.crashes: list[str] = []
        self.floor_s = 0.0  # per byte
        self.worst = 0.0
        self.worst_what = ""

    def crashed(self, where: str, data: bytes, error: BaseException) -> None:
        """Keep a crash once for each place."""
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else "?"
        what = f"{where}: {type(error).__name__} at {place}"
        if what not in self.crashes:
            self.crashes.append(what)
            print(f"crash {what}: {self._keep(f'crash-{len(self.crashes)}', data)}")

    def timed(self, where: str, data: bytes, seconds: float, again: Callable[[bytes], object]) -> None:
        """Take the time of one message; an outlier is measured again, for the machine has its own moods."""
        length = max(len(data), MIN_BYTES)
        if seconds / length <= max(self.worst, 5.0) * self.floor_s:
            return
        ratio = min(seconds, *(clocked(again, data) for _ in range(3))) / length / self.floor_s
        if ratio > self.worst:
            self.worst = ratio
            self.worst_what = f"{where}, {len(data)} bytes"
            if ratio > BAR_RATIO:
                print(f"slow, {ratio:.0f} times the floor: {self._keep('slow', data)}")

    @staticmethod
    def _keep(name: str, data: bytes) -> Path:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{name}.dat"
        path.write_bytes(data)
        return path


def clocked(action: Callable[[bytes], object], data: bytes) -> float:
    """CPU seconds of this thread."""
    begun = time.thread_time()
    action(data)
    return time.thread_time() - begun


def fresh_agent() -> UserAgent:
    config = UserAgentConfig(*US, max_calls=60, max_invites_per_s=30.0, ring_timeout_s=20.0)
    return UserAgent(config, random.Random(1))


def harmless_parse(data: bytes) -> None:
    """Parse as the layer does; a ParseError is an answer, and its reply must go on the wire."""
    try:
        bytes(parse(data))
    except ParseError as error:
        if error.reply is not None:
            bytes(error.reply)


def receive_alone(data: bytes) -> None:
    """The message at an agent that knows nothing."""
    fresh_agent().receive_datagram(data, PEER, 0.0)


class World:
    """One user agent in the middle of calls, and a peer that sends it broken messages."""

    def __init__(self, seed: int, findings: Findings) -> None:
        self.dice = random.Random(seed)
        self.findings = findings
        self.agent = fresh_agent()
        self.now = 0.0
        self.messages = 0
        self._known: deque[Request] = deque(maxlen=40)  # what we sent, and the peer may answer
        self._tags: deque[str] = deque([""], maxlen=16)
        self._calls: deque[int] = deque(maxlen=60)
        torture = [torture.data for torture in torture_messages()]
        self._corpus = [*torture, *(self._ordinary() for _ in range(40))]
        self._mutator = Mutator(self.dice, self._corpus)

    def _ordinary(self) -> bytes:
        """A request as a sane peer may send it now."""
        dice = self.dice
        method = dice.choice(ORDINARY)
        body = OFFER if method == "INVITE" else b"Signal=5\r\nDuration=160\r\n" if method == "INFO" else b""
        tag = dice.choice(self._tags) if dice.random() < 0.7 else ""
        return request(
            method, str(dice.randrange(400)), dice.randrange(1, 40), tag, f"c{dice.randrange(30)}", body
        )

    def _answer(self) -> bytes:
        """A response to something that we sent."""
        dice = self.dice
        status = dice.choice((100, 180, 183, 200, 200, 200, 302, 401, 407, 423, 481, 486, 491, 503))
        reply = dice.choice(self._known).reply(
            status, dice.choice(("callee", "fork", f"t{dice.randrange(99)}"))
        )
        reply.headers["contact"] = ["<sip:10086@192.0.2.2:5060>"]
        reply.headers["www-authenticate"] = [f'Digest realm="a", nonce="n{dice.randrange(9)}", qop="auth"']
        reply.headers["content-type"], reply.body = ["application/sdp"], OFFER
        return bytes(reply)

    def message(self) -> bytes:
        """The next message, broken or not."""
        chance = self.dice.random()
        if chance < 0.25:
            data = self.dice.choice(self._corpus)
        elif chance < 0.5 and self._known:
            data = self._answer()
        else:
            data = self._ordinary()
        return self._mutator.mutate(data) if self.dice.random() < 0.75 else data

    def step(self) -> None:
        """One message to the parser and to the agent, and what follows from it."""
        data = self.message()
        self.messages += 1
        self.now += self.dice.choice((0.0, 0.001, 0.02, 0.3))
        for where, action, again in (
            ("parser", harmless_parse, harmless_parse),
            ("user agent", self._receive, receive_alone),
        ):
            try:
                seconds = clocked(action, data)
            except Exception as error:
                self.findings.crashed(where, data, error)
            else:
                self.findings.timed(where, data, seconds, again)
        try:
            self._follow()
        except Exception as error:
            self.findings.crashed("what follows", data, error)

    def _receive(self, data: bytes) -> None:
        self.agent.receive_datagram(data, PEER, self.now)

    def _follow(self) -> None:
        agent, dice, now = self.agent, self.dice, self.now
        agent.handle_timer(now)
        while (event := agent.next_event()) is not None:
            try:
                if isinstance(event, CallOffered):
                    self._calls.append(event.call)
                    self._answer_offer(event.call, event.sdp)
                elif isinstance(event, SessionChanged) and dice.random() < 0.8:
                    agent.answer_reinvite(event.call, OFFER, now)
            except CallStateError:
                pass  # it ended in the same instant
        if dice.random() < 0.05:
            who = Credentials("user", "password") if dice.random() < 0.5 else None
            self._calls.append(agent.invite("sip:1@192.0.2.2", "2", OFFER, PEER, now, who))
        if self._calls and dice.random() < 0.1:
            call = dice.choice(self._calls)
            command = dice.randrange(3)
            with suppress(CallStateError):
                if command == 0:
                    agent.hang_up(call, now)
                elif command == 1:
                    agent.reinvite(call, OFFER, now)
                else:
                    agent.refer(call, "sip:3@192.0.2.2", now)
        self._look_at_what_was_sent()

    def _answer_offer(self, call: int, body: bytes) -> None:
        """As the gateway does."""
        try:
            if body:
                description = sdp.parse(body)
                answer = sdp.answer(description, sdp.negotiate(description), "192.0.2.1", 5000, 1)
            else:
                answer = OFFER
        except sdp.SdpError as error:
            self.agent.reject(call, error.code, self.now)
            return
        if self.dice.random() < 0.8:
            self.agent.accept(call, answer, self.now)

    def _look_at_what_was_sent(self) -> None:
        for data, _ in self.agent.datagrams_to_send(self.now):
            try:
                message = parse(data)
            except ParseError:
                if not data.startswith(b"SIP/2.0 "):
                    raise
                continue  # a refusal, which repeats the headers that it complains of
            if isinstance(message, Request):
                self._known.append(message)
            self._tags.append(message.from_tag if isinstance(message, Request) else message.to_tag)

    def flood(self, number: int) -> float:
        """INVITEs from everywhere at once; returns the CPU-seconds of one that was shed."""
        shed = []
        for index in range(number):
            data = request(
                "INVITE", f"f{self.messages}.{index}", 1, "", f"f{index}", OFFER if index % 2 else NO_SDP
            )
            before = self.agent.counters["refused_rate"] + self.agent.counters["refused_overload"]
            begun = time.thread_time()
            self.agent.receive_datagram(data, (f"198.51.{index % 20}.1", 5060), self.now)
            taken = time.thread_time() - begun
            if self.agent.counters["refused_rate"] + self.agent.counters["refused_overload"] > before:
                shed.append(taken)
            if index % 100 == 0:
                self._follow()
        return statistics.median(shed) if shed else 0.0

    def end_all(self) -> dict[str, int]:
        """Hang up everything, let every timer run out; returns what is left, by table."""
        for call in self.agent.calls():
            self.agent.hang_up(call, self.now)
        for _ in range(MAX_TIMERS):
            at = self.agent.get_timer()
            if at is None:
                break
            self.now = max(self.now, at)
            self._quiet()
        self._quiet()
        self._known.clear()
        self._calls.clear()
        return {name: size for name, size in self.agent.table_sizes().items() if size}

    def _quiet(self) -> None:
        self.agent.handle_timer(self.now)
        self.agent.datagrams_to_send(self.now)
        while self.agent.next_event() is not None:
            pass


def resident_mib() -> float:
    """Memory of this process, without what the C library keeps for later."""
    with suppress(OSError, AttributeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def floor_per_byte() -> float:
    """CPU-seconds per byte of an ordinary INVITE at the user agent, answered; the median of many."""
    agent, times = fresh_agent(), []
    for number in range(600):
        data = request("INVITE", f"floor{number}", 1, "", f"floor{number}", OFFER)
        begun = time.thread_time()
        agent.receive_datagram(data, PEER, number * 1.0)
        times.append((time.thread_time() - begun) / len(data))
        event = agent.next_event()
        if isinstance(event, CallOffered):
            agent.reject(event.call, 486, number * 1.0)
        agent.handle_timer(number * 1.0)
        agent.datagrams_to_send(number * 1.0)
    return statistics.median(times)


def main() -> int:
    """Print the figure; 0 when nothing crashed, was slow or grew."""
    parser = argparse.ArgumentParser(description="Fuzz the SIP parser and user agent.")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long (a long run: 14400)")
    parser.add_argument("--seed", type=int, default=4475, help="the same seed gives the same messages")
    arguments = parser.parse_args()
    findings = Findings()
    findings.floor_s = floor_per_byte()
    world = World(arguments.seed, findings)
    left: dict[str, int] = {}
    memory: list[float] = []
    objects: list[int] = []
    shed_s = 0.0
    gc.disable()  # its pauses belong to no message
    deadline = time.monotonic() + arguments.seconds
    while time.monotonic() < deadline or len(memory) < WARM_UP_ROUNDS + 2:
        for number in range(ROUND):
            world.step()
            if number % 500 == 0:
                gc.collect()
        shed_s = world.flood(1000)
        left |= world.end_all()
        gc.collect()
        memory.append(resident_mib())
        objects.append(len(gc.get_objects()))
    return report(world, left, memory, objects, shed_s)


def report(world: World, left: dict[str, int], memory: list[float], objects: list[int], shed_s: float) -> int:
    """The last lines."""
    findings = world.findings
    grown = max(memory[WARM_UP_ROUNDS:]) - memory[WARM_UP_ROUNDS - 1]
    more = objects[-1] - objects[WARM_UP_ROUNDS - 1]
    ordinary = findings.floor_s * len(request("INVITE", body=OFFER)) * 1e6
    print(f"messages {world.messages} in {len(memory)} rounds; an ordinary INVITE {ordinary:.0f} us of CPU")
    print(f"shed INVITE of a flood: {shed_s * 1e6:.0f} us; slowest: {findings.worst_what}")
    shown = memory[:: max(1, len(memory) // 20)]
    print(f"memory after rounds, MiB: {' '.join(f'{mib:.1f}' for mib in shown)}")
    print(f"objects {objects[WARM_UP_ROUNDS - 1]} -> {objects[-1]}; left in tables: {left or 'nothing'}")
    for name, count in sorted(world.agent.counters.items()):
        print(f"  {name} {count}")
    holds = not findings.crashes and findings.worst <= BAR_RATIO and not left
    holds = holds and grown <= MAX_GROWTH_MIB and more <= MAX_GROWTH_OBJECTS
    print(
        f"sip_fuzz: {len(findings.crashes)} crashes in {world.messages} messages, "
        f"slowest {findings.worst:.1f} times an ordinary INVITE per byte, "
        f"{grown:.1f} MiB and {more} objects grown, {sum(left.values())} entries left, "
        f"bars 0, {BAR_RATIO:.0f}, {MAX_GROWTH_MIB:.0f}, {MAX_GROWTH_OBJECTS}, 0 "
        + ("PASS" if holds else "FAIL")
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
