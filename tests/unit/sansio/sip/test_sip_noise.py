"""Broken messages in the middle of calls: the agent never raises, and every call still ends."""

from __future__ import annotations

import random

import pytest
from sip_wire import ANSWER, OFFER, PEER, Probe, request

from yingda.sansio.sip import CallOffered, CallStateError, Credentials, SessionChanged
from yingda.sansio.sip.message import Message, ParseError, Request, parse

CHALLENGE = 'WWW-Authenticate: Digest realm="trunk", nonce="n1", qop="auth"'
NOISE = [b"\r\n", b" ", b":;,", b"<", b">", b'"', b"=", b"@", b"\0", b"\xff", b"9" * 11, b"tag", b""]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The message with a few bytes replaced, taken out or put in; sometimes as it is."""
    broken = bytearray(data)
    for _ in range(dice.choice((0, 1, 1, 2, 5))):
        at = dice.randrange(len(broken))
        broken[at : at + dice.randint(0, 4)] = dice.choice(NOISE)
    return bytes(broken)


def sent_after(probe: Probe, data: bytes, now: float) -> list[Message]:
    """What the agent sends: well-formed but for a refusal, which repeats the headers that it complains of."""
    probe.agent.handle_timer(now)
    probe.agent.receive_datagram(data, PEER, now)
    messages = []
    for sent, _ in probe.agent.datagrams_to_send(now):
        try:
            messages.append(parse(sent))
        except ParseError:
            assert sent.startswith((b"SIP/2.0 400 ", b"SIP/2.0 501 ", b"SIP/2.0 505 "))
    return messages


@pytest.mark.parametrize("seed", range(4))
def test_noise_in_calls(seed: int) -> None:
    dice = random.Random(seed)
    probe = Probe(ring_timeout_s=20.0, max_calls=30)
    known: list[Request] = []  # what we sent and the peer may answer
    tags = [""]
    now = 0.0
    for number in range(1200):
        now += dice.choice((0.0, 0.01, 0.3))
        kind = dice.random()
        if kind < 0.1:
            who = Credentials("a", "b") if dice.random() < 0.5 else None
            try:
                probe.agent.invite("sip:1@192.0.2.2", "2", OFFER, PEER, now, who)
            except ValueError:
                pytest.fail("a well-formed command was refused")
            data = b""
        elif kind < 0.5 and known:
            status = dice.choice((100, 180, 183, 200, 200, 401, 407, 481, 486, 491, 503))
            data = probe.answer(dice.choice(known[-40:]), status, extra=CHALLENGE, body=ANSWER)
        else:
            method = dice.choice(("INVITE", "INVITE", "ACK", "BYE", "CANCEL", "INFO", "NOTIFY", "OPTIONS"))
            branch, call_id = f"z9hG4bK{dice.randrange(60)}", f"c{dice.randrange(12)}"
            body = OFFER if method == "INVITE" else b""
            tag = dice.choice(tags[-12:])
            data = request(method, branch, dice.randrange(1, 30), tag, call_id, body=body)
        for message in sent_after(probe, mutated(data, dice) if data else b"\0", now):
            if isinstance(message, Request):
                known.append(message)
            tags.append(message.from_tag if isinstance(message, Request) else message.to_tag)
        for event in probe.events():
            try:
                if isinstance(event, CallOffered) and dice.random() < 0.8:
                    probe.agent.accept(event.call, ANSWER, now)
                elif isinstance(event, SessionChanged) and dice.random() < 0.8:
                    probe.agent.answer_reinvite(event.call, ANSWER, now)
            except CallStateError:
                pass  # it ended in the same instant
        if number % 50 == 0:
            probe.agent.hang_up(dice.randrange(1, 200), now)
    for call in range(1, 2000):
        probe.agent.hang_up(call, now)
    sent_after(probe, b"\0", now)
    probe.times_of(now + 500.0)
    assert (probe.agent.call_count, probe.agent.transaction_count) == (0, 0)
    assert probe.agent.get_timer() is None
