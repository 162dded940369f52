"""Parsing: real messages, each truncation of them, noise, and the ideas of RFC 4475 (torture tests)."""

from __future__ import annotations

import random

import pytest
from sip_wire import OFFER, request

from yingda.sansio.sip.message import MAX_VALUES, ParseError, Request, Response, parse
from yingda.sansio.sip.uri import tag_of

# What a PBX, a softphone and an SBC send: an INVITE with SDP, a 200 with Record-Route, a challenge.
PBX_INVITE = (
    b"INVITE sip:95588@192.0.2.1:5060;transport=udp SIP/2.0\r\n"
    b"Record-Route: <sip:192.0.2.9;lr;ftag=as5d3>\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK33a1.7bd2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.2:5080;received=192.0.2.2;rport=5080;branch=z9hG4bKrQ4\r\n"
    b"Max-Forwards: 69\r\n"
    b'From: "\xe5\xbc\xa0\xe4\xb8\x89" <sip:13800138000@192.0.2.2>;tag=as5d3\r\n'
    b"To: <sip:95588@192.0.2.1:5060>\r\n"
    b"Call-ID: 7f1c-12@192.0.2.2\r\n"
    b"CSeq: 102 INVITE\r\n"
    b"Contact: <sip:mod_sofia@192.0.2.2:5080>\r\n"
    b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE\r\n"
    b"Supported: timer, path, replaces\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(OFFER), OFFER)
)
ANSWER = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa\r\n"
    b"Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>\r\nFrom: <sip:95588@192.0.2.1>;tag=a\r\n"
    b"To: <sip:10086@192.0.2.2>;tag=b\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:10086@192.0.2.2>\r\nContent-Length: 0\r\n\r\n"
)
CHALLENGE = (
    b"SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa\r\nf: <sip:a@b>;tag=a\r\n"
    b't: <sip:c@d>;tag=b\r\ni: x\r\nCSeq: 1 INVITE\r\nWWW-Authenticate: Digest realm="a, b", nonce="n",'
    b' qop="auth,auth-int"\r\nl: 0\r\n\r\n'
)
REAL = [
    PBX_INVITE,
    ANSWER,
    CHALLENGE,
    request("BYE", to_tag="t"),
    request("ACK"),
    request("INVITE", body=OFFER),
]


def test_invite_of_a_pbx() -> None:
    invite = parse(PBX_INVITE)
    assert isinstance(invite, Request)
    assert (invite.method, invite.uri) == ("INVITE", "sip:95588@192.0.2.1:5060;transport=udp")
    assert len(invite.all("via")) == 2
    assert (invite.from_tag, invite.to_tag, invite.call_id) == ("as5d3", "", "7f1c-12@192.0.2.2")
    assert (invite.cseq, invite.cseq_method) == (102, "INVITE")
    assert invite.all("supported") == ["timer", "path", "replaces"]
    assert invite.body == OFFER


def test_compact_names_and_commas_in_quotes() -> None:
    challenge = parse(CHALLENGE)
    assert isinstance(challenge, Response)
    assert (challenge.status, challenge.reason) == (401, "Unauthorized")
    assert challenge.all("www-authenticate") == ['Digest realm="a, b", nonce="n", qop="auth,auth-int"']
    assert challenge.call_id == "x"


@pytest.mark.parametrize("data", REAL)
def test_round_trip(data: bytes) -> None:
    once = bytes(parse(data))
    assert bytes(parse(once)) == once


@pytest.mark.parametrize("data", REAL)
def test_every_truncation_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(ParseError):
            parse(data[:length])


@pytest.mark.parametrize("seed", range(3))
def test_noise_raises_nothing_but_parse_errors(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(700):
        data = bytearray(dice.choice(REAL))
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(len(data))] = dice.choice(b'\r\n :;,<>"\0\xff=@%09azSIP/')
        try:
            message = parse(bytes(data))
        except ParseError as error:
            if error.reply is not None:
                assert bytes(error.reply).startswith(b"SIP/2.0 ")
        else:
            bytes(message)
            assert message.cseq >= 0
            assert message.from_tag is not None


def test_folded_and_spaced_out_message() -> None:
    """RFC 4475 3.1.1.1: valid, however odd."""
    data = (
        b"INVITE sip:vivekg@192.0.2.1;unknownparam SIP/2.0\r\n"
        b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
        b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        b"MaX-fOrWaRdS: 0068\r\n"
        b"Call-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 0\r\n"
        b"cseq: 0009\r\n  INVITE\r\n"
        b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
        b"s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
        b"  secondparam ; q = 0.33\r\n\r\n"
    )
    message = parse(data)
    assert (message.cseq, message.to_tag, message.from_tag) == (9, "1918181833n", "98asjd8")
    assert len(message.all("via")) == 3


def test_unusual_but_valid_characters() -> None:
    """RFC 4475 3.1.1.2: a method and a user part made of everything that the grammar allows."""
    method = "!interesting-Method0123456789_*+`.%indeed'~"
    uri = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.@192.0.2.1"
    message = parse(request(method, uri=uri))
    assert isinstance(message, Request)
    assert message.method == method


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia", 505),
        (b"CSeq: 1 INVITE", b"CSeq: 36893488147419103232 INVITE", 400),
        (b"CSeq: 1 INVITE", b"CSeq: 1 OPTIONS", 400),
        (b"CSeq: 1 INVITE", b"CSeq: one INVITE", 400),
        (b"Max-Forwards: 70", b"Max-Forwards: 300", 400),
        (b"Content-Length: 0", b"Content-Length: 9999", 400),
        (b"Content-Length: 0", b"Content-Length: -999", 400),
        (b"Content-Length: 0", b"Content-Length: 0\r\nContent-Length: 0", 400),
        (b"Call-ID: c1", b"Call-ID: c1\r\nCall-ID: c2", 400),
        (b"INVITE sip:95588@192.0.2.1", b"INVITE <sip:95588@192.0.2.1>", 400),
        (b"INVITE sip:95588@192.0.2.1", b"INVITE sip:95588@192.0.2.1; lr", 400),
        (b"INVITE sip:95588@192.0.2.1", b"INVITE  sip:95588@192.0.2.1", 400),
        (b"To: <sip:95588@192.0.2.1>", b'To: "Mr. J. User <sip:95588@192.0.2.1>', 400),
        (b"To: <sip:95588@192.0.2.1>", b"To: <sip:95588@192.0.2.1", 400),
        (b"From: <sip:13800138000@192.0.2.2>", b"From: <sip: 1380 @192.0.2.2>", 400),
        (b";branch=z9hG4bK1;rport", b";;,;,,", 400),
        (b"Max-Forwards: 70", b"this is no header", 400),
        (b"CSeq: 1 INVITE", b"CSeq: \n", 400),
        (b"CSeq: 1 INVITE", b"CSeq: \x0b", 400),
        (b"Call-ID: c1", b"Call-ID: c1\nContact: <sip:somebody@else>", 400),
    ],
)
def test_malformed_requests_carry_their_refusal(old: bytes, new: bytes, code: int) -> None:
    data = request("INVITE")
    assert old in data
    with pytest.raises(ParseError) as caught:
        parse(data.replace(old, new, 1))
    assert caught.value.reply is not None
    assert caught.value.reply.status == code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),  # a STUN request
        ANSWER.replace(b"200 OK", b"4294967301 better not break"),
        ANSWER.replace(b"200 OK", b"700 Seven"),
        ANSWER.replace(b"CSeq: 1 INVITE\r\n", b""),
        request("ACK").replace(b"Call-ID: c1\r\n", b""),
        request("ACK").replace(b"CSeq: 1 ACK", b"CSeq: 1 INVITE"),
        request("INVITE").replace(b"Via", b"Vla"),
    ],
)
def test_nobody_to_answer(data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        parse(data)
    assert caught.value.reply is None


def test_bounds() -> None:
    with pytest.raises(ParseError):
        parse(request("INVITE", extra="X-A: b\r\n" * 400))
    with pytest.raises(ParseError):
        parse(request("INVITE", extra="Route: " + ",".join(["<sip:a@b>"] * (MAX_VALUES + 1)) + "\r\n"))


@pytest.mark.parametrize(
    "extra",
    [
        "X-A: " + " " * 60000 + "x\r\n",
        "Contact: <sip:a@b>;q=" + " " * 60000 + '"\r\n',
        "Via: SIP/2.0/UDP" + " " * 60000 + "x x\r\n",
        "Route: " + "<" * 60000 + "\r\n",
        "Route: " + "," * 60000 + "\r\n",
        "X-A: b\r\n" + " \r\n" * 20000,
        "Supported: " + '"' * 60001 + "\r\n",
    ],
)
def test_huge_headers_cost_no_more_than_their_length(extra: str) -> None:
    """Each of these takes minutes where a pattern backtracks quadratically."""
    try:
        message = parse(request("INVITE", extra=extra))
    except ParseError:
        return
    for value in message.all("contact"):
        tag_of(value)


def test_body_without_length_is_all_the_rest_and_with_length_is_cut() -> None:
    data = request("INVITE", body=b"v=0").replace(b"Content-Length: 3\r\n", b"")
    assert parse(data).body == b"v=0"
    assert parse(request("INVITE", body=b"v=0") + b"garbage").body == b"v=0"


def test_reply_copies_what_it_must() -> None:
    invite = parse(PBX_INVITE)
    assert isinstance(invite, Request)
    ringing = invite.reply(180, "mine")
    assert ringing.to_tag == "mine"
    assert ringing.all("via") == invite.all("via")
    assert ringing.all("record-route") == invite.all("record-route")
    assert invite.reply(100, "mine").to_tag == ""
    assert invite.reply(486, "mine").all("record-route") == []
    assert b"Content-Length: 0\r\n\r\n" in bytes(ringing)
