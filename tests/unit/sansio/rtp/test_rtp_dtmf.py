"""RFC 4733 key presses: one event per press, whatever is lost or sent again."""

import pytest

from yingda.sansio.rtp.dtmf import DigitReceiver, KeyPress, TelephoneEvent, digit_packets, parse_event


def press(event: int, timestamp: int, packets: int = 5, ends: int = 3) -> list[tuple[bytes, int]]:
    sent = [TelephoneEvent(event, False, 10, 160 * (n + 1)).to_bytes() for n in range(packets)]
    sent += [TelephoneEvent(event, True, 10, 160 * (packets + 1)).to_bytes()] * ends
    return [(payload, timestamp) for payload in sent]


def feed(receiver: DigitReceiver, packets: list[tuple[bytes, int]], start_ms: float = 0.0) -> list[KeyPress]:
    told: list[KeyPress] = []
    for number, (payload, timestamp) in enumerate(packets):
        told += receiver.receive(payload, timestamp, start_ms + 20.0 * number)
    return told


def test_one_press_is_told_once_at_its_first_end() -> None:
    receiver = DigitReceiver()
    assert feed(receiver, press(5, 1000)[:5]) == []
    assert receiver.pressed
    assert feed(receiver, press(5, 1000)[5:]) == [KeyPress("5", 120)]
    assert not receiver.pressed


def test_the_same_key_twice_is_two_presses() -> None:
    told = feed(DigitReceiver(), press(1, 1000) + press(1, 4000))
    assert [one.digit for one in told] == ["1", "1"]


def test_all_keys() -> None:
    packets = [packet for event in range(16) for packet in press(event, 5000 * event)]
    assert "".join(one.digit for one in feed(DigitReceiver(), packets)) == "0123456789*#ABCD"


def test_lost_ends_are_told_by_time_or_by_the_next_press() -> None:
    receiver = DigitReceiver()
    assert feed(receiver, press(7, 1000, ends=0)) == []
    assert receiver.expire(150.0) == []
    assert receiver.expire(190.0) == [KeyPress("7", 100)]
    assert receiver.expire(400.0) == []
    assert [one.digit for one in feed(DigitReceiver(), press(7, 1000, ends=0) + press(8, 3000))] == ["7", "8"]


def test_an_end_alone_is_a_press() -> None:
    assert feed(DigitReceiver(), press(11, 9, packets=0, ends=1)) == [KeyPress("#", 20)]


def test_stragglers_and_flash_and_short_payloads_are_nothing() -> None:
    receiver = DigitReceiver()
    feed(receiver, press(2, 5000))
    assert feed(receiver, press(2, 1000)) == []
    assert feed(receiver, press(16, 9000)) == []
    assert receiver.receive(b"\x01\x8a\x03", 12000, 0.0) == []
    assert parse_event(b"\x01\x8a\x03") is None


def test_timestamps_wrap() -> None:
    told = feed(DigitReceiver(), press(3, 0xFFFFFF00) + press(4, 0x00000400))
    assert [one.digit for one in told] == ["3", "4"]


def test_what_we_send_we_understand() -> None:
    receiver, told, timestamp = DigitReceiver(), [], 0
    for tick, packet in enumerate(digit_packets("0429*#", 100, 60)):
        timestamp = tick * 160 if packet.start else timestamp
        if packet.payload is not None:
            told += receiver.receive(packet.payload, timestamp, tick * 20.0)
    assert [(one.digit, one.duration_ms) for one in told] == [(digit, 100) for digit in "0429*#"]


def test_a_digit_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="digit 'x'"):
        list(digit_packets("1x"))
