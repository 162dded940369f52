"""SDP offers and answers."""

from __future__ import annotations

import random

import pytest

from yingda.sansio.sip import sdp

SOFTPHONE = (
    b"v=0\r\no=- 2890844526 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 111 8 0 101 13\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
    b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-16\r\na=ptime:30\r\na=sendrecv\r\nm=video 51372 RTP/AVP 99\r\na=rtpmap:99 h264/90000\r\n"
)


def with_lines(*lines: str, media: str = "m=audio 4000 RTP/AVP 8 0") -> bytes:
    return "\r\n".join(
        ["v=0", "o=- 1 1 IN IP4 192.0.2.2", "s=-", "c=IN IP4 192.0.2.2", "t=0 0", media, *lines]
    ).encode()


def test_softphone_offer_is_answered() -> None:
    offer = sdp.parse(SOFTPHONE)
    media = sdp.negotiate(offer)
    assert media == sdp.Media("192.0.2.2", 49170, "PCMA", 8, 30, 101, "sendrecv")
    text = sdp.answer(offer, media, "192.0.2.1", 20000, session_id=7, version=3).decode()
    assert "o=- 7 3 IN IP4 192.0.2.1\r\n" in text
    assert "m=audio 20000 RTP/AVP 8 101\r\n" in text
    assert "m=video 0 RTP/AVP 99\r\n" in text
    assert "a=ptime:30\r\n" in text
    assert sdp.negotiate(sdp.parse(text.encode())).codec == "PCMA"


def test_static_payload_types_need_no_rtpmap_and_dtmf_may_be_missing() -> None:
    media = sdp.negotiate(sdp.parse(with_lines(media="m=audio 4000 RTP/AVP 0")))
    assert (media.codec, media.payload_type, media.dtmf_payload_type, media.ptime_ms) == ("PCMU", 0, None, 20)


def test_dynamic_numbers_are_the_peers() -> None:
    media = sdp.negotiate(
        sdp.parse(
            with_lines(
                "a=rtpmap:98 pcma/8000",
                "a=rtpmap:96 telephone-event/8000",
                media="m=audio 4000 RTP/AVP 98 96",
            )
        )
    )
    assert (media.codec, media.payload_type, media.dtmf_payload_type) == ("PCMA", 98, 96)


@pytest.mark.parametrize(
    ("theirs", "ours", "may_send", "may_receive"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
def test_direction_is_mirrored(theirs: str, ours: str, may_send: bool, may_receive: bool) -> None:
    media = sdp.negotiate(sdp.parse(with_lines(f"a={theirs}")))
    assert (media.direction, media.may_send, media.may_receive, media.on_hold) == (
        ours,
        may_send,
        may_receive,
        not may_send,
    )


def test_hold_by_null_address_and_by_session_attribute() -> None:
    media = sdp.negotiate(sdp.parse(with_lines("c=IN IP4 0.0.0.0")))
    assert (media.on_hold, media.direction) == (True, "recvonly")
    body = with_lines().replace(b"t=0 0", b"t=0 0\r\na=inactive")
    assert sdp.negotiate(sdp.parse(body)).direction == "inactive"


@pytest.mark.parametrize(
    ("lines", "ptime"),
    [
        (["a=ptime:20"], 20),
        (["a=ptime:5"], 10),
        (["a=ptime:120"], 60),
        (["a=ptime:60", "a=maxptime:40"], 40),
        ([], 20),
    ],
)
def test_packet_time_is_within_what_we_do(lines: list[str], ptime: int) -> None:
    assert sdp.negotiate(sdp.parse(with_lines(*lines))).ptime_ms == ptime


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400),
        (b"hello", 400),
        (with_lines().replace(b"c=IN IP4 192.0.2.2", b"c=IN IP6 2001:db8::1"), 488),
        (with_lines().replace(b"c=IN IP4 192.0.2.2", b"c=IN IP4 pbx.example.com"), 488),
        (with_lines().replace(b"c=IN IP4 192.0.2.2\r\n", b""), 400),
        (with_lines(media="m=audio 4000 RTP/SAVP 8"), 488),
        (with_lines(media="m=video 4000 RTP/AVP 99"), 488),
        (with_lines(media="m=audio 0 RTP/AVP 8"), 488),
        (with_lines(media="m=audio 99999 RTP/AVP 8"), 400),
        (with_lines(media="m=audio x RTP/AVP 8"), 400),
        (with_lines(media="m=audio 4000 RTP/AVP 8 a"), 400),
        (with_lines(media="m=audio"), 400),
        (SOFTPHONE + b"m=\r\n", 400),  # found by bench/sip_fuzz.py: a stream that we only refuse
        (SOFTPHONE + b"m=video 4000\r\n", 400),
        (with_lines("a=rtpmap:8 PCMA"), 400),
        (with_lines("a=ptime:often"), 400),
        (with_lines("x" * 3), 400),
        (with_lines(*["a=x"] * 600), 400),
    ],
)
def test_what_is_refused_and_how(body: bytes, code: int) -> None:
    with pytest.raises(sdp.SdpError) as caught:
        sdp.parse(body)
    assert caught.value.code == code


def test_no_common_codec_is_488_and_says_what_the_peer_has() -> None:
    offer = sdp.parse(with_lines("a=rtpmap:18 G729/8000", media="m=audio 4000 RTP/AVP 18"))
    with pytest.raises(sdp.SdpError, match="the peer has G729, we have PCMA, PCMU") as caught:
        sdp.negotiate(offer)
    assert caught.value.code == 488


def answered(body: bytes) -> bytes:
    offer = sdp.parse(body)
    return sdp.answer(offer, sdp.negotiate(offer), "192.0.2.1", 5000, 1)


def test_every_truncation_is_read_or_refused() -> None:
    for length in range(len(SOFTPHONE)):
        try:
            answered(SOFTPHONE[:length])
        except sdp.SdpError as error:
            assert error.code in (400, 488)


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_read_or_refused(seed: int) -> None:
    dice, noise = random.Random(seed), [b"\xc2\xb2", b"9" * 30, b"=", b" ", b"/", b"\r\n", b":", b""]
    for _ in range(1000):
        data = bytearray(SOFTPHONE)
        for _ in range(dice.randint(1, 10)):
            at = dice.randrange(len(data))
            data[at : at + dice.randint(0, 3)] = dice.choice(noise)
        try:
            answered(bytes(data))
        except sdp.SdpError as error:
            assert error.code in (400, 488)


def test_our_offer() -> None:
    offer = sdp.parse(sdp.build_offer("192.0.2.1", 20000, 5, direction="sendonly", ptime_ms=20))
    assert [codec.name for codec in offer.codecs] == ["PCMA", "PCMU", "TELEPHONE-EVENT"]
    assert (offer.host, offer.port, offer.direction, offer.ptime_ms) == ("192.0.2.1", 20000, "sendonly", 20)
    with pytest.raises(ValueError, match="direction"):
        sdp.build_offer("192.0.2.1", 20000, 5, direction="hold")
