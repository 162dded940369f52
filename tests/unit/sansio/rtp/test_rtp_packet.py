"""RTP headers: real layouts, every truncation, and the vectorised view of the same bytes."""

import numpy as np
import pytest

from yingda.sansio.rtp import packet
from yingda.sansio.rtp.packet import PacketError, RtpPacket, parse

WIRE = bytes.fromhex("80889c4000000140deadbeef") + bytes(range(160))


def test_a_packet_is_read_and_written_back() -> None:
    read = parse(WIRE)
    assert read == RtpPacket(8, 0x9C40, 320, 0xDEADBEEF, bytes(range(160)), marker=True)
    assert read.to_bytes() == WIRE


def test_csrc_extension_and_padding_are_taken_off() -> None:
    head = bytes.fromhex("b208000100000002000000030000000a0000000b") + bytes.fromhex("bede0001aabbccdd")
    assert parse(head + b"audio" + b"\0\0\x03").payload == b"audio"


def test_every_truncation_of_every_header_is_an_error_or_a_packet() -> None:
    whole = bytes.fromhex("b208000100000002000000030000000a0000000bbede0001aabbccdd") + b"audio\0\0\x03"
    for length in range(len(whole)):
        try:
            assert len(parse(whole[:length]).payload) <= 8
        except PacketError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80", "expected at least 12"),
        (b"\x40" + WIRE[1:], "version 1: expected 2"),
        (b"\xa0" + WIRE[1:12] + b"\0", "padding length 0"),
        (b"\x8f" + WIRE[1:20], "header longer"),
        (b"\x90" + WIRE[1:14], "extension cut off"),
    ],
)
def test_bad_packets_say_why(data: bytes, message: str) -> None:
    with pytest.raises(PacketError, match=message):
        parse(data)


def test_rows_are_the_same_bytes() -> None:
    table, records = packet.new_rows(2, 192)
    table[1, : len(WIRE)] = np.frombuffer(WIRE, np.uint8)
    row = records[1]
    assert (row["sequence"], row["timestamp"], row["ssrc"]) == (0x9C40, 320, 0xDEADBEEF)
    assert row["payload"].tobytes() == bytes(range(160))
    assert row["kind"] & packet.KIND_MASK == packet.kind_of(8)
    assert row["source"] == packet.source_of(0xDEADBEEF)
    records[0] = row
    records["timestamp"][0] += 160
    assert parse(table[0, :172].tobytes()).timestamp == 480
