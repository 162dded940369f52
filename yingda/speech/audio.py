"""Encodings and rates: bytes as they come over the wire to float32 at the model's rate, and back."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import soxr

from yingda.sansio.rtp import g711

Float = npt.NDArray[np.float32]
Int16 = npt.NDArray[np.int16]

ENCODINGS = ("LINEAR_PCM", "ALAW", "MULAW")
RATES = (8000, 16000)


def decode(data: bytes, encoding: str) -> Int16:
    """Wire bytes to int16. LINEAR_PCM is little-endian; the caller keeps an odd last byte for the next
    time."""
    if encoding == "ALAW":
        return g711.decode_alaw(np.frombuffer(data, np.uint8))
    if encoding == "MULAW":
        return g711.decode_ulaw(np.frombuffer(data, np.uint8))
    return np.frombuffer(data, "<i2").astype(np.int16)


def encode(pcm: Int16, encoding: str) -> bytes:
    """int16 to wire bytes."""
    if encoding == "ALAW":
        return g711.encode_alaw(pcm).tobytes()
    if encoding == "MULAW":
        return g711.encode_ulaw(pcm).tobytes()
    return pcm.astype("<i2").tobytes()


def to_float(pcm: Int16) -> Float:
    """int16 to float32 within [-1, 1)."""
    return pcm.astype(np.float32) / np.float32(32768)


def to_int16(samples: Float) -> Int16:
    """float32 to int16, clipped."""
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)


def amplify(samples: Float, gain_db: float, knee: float = 0.7) -> Float:
    """Louder or softer. What would go above `knee` of full scale is bent below 1 instead of being clipped, so
    that a loud voice does not rattle; -96 dB and less is silence."""
    if gain_db <= -96.0:
        return np.zeros_like(samples)
    if gain_db == 0.0:
        return samples
    loud = samples * np.float32(10 ** (gain_db / 20))
    if gain_db < 0.0:
        return np.asarray(loud, np.float32)
    above = np.maximum(np.abs(loud) - knee, 0.0)
    bent = knee + (1 - knee) * np.tanh(above / (1 - knee))
    return np.asarray(np.where(above > 0, np.sign(loud) * bent, loud), np.float32)


class StreamResampler:
    """Float32 samples from one rate to another, piece by piece, without seams. Keeps state; one per
    stream."""

    def __init__(self, rate_in: int, rate_out: int, quality: str = "MQ") -> None:
        """`quality` is soxr's; a better one keeps more of the audio inside."""
        same = rate_in == rate_out
        self._soxr = (
            None if same else soxr.ResampleStream(rate_in, rate_out, 1, dtype="float32", quality=quality)
        )

    def feed(self, samples: Float, last: bool = False) -> Float:
        """Samples at the new rate; a few ms stay inside until `last`."""
        if self._soxr is None:
            return samples
        return np.asarray(self._soxr.resample_chunk(samples, last=last), dtype=np.float32)


def resample(samples: Float, rate_in: int, rate_out: int) -> Float:
    """A whole piece of audio at another rate; the length is exact, rounded up."""
    if rate_in == rate_out or not len(samples):
        return samples
    out = np.asarray(soxr.resample(samples, rate_in, rate_out, quality="HQ"), dtype=np.float32)
    size = math.ceil(len(samples) * rate_out / rate_in)
    return out[:size] if len(out) >= size else np.pad(out, (0, size - len(out)))
