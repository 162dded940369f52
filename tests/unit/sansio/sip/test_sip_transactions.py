"""Every timer of RFC 3261 17 and RFC 6026, at literal times; the tables themselves."""

from __future__ import annotations

import pytest
from sip_wire import ANSWER, OFFER, PEER, Probe, names, only_request, request

from yingda.sansio.sip import CallAnswered, CallEnded, CallFailed, CallRinging
from yingda.sansio.sip.message import Response
from yingda.sansio.sip.timers import TimerQueue
from yingda.sansio.sip.transactions import (
    INVITE_CLIENT,
    INVITE_SERVER,
    OTHER_CLIENT,
    OTHER_SERVER,
    Machine,
    State,
)

MACHINES = [INVITE_CLIENT, OTHER_CLIENT, INVITE_SERVER, OTHER_SERVER]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_table_is_whole(machine: Machine) -> None:
    """Every state can be reached, can be left, and every timer in it leads somewhere."""
    reached, todo = {machine.start}, [machine.start]
    while todo:
        state = todo.pop()
        for (source, _), (_, target) in machine.transitions.items():
            if source is state and target not in reached:
                reached.add(target)
                todo.append(target)
    assert State.TERMINATED in reached
    assert {state for state, _ in machine.transitions} == reached - {State.TERMINATED}
    for state, timers in machine.timers.items():
        for timer in timers:
            assert (state, timer) in machine.transitions
    for (state, what), _ in machine.transitions.items():
        if len(what) == 1:
            assert what in machine.timers[state]


def test_timers_a_and_b_invite_without_any_answer() -> None:
    probe = Probe()
    call, _ = probe.called()
    sent = probe.times_of(100.0)
    assert sent == [(at, "INVITE") for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
    assert probe.events() == [CallFailed(call, 408, "Request Timeout")]
    assert probe.agent.get_timer() is None


def test_provisional_answer_stops_timer_a_and_timer_c_cancels() -> None:
    probe = Probe(ring_timeout_s=60.0)
    call, invite = probe.called()
    probe.feed(probe.answer(invite, 180), 0.1)
    probe.feed(probe.answer(invite, 180), 10.1)  # each provisional answer starts timer C anew
    sent = probe.times_of(70.1)
    assert sent == [(70.1, "CANCEL")]
    assert probe.events() == [CallRinging(call, 180)]
    assert names(probe.feed(probe.answer(invite, 487), 70.2)) == ["ACK"]
    assert probe.events() == [CallFailed(call, 408, "Nobody answered in time")]


def test_a_cancel_that_nobody_answers_gives_up_in_64_t1() -> None:
    probe = Probe()
    call, invite = probe.called()
    probe.feed(probe.answer(invite, 180), 1.0)
    probe.agent.cancel(call, 2.0)
    assert names(probe.sent(2.0)) == ["CANCEL"]
    probe.events()
    sent = probe.times_of(200.0)
    times = [2.5, 3.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5, 33.5]  # timer E: doubles up to T2
    assert sent == [(at, "CANCEL") for at in times]
    assert probe.events() == [CallFailed(call, 408, "Request Timeout")]
    assert probe.agent.transaction_count == 0


def test_timer_d_the_ack_is_repeated_for_32_s() -> None:
    probe = Probe()
    call, invite = probe.called()
    busy = probe.answer(invite, 486)
    (ack,) = probe.feed(busy, 0.4)
    assert (ack.cseq, ack.cseq_method, ack.to_tag) == (invite.cseq, "ACK", "callee")
    assert ack.all("via") == invite.all("via")
    assert probe.events() == [CallFailed(call, 486, "Busy Here")]
    assert names(probe.feed(busy, 32.3)) == ["ACK"]
    assert probe.feed(busy, 32.5) == []
    assert probe.agent.counters["stray_responses"] == 1


def test_timer_m_a_repeated_200_is_acknowledged_for_32_s() -> None:
    probe = Probe()
    call, invite = probe.called()
    answer = probe.answer(invite, 200, body=ANSWER)
    (ack,) = probe.feed(answer, 0.4)
    assert ack.all("via") != invite.all("via")
    assert probe.events() == [CallAnswered(call, ANSWER)]
    assert [bytes(again) for again in probe.feed(answer, 2.0)] == [bytes(ack)]
    assert probe.events() == []
    assert probe.feed(answer, 32.5) == []


def test_timers_e_f_and_k_bye() -> None:
    probe = Probe()
    call, _ = probe.up()
    probe.agent.hang_up(call, 100.0)
    assert names(probe.sent(100.0)) == ["BYE"]
    sent = probe.times_of(200.0)
    assert [at - 100.0 for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert probe.events() == [CallEnded(call, "bye_timeout")]

    probe = Probe()
    call, _ = probe.up()
    probe.agent.hang_up(call, 100.0)
    bye = only_request(probe.sent(100.0))
    probe.feed(probe.answer(bye, 100), 100.2)  # proceeding: timer E goes on with T2
    assert probe.times_of(109.0) == [(100.5, "BYE"), (104.5, "BYE"), (108.5, "BYE")]
    probe.feed(probe.answer(bye, 200), 110.0)
    assert probe.events() == [CallEnded(call, "local_bye")]
    assert probe.agent.transaction_count == 1  # timer K: 5 s for late answers
    assert probe.times_of(115.0) == []
    assert probe.agent.transaction_count == 0


def test_timers_g_and_h_486_without_ack() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.reject(call, 486, 1.0)
    assert names(probe.sent(1.0)) == ["486"]
    sent = probe.times_of(100.0)
    assert [at - 1.0 for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert probe.agent.transaction_count == 0


def test_timer_i_ack_of_486_stops_the_repeats_and_is_absorbed() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.reject(call, 486, 1.0)
    tag = probe.sent(1.0)[0].to_tag
    assert probe.feed(request("ACK", to_tag=tag), 1.2) == []
    assert probe.feed(request("ACK", to_tag=tag), 1.3) == []
    assert probe.times_of(6.2) == []
    assert probe.agent.transaction_count == 0
    assert probe.agent.counters["stray_acks"] == 0


def test_timer_j_a_repeated_bye_gets_the_same_answer_for_32_s() -> None:
    probe = Probe()
    _, tag = probe.up()
    bye = request("BYE", branch="z9hG4bKbye", cseq=2, to_tag=tag)
    first = probe.feed(bye, 10.0)
    assert names(first) == ["200"]
    assert [bytes(again) for again in probe.feed(bye, 41.9)] == [bytes(first[0])]
    assert names(probe.feed(bye, 42.1)) == ["481"]


def test_timer_l_a_repeated_invite_is_absorbed_after_the_200() -> None:
    probe = Probe()
    probe.up()
    assert probe.feed(request("INVITE", body=OFFER), 31.9) == []
    assert probe.agent.call_count == 1


def test_repeated_invite_gets_the_newest_provisional_answer() -> None:
    probe = Probe()
    invite = request("INVITE", body=OFFER)
    assert names(probe.feed(invite)) == ["100"]
    assert names(probe.feed(invite, 0.5)) == ["100"]
    (event,) = probe.events()
    probe.agent.ring(event.call, 1.0)
    ringing = probe.sent(1.0)
    assert names(ringing) == ["180"]
    assert [bytes(again) for again in probe.feed(invite, 1.5)] == [bytes(ringing[0])]
    assert probe.agent.counters["retransmissions_received"] == 2


def test_200_is_repeated_until_the_ack() -> None:
    probe = Probe()
    call = probe.offered()
    probe.agent.accept(call, ANSWER, 0.0)
    assert names(probe.sent()) == ["200"]
    sent = probe.times_of(31.6)
    assert [at for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert {what for _, what in sent} == {"200"}
    assert probe.times_of(32.0) == [(32.0, "BYE")]
    assert probe.events() == [CallEnded(call, "no_ack")]


def test_rfc_2543_peer_without_magic_cookie() -> None:
    probe = Probe()
    invite = request("INVITE", branch="1", body=OFFER)
    probe.feed(invite)
    assert names(probe.feed(invite, 0.5)) == ["100"]
    assert len(probe.events()) == 1


def test_where_responses_go() -> None:
    """rport: to the source; without it: to the port of Via at the source's address (18.2.2, RFC 3581)."""
    probe = Probe()
    probe.agent.receive_datagram(request("OPTIONS"), ("198.51.100.7", 40000), 0.0)
    ((data, addr),) = probe.agent.datagrams_to_send(0.0)
    assert addr == ("198.51.100.7", 40000)
    assert b"rport=40000;received=198.51.100.7" in data
    probe.agent.receive_datagram(request("OPTIONS").replace(b";rport", b""), ("198.51.100.7", 40000), 0.0)
    ((data, addr),) = probe.agent.datagrams_to_send(0.0)
    assert addr == ("198.51.100.7", 5060)
    assert b";received=198.51.100.7" in data


def test_responses_that_are_not_ours_are_dropped() -> None:
    probe = Probe()
    call, invite = probe.called()
    reply = invite.reply(200, "x")
    reply.headers["via"].append("SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKother")
    assert probe.feed(bytes(reply)) == []
    assert (
        probe.feed(bytes(Response(200, "OK", {**reply.headers, "via": ["SIP/2.0/UDP 192.0.2.1;branch=z9"]})))
        == []
    )
    assert probe.agent.counters["stray_responses"] == 2
    assert probe.events() == []
    assert call == 1


def test_keepalives_and_garbage_are_counted() -> None:
    probe = Probe()
    for data in (b"\r\n\r\n", b"\0", b"", b"hello", b"\xff" * 2000):
        assert probe.feed(data) == []
    assert probe.agent.counters["keepalives"] == 3
    assert probe.agent.counters["malformed"] == 2


def test_malformed_request_is_answered_to_its_source() -> None:
    probe = Probe()
    (reply,) = probe.feed(request("INVITE").replace(b"Content-Length: 0", b"Content-Length: 5"))
    assert isinstance(reply, Response)
    assert reply.status == 400
    assert reply.reason.startswith("Bad Request - the body is shorter")


def test_timer_queue_moves_cancels_and_stays_small() -> None:
    queue, owners = TimerQueue(), [object() for _ in range(2000)]
    for owner in owners:
        queue.set(owner, "B", 100.0)
        queue.cancel(owner, "B")
    queue.set("x", "A", 5.0)
    queue.set("x", "A", 3.0)
    queue.set("y", "A", 4.0)
    assert len(queue) == 2
    assert queue.next_at() == 3.0
    assert queue.pop_due(2.9) is None
    assert queue.pop_due(10.0) == ("x", "A")
    assert queue.pop_due(10.0) == ("y", "A")
    assert queue.pop_due(10.0) is None
    assert PEER[1] == 5060
