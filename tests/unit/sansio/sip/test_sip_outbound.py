"""Calls that we place."""

from __future__ import annotations

import pytest
from sip_wire import ANSWER, OFFER, PEER, Probe, names, only_request

from yingda.sansio.sip import (
    CallAnswered,
    CallFailed,
    CallRinging,
    CallStateError,
    Credentials,
    EarlyMedia,
    UserAgent,
)
from yingda.sansio.sip.message import Request, parse

CHALLENGE = 'WWW-Authenticate: Digest realm="trunk", nonce="{}", algorithm=SHA-256, qop="auth"'
PROXY = 'Proxy-Authenticate: Digest realm="edge", nonce="{}"'
TRUNK = Credentials("yingda", "secret")


def invite_to(
    agent: UserAgent, to_uri: str = "sip:1@192.0.2.2", number: str = "95588", **headers: str
) -> int:
    return agent.invite(to_uri, number, OFFER, PEER, 0.0, headers=headers)


@pytest.mark.requirement(206)
def test_ringing_early_media_and_answer() -> None:
    probe = Probe(domain="voice.example.com")
    call, invite = probe.called(headers={"X-Campaign": "spring"})
    assert invite.first("from").startswith("<sip:95588@voice.example.com>;tag=")
    assert (invite.uri, invite.first("x-campaign"), invite.body) == ("sip:10086@192.0.2.2", "spring", OFFER)
    assert probe.feed(probe.answer(invite, 100), 0.1) == []
    for status in (180, 180, 183):
        probe.feed(probe.answer(invite, status, body=ANSWER if status == 183 else b""), 0.2)
    probe.feed(probe.answer(invite, 183, body=ANSWER), 0.3)
    assert probe.events() == [CallRinging(call, 180), EarlyMedia(call, 183, ANSWER)]
    assert names(probe.feed(probe.answer(invite, 200), 1.0)) == ["ACK"]
    assert probe.events() == [CallAnswered(call, ANSWER)]  # no SDP in the 200: that of the 183 counts


def test_record_route_and_contact_decide_where_ack_and_bye_go() -> None:
    probe = Probe()
    call, invite = probe.called()
    routes = "Record-Route: <sip:192.0.2.8;lr>\nRecord-Route: <sip:192.0.2.9:5070;lr>\n"
    extra = routes + "Contact: <sip:u@192.0.2.50:5099>"
    probe.agent.receive_datagram(probe.answer(invite, 200, extra=extra, body=ANSWER), PEER, 0.1)
    probe.agent.hang_up(call, 1.0)
    for data, addr in probe.agent.datagrams_to_send(1.0):
        message = parse(data)
        assert isinstance(message, Request)
        assert addr == ("192.0.2.9", 5070)
        assert message.uri == "sip:u@192.0.2.50:5099"
        assert message.all("route") == ["<sip:192.0.2.9:5070;lr>", "<sip:192.0.2.8;lr>"]


def test_strict_router_and_host_name_in_contact() -> None:
    probe = Probe()
    _, invite = probe.called()
    extra = "Record-Route: <sip:old.example.com>\nContact: <sip:u@phone.example.com>"
    probe.agent.receive_datagram(probe.answer(invite, 200, extra=extra, body=ANSWER), PEER, 0.1)
    ((data, addr),) = probe.agent.datagrams_to_send(0.1)
    ack = parse(data)
    assert isinstance(ack, Request)
    assert addr == PEER  # no DNS in here: the address that we called
    assert (ack.uri, ack.all("route")) == ("sip:old.example.com", ["<sip:u@phone.example.com>"])


def test_a_peer_cannot_make_us_hang_up_without_end() -> None:
    probe = Probe()
    _, invite = probe.called()
    for number in range(1000):
        probe.feed(probe.answer(invite, 200, tag=f"fork{number}", body=ANSWER))
    assert probe.agent.counters["unwanted_answers"] == 15
    assert probe.agent.transaction_count == 16


def test_a_second_fork_is_acknowledged_and_hung_up() -> None:
    probe = Probe()
    call, invite = probe.called()
    probe.feed(probe.answer(invite, 200, tag="one", body=ANSWER), 0.1)
    second = probe.answer(invite, 200, tag="two", body=ANSWER)
    sent = probe.feed(second, 0.2)
    assert names(sent) == ["ACK", "BYE"]
    assert {message.to_tag for message in sent} == {"two"}
    assert names(probe.feed(second, 0.3)) == ["ACK"]
    assert probe.events() == [CallAnswered(call, ANSWER)]
    assert probe.agent.counters["unwanted_answers"] == 1


def test_cancel_waits_for_a_provisional_answer() -> None:
    probe = Probe()
    call, invite = probe.called()
    probe.agent.cancel(call, 0.1)
    assert probe.sent(0.1) == []
    cancel = only_request(probe.feed(probe.answer(invite, 100), 0.2))
    assert (cancel.method, cancel.all("via"), cancel.cseq) == ("CANCEL", invite.all("via"), invite.cseq)
    probe.feed(probe.answer(cancel, 200), 0.3)
    assert names(probe.feed(probe.answer(invite, 487), 0.4)) == ["ACK"]
    assert probe.events() == [CallFailed(call, 487, "Request Terminated")]


def test_answer_that_crosses_our_cancel_is_hung_up() -> None:
    probe = Probe()
    call, invite = probe.called()
    probe.feed(probe.answer(invite, 180), 0.1)
    probe.agent.hang_up(call, 0.2)
    assert names(probe.sent(0.2)) == ["CANCEL"]
    assert names(probe.feed(probe.answer(invite, 200, body=ANSWER), 0.3)) == ["ACK", "BYE"]
    assert probe.events() == [CallRinging(call, 180), CallFailed(call, 487, "Request Terminated")]
    with pytest.raises(CallStateError):
        probe.agent.cancel(call, 0.4)


def test_digest_by_trunk_and_by_proxy() -> None:
    probe = Probe()
    call, invite = probe.called(credentials=TRUNK)
    sent = probe.feed(probe.answer(invite, 401, extra=CHALLENGE.format("n1")), 0.1)
    assert names(sent) == ["ACK", "INVITE"]
    second = sent[1]
    assert isinstance(second, Request)
    assert (second.cseq, second.call_id, second.from_tag) == (
        invite.cseq + 1,
        invite.call_id,
        invite.from_tag,
    )
    assert 'username="yingda"' in second.first("authorization")
    sent = probe.feed(probe.answer(second, 407, extra=PROXY.format("p1")), 0.2)
    third = sent[1]
    assert isinstance(third, Request)
    assert third.first("proxy-authorization")
    assert third.first("authorization")
    (ack,) = probe.feed(probe.answer(third, 200, body=ANSWER), 0.3)
    assert ack.first("authorization") == third.first("authorization")
    assert probe.events() == [CallAnswered(call, ANSWER)]
    probe.agent.hang_up(call, 1.0)
    bye = only_request(probe.sent(1.0))
    assert "nc=00000003" in bye.first("authorization")
    sent = probe.feed(
        probe.answer(bye, 401, extra=CHALLENGE.format("n2")), 1.1
    )  # a new nonce for a new request
    assert names(sent) == ["BYE"]
    assert 'nonce="n2"' in sent[0].first("authorization")


def test_wrong_password_stale_nonce_and_no_password() -> None:
    probe = Probe()
    call, invite = probe.called(credentials=TRUNK)
    second = probe.feed(probe.answer(invite, 401, extra=CHALLENGE.format("n1")))[1]
    assert isinstance(second, Request)
    stale = CHALLENGE.format("n2") + ", stale=true"
    third = probe.feed(probe.answer(second, 401, extra=stale))[1]
    assert isinstance(third, Request)
    assert names(probe.feed(probe.answer(third, 401, extra=CHALLENGE.format("n3")))) == ["ACK"]
    assert probe.events() == [CallFailed(call, 401, "Unauthorized")]
    call, invite = probe.called()
    assert names(probe.feed(probe.answer(invite, 407, extra=PROXY.format("n")))) == ["ACK"]
    assert probe.events() == [CallFailed(call, 407, "Proxy Authentication Required")]


def test_a_peer_that_always_says_stale_is_left_after_five_tries() -> None:
    probe = Probe()
    call, invite = probe.called(credentials=TRUNK)
    for number in range(9):
        stale = CHALLENGE.format(f"n{number}") + ", stale=true"
        sent = probe.feed(probe.answer(invite, 401, extra=stale))
        if len(sent) < 2:
            break
        assert isinstance(sent[1], Request)
        invite = sent[1]
    assert number == 5
    assert probe.events() == [CallFailed(call, 401, "Unauthorized")]


@pytest.mark.parametrize("status", [302, 404, 486, 500, 503, 603])
def test_refusals(status: int) -> None:
    probe = Probe()
    call, invite = probe.called()
    assert names(probe.feed(probe.answer(invite, status))) == ["ACK"]
    (event,) = probe.events()
    assert isinstance(event, CallFailed)
    assert (event.call, event.code) == (call, status)
    assert probe.agent.counters[f"failed_{status}"] == 1


def test_what_could_break_a_message_is_refused() -> None:
    agent = Probe().agent
    with pytest.raises(ValueError):
        invite_to(agent, to_uri="sip:1@192.0.2.2\r\nX: y")
    with pytest.raises(ValueError, match="from_number"):
        invite_to(agent, number="1>\r\nX: y")
    with pytest.raises(ValueError, match="header"):
        invite_to(agent, **{"X-A": "b\r\nX-B: c"})
    assert agent.call_count == 0
