"""The file of a recording: cut at any byte, altered at any byte, records moved, other keys."""

import os

import pytest

from yingda.plumbing.recording import format as yrec
from yingda.plumbing.recording.format import AUDIO, END, SECRET, RecordingError, Sealer
from yingda.plumbing.recording.keys import KeysError, new_ring
from yingda.plumbing.recording.read import decrypt

RING = new_ring("m1")
KEY = os.urandom(32)
SECONDS = [bytes([number, 9]) * 40 for number in range(1, 5)]  # short ones


def make(call: str = "c1", key: bytes = KEY, end: bool = True) -> tuple[bytes, list[bytes]]:
    """Header and records."""
    header = yrec.new_header(*RING.wrap(key), {"call": call, "started_at": "2026-11-28T00:00:00+00:00"})
    sealer = Sealer(key, header)
    parts = [sealer.seal(SECRET if n == 2 else AUDIO, n * 40, data) for n, data in enumerate(SECONDS)]
    return header.to_bytes(), [*parts, sealer.seal(END, 160, b"ended")] if end else parts


@pytest.mark.requirement(104)
def test_a_whole_file_is_read_and_shows_nothing_unread() -> None:
    header, parts = make()
    recording = decrypt(header + b"".join(parts), RING)
    assert recording.audio == b"".join(SECONDS) and recording.ended == "ended"
    assert (recording.call_id, recording.secret_ms) == ("c1", ((10, 15),))
    assert not any(data[:8] in header + b"".join(parts) for data in SECONDS)


def test_cut_anywhere_it_is_read_up_to_the_last_whole_record_and_known_as_cut() -> None:
    header, parts = make()
    whole = header + b"".join(parts)
    for length in range(len(whole)):
        data = whole[:length]
        if length < len(header):
            with pytest.raises(RecordingError):
                decrypt(data, RING)
            continue
        left, whole_records = length - len(header), 0
        while whole_records < len(parts) and left >= len(parts[whole_records]):
            left -= len(parts[whole_records])
            whole_records += 1
        recording = decrypt(data, RING)
        assert recording.audio == b"".join(SECONDS[:whole_records]) and recording.ended is None


def test_any_altered_byte_is_noticed() -> None:
    header, parts = make()
    whole = header + b"".join(parts)
    for place in range(len(whole)):
        if place == 5:  # not used
            continue
        data = bytearray(whole)
        data[place] ^= 0x41
        try:
            recording = decrypt(bytes(data), RING)
        except (RecordingError, KeysError):
            continue
        # a record that claims to be longer than the file reads as one that was cut
        assert recording.ended is None and b"".join(SECONDS).startswith(recording.audio), place


def test_records_cannot_be_moved_repeated_or_added() -> None:
    header, parts = make()
    other_header, other = make()  # same call, same key, another file
    for order in (
        [parts[1], parts[0]],
        [parts[0], parts[0]],
        [*parts, parts[1]],
        [parts[0], other[1]],
        [*parts[:2], other[4]],
    ):
        with pytest.raises(RecordingError, match=r"byte \d+: this record"):
            decrypt(header + b"".join(order), RING)
    with pytest.raises(RecordingError):
        decrypt(other_header + b"".join(parts), RING)


def test_a_record_taken_out_is_told_as_lost() -> None:
    header, parts = make()
    recording = decrypt(header + parts[0] + b"".join(parts[2:]), RING)
    assert recording.lost_ms == ((5, 10),)
    assert recording.audio == SECONDS[0] + b"\xd5" * 80 + SECONDS[2] + SECONDS[3]


def test_wrong_keys_open_nothing() -> None:
    header, parts = make()
    data = header + b"".join(parts)
    with pytest.raises(KeysError, match="another one"):
        decrypt(data, new_ring("m1"))
    with pytest.raises(KeysError, match="'m1' is not in the key ring"):
        decrypt(data, new_ring("m2"))
    with pytest.raises(RecordingError, match="another key"):
        list(yrec.records(data, os.urandom(32)))


def test_the_wrapped_key_is_replaced_in_place_and_erased() -> None:
    header, parts = make()
    newer = RING.with_new_master("m2")
    data = bytearray(header + b"".join(parts))
    data[8 : 8 + 56] = yrec.slot(*newer.wrap(KEY))
    assert decrypt(bytes(data), newer).audio == b"".join(SECONDS)
    data[8 : 8 + 56] = yrec.slot("erased")
    assert yrec.parse_header(bytes(data)).is_erased
    with pytest.raises(KeysError, match="erased"):
        decrypt(bytes(data), newer)


def test_other_files_and_versions_are_named() -> None:
    with pytest.raises(RecordingError, match="YREC"):
        yrec.parse_header(b"RIFF" + bytes(100))
    header, _ = make()
    with pytest.raises(RecordingError, match="version 2: expected 1"):
        yrec.parse_header(header[:4] + b"\x02" + header[5:])
    with pytest.raises(ValueError, match="1-16 ASCII letters"):
        yrec.new_header("x" * 17, bytes(40), {})
