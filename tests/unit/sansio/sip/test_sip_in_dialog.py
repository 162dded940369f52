"""What happens inside a call: re-INVITE both ways, BYE, INFO, REFER."""

from __future__ import annotations

import pytest
from sip_wire import ANSWER, OFFER, PEER, Probe, names, only_request, only_response, request

from yingda.sansio.sip import (
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallStateError,
    DigitSignalled,
    SessionChangeAnswered,
    SessionChanged,
    TransferProgressed,
)

HELD = OFFER.replace(b"sendrecv", b"sendonly")


def reinvite(tag: str, cseq: int = 2, body: bytes = HELD) -> bytes:
    return request("INVITE", branch=f"z9hG4bKre{cseq}", cseq=cseq, to_tag=tag, body=body)


def test_hold_and_resume_by_the_peer() -> None:
    probe = Probe()
    call, tag = probe.up()
    for cseq, offer in ((2, HELD), (3, OFFER)):
        assert names(probe.feed(reinvite(tag, cseq, offer), 1.0)) == ["100"]
        assert probe.events() == [SessionChanged(call, offer)]
        probe.agent.answer_reinvite(call, ANSWER, 1.0)
        answer = only_response(probe.sent(1.0))
        assert (answer.status, answer.body, answer.to_tag) == (200, ANSWER, tag)
        assert probe.feed(request("ACK", branch=f"z9hG4bKa{cseq}", cseq=cseq, to_tag=tag), 1.1) == []
    assert probe.events() == []
    assert probe.times_of(10.0) == []


def test_reinvite_without_offer_brings_the_answer_in_the_ack() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.feed(reinvite(tag, body=b""))
    probe.agent.answer_reinvite(call, OFFER, 0.0)
    probe.feed(request("ACK", branch="z9hG4bKa", cseq=2, to_tag=tag, body=ANSWER))
    assert probe.events() == [SessionChanged(call, b""), CallConfirmed(call, ANSWER)]


def test_reinvite_moves_the_target_only_when_accepted() -> None:
    probe = Probe()
    call, tag = probe.up()
    moved = reinvite(tag).replace(b"192.0.2.2:5060>", b"192.0.2.33:5061>")
    probe.feed(moved)
    probe.agent.reject_reinvite(call, 488, 0.0)
    assert names(probe.sent()) == ["488"]
    probe.feed(request("ACK", branch="z9hG4bKre2", cseq=2, to_tag=tag))
    probe.feed(moved.replace(b"CSeq: 2", b"CSeq: 3").replace(b"re2", b"re3"))
    probe.agent.answer_reinvite(call, ANSWER, 0.0)
    probe.feed(request("ACK", branch="z9hG4bKa3", cseq=3, to_tag=tag))
    probe.agent.hang_up(call, 1.0)
    ((_, addr),) = probe.agent.datagrams_to_send(1.0)
    assert addr == ("192.0.2.33", 5061)


def test_old_cseq_second_offer_and_glare_are_refused() -> None:
    probe = Probe()
    call, tag = probe.up()
    assert names(probe.feed(reinvite(tag, cseq=1))) == ["500"]
    probe.feed(reinvite(tag, cseq=2))
    second = only_response(probe.feed(reinvite(tag, cseq=3)))
    assert second.status == 500
    assert 0 <= int(second.first("retry-after")) <= 10
    probe.agent.reject_reinvite(call, 488, 0.0)
    probe.agent.reinvite(call, OFFER, 0.0)
    assert names(probe.sent()) == ["488", "INVITE"]
    assert names(probe.feed(reinvite(tag, cseq=4))) == ["491"]
    assert probe.agent.counters["glare"] == 1


def test_peer_takes_its_reinvite_back() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.feed(reinvite(tag))
    assert sorted(names(probe.feed(request("CANCEL", branch="z9hG4bKre2", cseq=2, to_tag=tag)))) == [
        "200",
        "487",
    ]
    with pytest.raises(CallStateError):
        probe.agent.answer_reinvite(call, ANSWER, 0.0)
    assert probe.agent.call_count == 1


def test_reinvite_that_nobody_here_answers_is_488_in_32_s() -> None:
    probe = Probe()
    _, tag = probe.up()
    probe.feed(reinvite(tag), 1.0)
    assert probe.times_of(33.0)[0] == (33.0, "488")
    assert probe.agent.call_count == 1


def test_reinvite_tells_that_a_lost_ack_was_sent() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.accept(call, ANSWER, 0.0)
    tag = probe.sent()[-1].to_tag
    assert names(probe.feed(reinvite(tag), 0.1)) == ["100"]
    assert probe.events() == [CallConfirmed(call, b""), SessionChanged(call, HELD)]


def test_our_reinvite() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.agent.reinvite(call, OFFER, 1.0)
    invite = only_request(probe.sent(1.0))
    assert (invite.from_tag, invite.to_tag, invite.body) == (tag, "peer", OFFER)
    with pytest.raises(CallStateError, match="in progress"):
        probe.agent.reinvite(call, OFFER, 1.0)
    answer = probe.answer(invite, 200, body=ANSWER)
    assert names(probe.feed(answer, 1.1)) == ["ACK"]
    assert names(probe.feed(answer, 1.6)) == ["ACK"]
    assert probe.events() == [SessionChangeAnswered(call, 200, ANSWER)]
    probe.agent.reinvite(call, OFFER, 2.0)
    refused = only_request(probe.sent(2.0))
    assert names(probe.feed(probe.answer(refused, 488), 2.1)) == ["ACK"]
    assert probe.events() == [SessionChangeAnswered(call, 488, b"")]
    with pytest.raises(ValueError, match="sdp is empty"):
        probe.agent.reinvite(call, b"", 3.0)


def test_our_reinvite_after_491_waits_and_gives_up_after_five() -> None:
    probe = Probe()
    call, _ = probe.up()
    probe.agent.reinvite(call, OFFER, 1.0)
    now, invite = 1.0, only_request(probe.sent(1.0))
    for _ in range(5):
        assert names(probe.feed(probe.answer(invite, 491), now)) == ["ACK"]
        assert probe.events() == []
        sent = []
        while not sent:
            now += 0.01
            sent = probe.sent(now)
        invite = only_request(sent)
    assert now < 12.0  # the callee waits 2 s at most each time
    probe.feed(probe.answer(invite, 491), now)
    assert probe.events() == [SessionChangeAnswered(call, 491, b"")]


def test_our_reinvite_waits_for_the_peers() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.feed(reinvite(tag))
    probe.agent.reinvite(call, OFFER, 0.0)
    assert probe.sent() == []
    probe.agent.answer_reinvite(call, ANSWER, 0.1)
    probe.sent(0.1)
    probe.feed(request("ACK", branch="z9hG4bKa2", cseq=2, to_tag=tag), 0.2)
    assert probe.times_of(2.5)[0][1] == "INVITE"


@pytest.mark.parametrize("status", [481, 408])
def test_peer_that_lost_the_call(status: int) -> None:
    """RFC 3261 12.2.1.2."""
    probe = Probe()
    call, _ = probe.up()
    probe.agent.reinvite(call, OFFER, 1.0)
    sent = probe.feed(probe.answer(only_request(probe.sent(1.0)), status), 1.1)
    assert names(sent) == (["ACK"] if status == 481 else ["ACK", "BYE"])
    assert probe.events() == [CallEnded(call, "dialog_lost")]


def test_bye_answers_a_reinvite_that_waits() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.feed(reinvite(tag))
    sent = probe.feed(request("BYE", branch="z9hG4bKb", cseq=3, to_tag=tag))
    assert sorted(names(sent)) == ["200", "487"]
    assert probe.events()[-1] == CallEnded(call, "remote_bye")


def test_bye_in_an_early_dialog_is_like_cancel() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.ring(call, 0.0)
    tag = probe.sent()[-1].to_tag
    sent = probe.feed(request("BYE", branch="z9hG4bKb", cseq=2, to_tag=tag))
    assert sorted(names(sent)) == ["200", "487"]
    assert probe.events() == [CallCancelled(call)]


def test_byes_that_cross() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.agent.hang_up(call, 1.0)
    ours = only_request(probe.sent(1.0))
    assert names(probe.feed(request("BYE", branch="z9hG4bKb", cseq=2, to_tag=tag), 1.1)) == ["200"]
    probe.feed(probe.answer(ours, 481), 1.2)
    assert probe.events() == [CallEnded(call, "remote_bye")]


@pytest.mark.parametrize(
    ("kind", "body", "status", "digits"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", 200, [("5", 160)]),
        ("application/dtmf-relay", b"Signal= *\r\n", 200, [("*", 0)]),
        ("application/dtmf", b"#", 200, [("#", 0)]),
        ("application/dtmf-relay", b"Signal=%\r\n", 400, []),
        ("text/plain", b"hello", 415, []),
    ],
)
def test_digits_by_info(kind: str, body: bytes, status: int, digits: list[tuple[str, int]]) -> None:
    probe = Probe()
    call, tag = probe.up()
    info = request(
        "INFO", branch="z9hG4bKi", cseq=2, to_tag=tag, extra=f"Content-Type: {kind}\r\n", body=body
    )
    assert names(probe.feed(info)) == [str(status)]
    assert names(probe.feed(info)) == [str(status)]
    assert probe.events() == [DigitSignalled(call, digit, length) for digit, length in digits]


def test_options_and_require_inside_a_call() -> None:
    probe = Probe()
    _, tag = probe.up()
    reply = only_response(probe.feed(request("OPTIONS", branch="z9hG4bKo", cseq=2, to_tag=tag)))
    assert reply.first("allow").startswith("INVITE")
    info = request("INFO", branch="z9hG4bKp", cseq=3, to_tag=tag, extra="Require: foo\r\n")
    assert names(probe.feed(info)) == ["420"]
    assert names(probe.feed(request("UPDATE", branch="z9hG4bKu", cseq=4, to_tag=tag))) == ["405"]


def test_a_stranger_with_the_wrong_tag_cannot_hang_up() -> None:
    probe = Probe()
    _, tag = probe.up()
    assert names(probe.feed(request("BYE", branch="z9hG4bKb", cseq=2, to_tag=tag, from_tag="other"))) == [
        "481"
    ]
    assert names(probe.feed(request("BYE", branch="z9hG4bKc", cseq=2, to_tag="guess"))) == ["481"]
    assert probe.agent.call_count == 1


def test_transfer() -> None:
    probe = Probe()
    call, tag = probe.up()
    probe.agent.refer(call, "sip:10010@192.0.2.2", 1.0)
    refer = only_request(probe.sent(1.0))
    assert refer.first("refer-to") == "<sip:10010@192.0.2.2>"
    assert refer.first("referred-by") == "<sip:95588@192.0.2.1>"
    probe.feed(probe.answer(refer, 202), 1.1)
    notify = request(
        "NOTIFY", branch="z9hG4bKn", cseq=2, to_tag=tag,
        extra="Event: refer\r\nContent-Type: message/sipfrag\r\n", body=b"SIP/2.0 200 OK\r\n",
    )  # fmt: skip
    assert names(probe.feed(notify, 2.0)) == ["200"]
    assert probe.events() == [TransferProgressed(call, 100), TransferProgressed(call, 200)]
    probe.agent.refer(call, "sip:10010@192.0.2.2", 3.0)
    probe.feed(probe.answer(only_request(probe.sent(3.0)), 603), 3.1)
    assert probe.events() == [TransferProgressed(call, 603)]
    assert PEER[0] == "192.0.2.2"
