"""G.711 A-law for the test caller, apart from the gateway's tables: neither can hide the other's error."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

RATE_HZ = 8000
FRAME_SAMPLES = 160  # 20 ms
FRAME_S = 0.02
SILENCE = b"\xd5"  # the code of the smallest positive sample


def _expand(code: int) -> int:
    """One A-law octet to a 16-bit sample (ITU-T G.711 table 1a, bits inverted as on the line)."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


_DECODE: Pcm = np.array([_expand(code) for code in range(256)], np.int16)
_ORDER = np.argsort(_DECODE, kind="stable")
_LEVELS = _DECODE[_ORDER].astype(np.int32)
_CODES = _ORDER.astype(np.uint8)
_EDGES = (_LEVELS[1:] + _LEVELS[:-1] + 1) // 2  # nearest level wins


def decode(payload: bytes) -> Pcm:
    """A-law octets to int16 samples."""
    return _DECODE[np.frombuffer(payload, np.uint8)]


def encode(pcm: Pcm) -> bytes:
    """int16 samples to A-law octets, each to the nearest level."""
    return _CODES[np.searchsorted(_EDGES, pcm.astype(np.int32), side="right")].tobytes()


def read_clip(path: Path) -> bytes:
    """A mono 8 kHz WAV file (A-law or 16-bit PCM) as A-law octets; ValueError says what is wrong with it."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path}: not a WAV file; expected mono 8 kHz A-law or 16-bit PCM")
    chunks = _chunks(data)
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunks.get(b"fmt ", b"").ljust(16, b"\0")[:16])
    if channels != 1 or rate != RATE_HZ or (tag, bits) not in ((6, 8), (1, 16)):
        raise ValueError(
            f"{path}: format {tag}, {channels} channel(s), {rate} Hz, {bits} bits; "
            "expected mono 8 kHz A-law or 16-bit PCM"
        )
    body = chunks.get(b"data", b"")
    if not body:
        raise ValueError(f"{path}: holds no samples; is the file cut off?")
    return body if tag == 6 else encode(np.frombuffer(body[: len(body) // 2 * 2], "<i2").astype(np.int16))


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        found[data[at : at + 4]] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return found


def wav_bytes(channels: list[bytes]) -> bytes:
    """An A-law WAV file (RIFF format tag 6, 8 kHz); shorter channels are filled up with silence."""
    length = max((len(c) for c in channels), default=0)
    frames = np.full((length, len(channels)), SILENCE[0], np.uint8)
    for i, channel in enumerate(channels):
        frames[: len(channel), i] = np.frombuffer(channel, np.uint8)
    body, n = frames.tobytes(), len(channels)
    fmt = struct.pack("<HHIIHHH", 6, n, RATE_HZ, RATE_HZ * n, n, 8, 0)
    parts = [(b"fmt ", fmt), (b"fact", struct.pack("<I", length)), (b"data", body)]
    out = b"".join(name + struct.pack("<I", len(b)) + b + b"\0" * (len(b) % 2) for name, b in parts)
    return b"RIFF" + struct.pack("<I", 4 + len(out)) + b"WAVE" + out
