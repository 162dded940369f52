"""G.711 A-law against reference values of ITU-T G.711 and against itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from yingda.caller.alaw import decode, encode, read_clip, wav_bytes

KNOWN = [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0x80, 5504)]


@pytest.mark.parametrize(("code", "sample"), KNOWN)
def test_known_codes(code: int, sample: int) -> None:
    assert decode(bytes([code])).tolist() == [sample]


def test_decoding_then_encoding_gives_the_code_back() -> None:
    codes = bytes(range(256))
    assert encode(decode(codes)) == codes


def test_encoding_takes_the_nearest_level() -> None:
    samples = np.arange(-32768, 32768, 7).astype(np.int16)
    levels = np.sort(decode(bytes(range(256)))).astype(np.int32)
    error = np.abs(decode(encode(samples)).astype(np.int32) - samples)
    best = np.min(np.abs(levels[:, None] - samples[None, :].astype(np.int32)), axis=0)
    assert np.array_equal(error, best)


def test_a_clip_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(wav_bytes([b"\x10\x20\x30"]))
    assert read_clip(path) == b"\x10\x20\x30"


def test_a_stereo_file_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(wav_bytes([b"\x10", b"\x20"]))
    with pytest.raises(ValueError, match=r"clip.wav: format 6, 2 channel\(s\).*expected mono 8 kHz"):
        read_clip(path)


def test_a_file_cut_anywhere_in_its_header_is_refused_not_crashed(tmp_path: Path) -> None:
    whole = wav_bytes([bytes(20)])
    path = tmp_path / "clip.wav"
    for length in range(len(whole) - 20):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"clip\.wav"):
            read_clip(path)
