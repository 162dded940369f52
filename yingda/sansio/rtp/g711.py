"""A-law and mu-law companding, bit exact with ITU-T G.711 (reference: ITU-T G.191, chapter 7).

Audio is int16; the codes are uint8. Decoding looks up two codes at once (a 65536-entry table of sample
pairs), which costs numpy half the index work of one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
Int16Array = npt.NDArray[np.int16]

PCMU, PCMA = 0, 8
"""RTP payload types, RFC 3551 section 6."""
ALAW_SILENCE, ULAW_SILENCE = 0xD5, 0xFF


def _alaw_decode_table() -> Int16Array:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    value = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, value, -value).astype(np.int16)


def _ulaw_decode_table() -> Int16Array:
    code = ~np.arange(256) & 0xFF
    value = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -value, value).astype(np.int16)


def _linear_samples() -> npt.NDArray[np.int64]:
    """Every int16 value, in the order of its bits read as uint16."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)


def _alaw_encode_table() -> UInt8Array:
    linear = _linear_samples()
    level = np.where(linear < 0, ~linear, linear) >> 4
    exponent = np.zeros_like(level)
    for step in range(7):
        exponent += level >= (16 << step)
    shifted = level >> np.maximum(exponent - 1, 0)
    code = np.where(exponent == 0, level, (exponent << 4) | (shifted & 15))
    table: UInt8Array = ((code | np.where(linear >= 0, 0x80, 0)) ^ 0x55).astype(np.uint8)
    return table


def _ulaw_encode_table() -> UInt8Array:
    linear = _linear_samples()
    level = np.minimum((np.where(linear < 0, ~linear, linear) >> 2) + 33, 0x1FFF)
    segment = np.ones_like(level)
    for step in range(7):
        segment += level >= (64 << step)
    code = ((8 - segment) << 4) | (15 - ((level >> segment) & 15))
    table: UInt8Array = (code | np.where(linear >= 0, 0x80, 0)).astype(np.uint8)
    return table


def _pairs(table: npt.NDArray[Any], wide: type[Any]) -> npt.NDArray[Any]:
    """table[a], table[b] side by side at index of the two bytes a, b read as one native uint16."""
    both = np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    pairs: npt.NDArray[Any] = np.ascontiguousarray(table[both]).view(wide).reshape(-1)
    return pairs


ALAW_DECODE, ULAW_DECODE = _alaw_decode_table(), _ulaw_decode_table()
ALAW_ENCODE, ULAW_ENCODE = _alaw_encode_table(), _ulaw_encode_table()
_ALAW_PAIRS: npt.NDArray[np.uint32] = _pairs(ALAW_DECODE, np.uint32)
_ULAW_PAIRS: npt.NDArray[np.uint32] = _pairs(ULAW_DECODE, np.uint32)
ULAW_TO_ALAW: UInt8Array = ALAW_ENCODE[ULAW_DECODE.view(np.uint16)]


def _decode(pairs: npt.NDArray[np.uint32], table: Int16Array, codes: UInt8Array) -> Int16Array:
    if codes.shape[-1] % 2 or not codes.flags.c_contiguous:
        one_by_one: Int16Array = table[codes]
        return one_by_one
    # mode="wrap" never wraps here (uint16 into 65536 entries); it only skips numpy's bounds pass
    return np.take(pairs, codes.view(np.uint16), mode="wrap").view(np.int16)


def decode_alaw(codes: UInt8Array) -> Int16Array:
    """int16 samples of A-law codes, same shape."""
    return _decode(_ALAW_PAIRS, ALAW_DECODE, codes)


def decode_ulaw(codes: UInt8Array) -> Int16Array:
    """int16 samples of mu-law codes, same shape."""
    return _decode(_ULAW_PAIRS, ULAW_DECODE, codes)


def encode_alaw(pcm: Int16Array) -> UInt8Array:
    """A-law codes of int16 samples, same shape."""
    return ALAW_ENCODE[np.ascontiguousarray(pcm, dtype=np.int16).view(np.uint16)]


def encode_ulaw(pcm: Int16Array) -> UInt8Array:
    """mu-law codes of int16 samples, same shape."""
    return ULAW_ENCODE[np.ascontiguousarray(pcm, dtype=np.int16).view(np.uint16)]


def encode(pcm: Int16Array, payload_type: int) -> UInt8Array:
    """Codes for payload type 8 (PCMA) or 0 (PCMU); ValueError for others."""
    if payload_type == PCMA:
        return encode_alaw(pcm)
    if payload_type == PCMU:
        return encode_ulaw(pcm)
    raise ValueError(f"payload type {payload_type}: expected 8 (PCMA) or 0 (PCMU)")


def decode(codes: UInt8Array, payload_type: int) -> Int16Array:
    """Samples of payload type 8 (PCMA) or 0 (PCMU); ValueError for others."""
    if payload_type == PCMA:
        return decode_alaw(codes)
    if payload_type == PCMU:
        return decode_ulaw(codes)
    raise ValueError(f"payload type {payload_type}: expected 8 (PCMA) or 0 (PCMU)")
