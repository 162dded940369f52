"""G.711 against the standard library's independent implementation and the properties of the law."""

import warnings

import numpy as np
import pytest

from yingda.sansio.rtp import g711

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    audioop = pytest.importorskip("audioop")

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = np.arange(256, dtype=np.uint8)


@pytest.mark.requirement(10)
def test_alaw_is_bit_exact() -> None:
    assert g711.encode_alaw(EVERY_SAMPLE).tobytes() == audioop.lin2alaw(EVERY_SAMPLE.tobytes(), 2)
    assert g711.decode_alaw(EVERY_CODE).tobytes() == audioop.alaw2lin(EVERY_CODE.tobytes(), 2)


def test_ulaw_is_bit_exact() -> None:
    assert g711.decode_ulaw(EVERY_CODE).tobytes() == audioop.ulaw2lin(EVERY_CODE.tobytes(), 2)
    positive = EVERY_SAMPLE[EVERY_SAMPLE >= 0]
    assert g711.encode_ulaw(positive).tobytes() == audioop.lin2ulaw(positive.tobytes(), 2)


@pytest.mark.parametrize("payload_type", [g711.PCMA, g711.PCMU])
def test_a_code_survives_decoding_and_encoding(payload_type: int) -> None:
    codes = EVERY_CODE if payload_type == g711.PCMA else np.setdiff1d(EVERY_CODE, [0x7F]).astype(np.uint8)
    assert (g711.encode(g711.decode(codes, payload_type), payload_type) == codes).all()


def test_a_sample_is_never_further_than_half_a_step() -> None:
    heard = g711.decode_alaw(g711.encode_alaw(EVERY_SAMPLE)).astype(np.int64)
    error = np.abs(heard - EVERY_SAMPLE)
    assert (error <= np.maximum(np.abs(EVERY_SAMPLE.astype(np.int64)) >> 5, 8) + 8).all()


def test_shapes_stay_whatever_the_layout() -> None:
    codes = np.random.default_rng(1).integers(0, 256, (6, 160)).astype(np.uint8)
    assert (g711.decode_alaw(codes) == g711.ALAW_DECODE[codes]).all()
    assert (g711.decode_alaw(codes[::2]) == g711.ALAW_DECODE[codes[::2]]).all()
    assert g711.decode_ulaw(codes[:, :7]).shape == (6, 7)


def test_silence_codes_are_silence() -> None:
    silence = np.array([g711.ALAW_SILENCE], np.uint8), np.array([g711.ULAW_SILENCE], np.uint8)
    assert abs(int(g711.decode_alaw(silence[0])[0])) <= 8
    assert int(g711.decode_ulaw(silence[1])[0]) == 0


def test_an_unknown_payload_type_is_refused() -> None:
    with pytest.raises(ValueError, match="payload type 18: expected 8"):
        g711.encode(EVERY_SAMPLE, 18)
    with pytest.raises(ValueError, match="payload type 18"):
        g711.decode(EVERY_CODE, 18)
