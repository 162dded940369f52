"""Calls that come in."""

from __future__ import annotations

import pytest
from sip_wire import ANSWER, OFFER, PEER, Probe, names, only_response, request

from yingda.sansio.sip import (
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallOffered,
    CallStateError,
)


@pytest.mark.requirement(206)
def test_a_call_from_offer_to_hang_up() -> None:
    probe = Probe()
    extra = "X-Campaign: spring\r\nUser-Agent: PBX 1\r\n"
    assert names(probe.feed(request("INVITE", extra=extra, body=OFFER))) == ["100"]
    (event,) = probe.events()
    assert event == CallOffered(
        1, "13800138000", "95588", OFFER, "c1", PEER, {"x-campaign": "spring", "user-agent": "PBX 1"}
    )
    probe.agent.ring(1, 0.1)
    ringing = only_response(probe.sent(0.1))
    assert (ringing.status, ringing.body) == (180, b"")
    probe.agent.accept(1, ANSWER, 0.2)
    answer = only_response(probe.sent(0.2))
    assert (answer.status, answer.body, answer.content_type) == (200, ANSWER, "application/sdp")
    assert answer.first("contact") == "<sip:yingda@192.0.2.1:5060>"
    assert answer.to_tag == ringing.to_tag != ""
    probe.feed(request("ACK", branch="z9hG4bK2", to_tag=answer.to_tag), 0.3)
    assert probe.events() == [CallConfirmed(1, b"")]
    assert names(probe.feed(request("BYE", branch="z9hG4bK3", cseq=2, to_tag=answer.to_tag), 9.0)) == ["200"]
    assert probe.events() == [CallEnded(1, "remote_bye")]
    assert probe.agent.call_count == 0
    assert probe.times_of(100.0) == []
    assert probe.agent.transaction_count == 0


def test_what_leaves_the_agent_is_text() -> None:
    """Numbers go to databases and JSON: no lone surrogates, no control characters."""
    probe = Probe()
    invite = request("INVITE", extra="X-A: a\0b\r\n", body=OFFER)
    invite = invite.replace(b"<sip:13800138000@", b"<sip:1\xff\x01380@")
    probe.feed(invite.replace(b"sip:95588@", b"sip:9%00\xe5@"))
    (event,) = probe.events()
    assert isinstance(event, CallOffered)
    assert (event.from_number, event.to_number, event.headers["x-a"]) == ("1\ufffd380", "9\ufffd", "ab")


def test_early_media_and_answer_to_an_invite_without_offer() -> None:
    probe = Probe()
    probe.feed(request("INVITE"))
    assert probe.events()[0].sdp == b""  # type: ignore[union-attr]
    probe.agent.ring(1, 0.0, OFFER)
    assert names(probe.sent()) == ["183"]
    probe.agent.accept(1, OFFER, 0.0)
    tag = only_response(probe.sent()).to_tag
    probe.feed(request("ACK", branch="z9hG4bK2", to_tag=tag, body=ANSWER))
    assert probe.events() == [CallConfirmed(1, ANSWER)]


def test_ack_with_the_branch_of_the_invite_is_understood() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.accept(call, ANSWER, 0.0)
    tag = probe.sent()[-1].to_tag
    probe.feed(request("ACK", to_tag=tag))
    assert probe.events() == [CallConfirmed(call, b"")]


def test_cancel_ends_an_unanswered_call() -> None:
    probe = Probe()
    call = probe.offered()
    sent = probe.feed(request("CANCEL"), 1.0)
    assert sorted(names(sent)) == ["200", "487"]
    assert sent[0].to_tag == sent[1].to_tag
    assert probe.events() == [CallCancelled(call)]
    with pytest.raises(CallStateError, match="call 1 is over"):
        probe.agent.accept(call, ANSWER, 1.0)


def test_cancel_after_the_answer_changes_nothing() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.accept(call, ANSWER, 0.0)
    probe.sent()
    assert names(probe.feed(request("CANCEL"), 0.1)) == ["200"]
    assert probe.events() == []
    assert probe.agent.call_count == 1


def test_our_requests_go_the_way_that_the_invite_came() -> None:
    probe = Probe()
    routes = "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9:5070;lr>\r\n"
    probe.feed(request("INVITE", extra=routes, body=OFFER))
    probe.agent.accept(1, ANSWER, 0.0)
    answer = probe.sent()[-1]
    assert answer.all("record-route") == ["<sip:192.0.2.8;lr>", "<sip:192.0.2.9:5070;lr>"]
    probe.feed(request("ACK", branch="z9hG4bK2", to_tag=answer.to_tag))
    probe.agent.hang_up(1, 1.0)
    ((data, addr),) = probe.agent.datagrams_to_send(1.0)
    assert addr == ("192.0.2.8", 5060)
    assert data.startswith(b"BYE sip:13800138000@192.0.2.2:5060 SIP/2.0\r\n")
    assert b"Route: <sip:192.0.2.8;lr>\r\nRoute: <sip:192.0.2.9:5070;lr>\r\n" in data


def test_cancel_of_nothing_is_481() -> None:
    probe = Probe()
    assert names(probe.feed(request("CANCEL", branch="z9hG4bKnone"))) == ["481"]


def test_hang_up_before_the_ack_waits_for_it() -> None:
    """RFC 3261 15: the callee must not send BYE before the ACK."""
    probe = Probe()
    call = probe.offered()
    probe.agent.accept(call, ANSWER, 0.0)
    tag = probe.sent()[-1].to_tag
    probe.agent.hang_up(call, 0.1)
    assert probe.sent(0.1) == []
    assert names(probe.feed(request("ACK", branch="z9hG4bK2", to_tag=tag), 0.2)) == ["BYE"]
    assert probe.events() == [CallConfirmed(call, b"")]


def test_hang_up_of_an_offered_call_is_480_and_of_a_finished_one_nothing() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.hang_up(call, 0.0)
    assert names(probe.sent()) == ["480"]
    probe.agent.hang_up(call, 0.0)
    assert probe.sent() == []
    assert probe.events() == []


def test_reject_with_retry_after() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.reject(call, 503, 0.0, reason="No speech server", retry_after_s=9)
    reply = only_response(probe.sent())
    assert (reply.status, reply.reason, reply.first("retry-after")) == (503, "No speech server", "9")
    call = probe.offered(branch="z9hG4bKx", call_id="c2")
    with pytest.raises(ValueError, match="expected 300-699"):
        probe.agent.reject(call, 200, 0.0)


def test_a_call_that_nobody_here_answers_gets_480() -> None:
    probe = Probe(ring_timeout_s=30.0)
    call = probe.offered()
    assert probe.times_of(30.0) == [(30.0, "480")]
    assert probe.events() == [CallCancelled(call)]


@pytest.mark.parametrize(
    ("data", "status", "header"),
    [
        (request("SUBSCRIBE"), 405, ("allow", "INVITE")),
        (request("NEWMETHOD"), 501, ("allow", "INVITE")),
        (request("REGISTER"), 405, ("allow", "INVITE")),
        (request("INVITE", extra="Require: 100rel, foo\r\n"), 420, ("unsupported", "100rel")),
        (request("INVITE", uri="soap.beep://192.0.2.103:3002"), 416, None),
        (request("INVITE", uri="sip:a@192.0.2.1?Route=%3Csip:x%3E"), 400, None),
        (request("INVITE", uri="sip:a@192.0.2.1:99999"), 400, None),
        (
            request("INVITE", extra="Content-Type: text/plain\r\n", body=b"hi"),
            415,
            ("accept", "application/sdp"),
        ),
        (request("INVITE", extra="Accept: text/plain\r\n", body=OFFER), 406, ("accept", "application/sdp")),
        (request("INVITE", extra="Content-Encoding: gzip\r\n", body=OFFER), 415, None),
        (request("INVITE").replace(b"Contact: <sip:13800138000@192.0.2.2:5060>\r\n", b""), 400, None),
        (
            request("INVITE").replace(b"<sip:13800138000@192.0.2.2:5060>", b'"" <> ;,"Joe" <sip:j@x>'),
            400,
            None,
        ),
        (request("BYE", to_tag="unknown"), 481, None),
        (request("INVITE", to_tag="unknown"), 481, None),
        (request("BYE"), 481, None),
        (request("INFO"), 481, None),
        (request("OPTIONS"), 200, ("allow", "INVITE")),
    ],
)
def test_what_is_refused_and_how(data: bytes, status: int, header: tuple[str, str] | None) -> None:
    probe = Probe()
    reply = only_response(probe.feed(data))
    assert reply.status == status
    assert reply.to_tag
    if header:
        assert reply.first(header[0]).startswith(header[1])
    if status >= 300:
        assert probe.agent.counters[f"refused_{status}"] == 1
    again = only_response(probe.feed(data))
    assert bytes(again) == bytes(reply)
    assert probe.events() == []
    assert (probe.agent.call_count, probe.agent.transaction_count) == (0, 0)


def test_ack_without_call_is_never_answered() -> None:
    probe = Probe()
    assert probe.feed(request("ACK", to_tag="x")) == []
    assert probe.agent.counters["stray_acks"] == 1


def test_merged_request_is_482() -> None:
    """8.2.2.2: the same INVITE by two paths is one call."""
    probe = Probe()
    probe.offered()
    assert names(probe.feed(request("INVITE", branch="z9hG4bKotherpath", body=OFFER))) == ["482"]
    assert probe.agent.call_count == 1


def test_a_peer_of_rfc_2543_needs_no_contact() -> None:
    probe = Probe()
    old = request("INVITE", branch="old", body=OFFER)
    old = old.replace(b"Contact: <sip:13800138000@192.0.2.2:5060>\r\n", b"")
    assert names(probe.feed(old)) == ["100"]
    probe.agent.accept(1, ANSWER, 0.0)
    tag = probe.sent()[-1].to_tag
    probe.feed(request("ACK", branch="old", to_tag=tag))
    probe.agent.hang_up(1, 1.0)
    ((data, addr),) = probe.agent.datagrams_to_send(1.0)
    assert data.startswith(b"BYE sip:13800138000@192.0.2.2 SIP/2.0\r\n")
    assert addr == ("192.0.2.2", 5060)


@pytest.mark.requirement(206)
def test_a_flood_is_refused_before_anything_is_made_for_it() -> None:
    probe = Probe(max_invites_per_s=10.0)
    call, tag = probe.up()

    def flood(number: int, now: float) -> list[str]:
        sent = []
        for index in range(number):
            data = request("INVITE", f"z9hG4bKf{now}.{index}", call_id=f"f{now}.{index}", body=OFFER)
            sent += names(probe.feed(data, now, ("198.51.100.1", 5060)))
        return sent

    assert flood(1000, 1.0).count("503") == 990
    assert len(probe.events()) == 10
    assert (probe.agent.call_count, probe.agent.transaction_count) == (11, 11)
    assert flood(1000, 1.5).count("503") == 995
    assert probe.agent.counters["refused_rate"] == 1985
    probe.events()
    other = request("INVITE", "z9hG4bKother", call_id="other", body=OFFER)
    assert names(probe.feed(other, 1.5)) == ["100"]  # the limit is of one source
    assert names(probe.feed(request("BYE", "z9hG4bKbye", cseq=2, to_tag=tag), 1.5)) == ["200"]
    assert CallEnded(call, "remote_bye") in probe.events()


def test_draining_and_overload_refuse_new_calls_only() -> None:
    probe = Probe(max_calls=1, retry_after_s=7)
    _, tag = probe.up()
    reply = only_response(probe.feed(request("INVITE", branch="z9hG4bKb", call_id="c2", body=OFFER)))
    assert (reply.status, reply.first("retry-after")) == (503, "7")
    assert probe.agent.counters["refused_overload"] == 1
    probe.agent.draining = True
    assert names(probe.feed(request("OPTIONS", branch="z9hG4bKc", call_id="c3"))) == ["503"]
    assert names(probe.feed(request("INVITE", branch="z9hG4bKd", call_id="c4", body=OFFER))) == ["503"]
    assert probe.agent.counters["refused_draining"] == 1
    assert names(probe.feed(request("BYE", branch="z9hG4bKe", cseq=2, to_tag=tag))) == ["200"]


def test_only_the_allowed_peers_may_call() -> None:
    probe = Probe(allowed_peers=("192.0.2.2",))
    assert names(probe.feed(request("INVITE", body=OFFER), addr=("198.51.100.1", 5060))) == ["403"]
    assert names(probe.feed(request("INVITE", body=OFFER))) == ["100"]


def test_commands_in_the_wrong_state_say_so() -> None:
    probe = Probe()
    call, _ = probe.up()
    with pytest.raises(CallStateError, match="accept: call 1 is UP, expected OFFERED"):
        probe.agent.accept(call, ANSWER, 0.0)
    with pytest.raises(CallStateError, match="no re-INVITE"):
        probe.agent.answer_reinvite(call, ANSWER, 0.0)
    with pytest.raises(CallStateError):
        probe.agent.cancel(call, 0.0)
