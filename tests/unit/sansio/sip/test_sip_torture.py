"""RFC 4475 and RFC 5118, message by message, without a socket (bench/sip_torture.py has one)."""

from __future__ import annotations

import re

import pytest
from sip_wire import Probe

from tests.fakes.sip_torture import FOLDER, Torture, reading, torture_messages
from yingda.sansio.sip import CallOffered, sdp
from yingda.sansio.sip.message import ParseError, Response, parse

ALL = torture_messages()
each_message = pytest.mark.parametrize("torture", ALL, ids=[torture.file for torture in ALL])


def test_the_set_is_whole() -> None:
    by_rfc = [torture.section.split()[1] for torture in ALL]
    assert (by_rfc.count("4475"), by_rfc.count("5118")) == (49, 12)
    assert {path.stem for path in FOLDER.glob("*.dat")} == {torture.file for torture in ALL}


@each_message
def test_it_is_read_as_the_rfc_says(torture: Torture) -> None:
    if not torture.reads:
        assert torture.section.startswith(("RFC 4475 3.1.2", "RFC 4475 3.3", "RFC 5118 4.2"))
        try:
            parse(torture.data)
        except ParseError as error:
            assert (error.reply is None) == (torture.answers == [])
        return
    found = reading(parse(torture.data))
    assert {name: found[name] for name in torture.reads} == torture.reads


@pytest.mark.requirement(206)
@each_message
def test_it_is_answered_as_the_rfc_says(torture: Torture) -> None:
    probe = Probe()
    probe.agent.receive_datagram(torture.data, ("192.0.2.200", 5060), 0.0)
    for event in probe.events():
        assert isinstance(event, CallOffered)
        try:
            sdp.negotiate(sdp.parse(event.sdp))
            probe.agent.accept(event.call, event.sdp, 0.0)
        except sdp.SdpError as error:
            probe.agent.reject(event.call, error.code, 0.0)
    answers = [answer_of(data) for data, _ in probe.agent.datagrams_to_send(0.0)]
    final = [status for status in answers if status >= 200]
    assert len(final) == (1 if torture.answers else 0)
    assert set(final) <= set(torture.answers)


@each_message
def test_its_answer_repeats_what_it_must(torture: Torture) -> None:
    """8.2.6.2: Via, From, Call-ID and CSeq of the request, To with a tag of ours."""
    probe = Probe()
    probe.agent.receive_datagram(torture.data, ("192.0.2.200", 5060), 0.0)
    sent = [data for data, _ in probe.agent.datagrams_to_send(0.0)]
    for data in sent:
        head = data.split(b"\r\n\r\n")[0]
        assert head.count(b"\r\nCall-ID: ") <= 1
        assert head.count(b"\r\nCSeq: ") == 1
        assert head.count(b"\r\nTo: ") <= 1
        if b"\r\nTo: " in head and answer_of(data) >= 200:
            to = head.split(b"\r\nTo: ")[1].split(b"\r\n")[0]
            assert len(re.findall(rb";\s*tag\s*=", to)) == 1
    if torture.file == "bext01":
        for name in (b"nothingSupportsThis", b"nothingSupportsThisEither"):
            assert b"\r\nUnsupported: " + name + b"\r\n" in sent[0]
    if torture.file == "badvers":
        assert b"\r\nVia: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw\r\n" in sent[0]
    if torture.file == "via-received-param-no-delim":
        response = parse(sent[0])
        assert isinstance(response, Response)
        assert response.all("via") == ["SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3;received=192.0.2.200"]


def answer_of(data: bytes) -> int:
    return int(data.split(b" ", 2)[1])


def test_all_of_them_at_one_agent_leave_nothing_behind() -> None:
    probe = Probe()
    for torture in ALL:
        probe.agent.receive_datagram(torture.data, ("192.0.2.200", 5060), 0.0)
    probe.agent.datagrams_to_send(0.0)
    probe.times_of(1000.0)
    assert (probe.agent.call_count, probe.agent.transaction_count) == (0, 0)
    assert probe.agent.get_timer() is None
