"""REGISTER: challenged, refreshed, refused, taken away."""

from __future__ import annotations

import pytest
from sip_wire import PEER, Probe, names, only_request

from yingda.sansio.sip import Credentials, Registered, RegistrationFailed

CHALLENGE = 'WWW-Authenticate: Digest realm="trunk", nonce="{}", qop="auth"'
OURS = "Contact: <sip:yingda@192.0.2.1:5060>;expires=120"


def registering(probe: Probe, expires_s: int = 300) -> int:
    who = Credentials("95588", "secret")
    return probe.agent.register("sip:192.0.2.2", "sip:95588@192.0.2.2", PEER, 0.0, who, expires_s)


def test_challenge_success_and_refresh() -> None:
    probe = Probe()
    handle = registering(probe)
    first = only_request(probe.sent())
    assert (first.method, first.uri, first.first("expires")) == ("REGISTER", "sip:192.0.2.2", "300")
    second = only_request(probe.feed(probe.answer(first, 401, extra=CHALLENGE.format("n1")), 0.1))
    assert (second.call_id, second.from_tag, second.cseq) == (first.call_id, first.from_tag, first.cseq + 1)
    assert 'username="95588"' in second.first("authorization")
    probe.feed(probe.answer(second, 200, extra=OURS), 0.2)
    assert probe.events() == [Registered(handle, 120)]
    assert probe.times_of(80.1) == []
    assert probe.times_of(80.3) == [(80.2, "REGISTER")]


def test_unregister_and_no_event_after_it() -> None:
    probe = Probe()
    handle = registering(probe)
    probe.feed(probe.answer(only_request(probe.sent()), 200), 0.1)
    assert probe.events() == [Registered(handle, 300)]
    probe.agent.unregister(handle, 1.0)
    last = only_request(probe.sent(1.0))
    assert last.first("expires") == "0"
    probe.feed(probe.answer(last, 200), 1.1)
    probe.agent.unregister(handle, 2.0)
    assert probe.times_of(1000.0) == []
    assert (probe.events(), probe.agent.transaction_count) == ([], 0)


def test_wrong_password_is_tried_again_after_30_s() -> None:
    probe = Probe()
    handle = registering(probe)
    second = probe.feed(probe.answer(only_request(probe.sent()), 401, extra=CHALLENGE.format("n1")), 0.1)
    assert probe.feed(probe.answer(only_request(second), 401, extra=CHALLENGE.format("n2")), 0.2) == []
    assert probe.events() == [RegistrationFailed(handle, 401, "Unauthorized")]
    assert probe.times_of(30.2) == [(30.2, "REGISTER")]


def test_silent_registrar_and_too_short_a_life() -> None:
    probe = Probe()
    handle = registering(probe)
    first = only_request(probe.sent())
    longer = only_request(probe.feed(probe.answer(first, 423, extra="Min-Expires: 600"), 0.1))
    assert longer.first("expires") == "600"
    probe.times_of(40.0)
    assert probe.events() == [RegistrationFailed(handle, 408, "Request Timeout")]
    assert names(probe.sent(70.0))[0] == "REGISTER"


def test_malformed_arguments() -> None:
    probe = Probe()
    with pytest.raises(ValueError, match="expected 60-86400"):
        registering(probe, expires_s=5)
    with pytest.raises(ValueError):
        probe.agent.register("trunk", "sip:1@2", PEER, 0.0)
