"""Encodings and rates."""

import numpy as np
import pytest

from yingda.speech import audio


@pytest.mark.requirement(10)
@pytest.mark.parametrize("encoding", ["ALAW", "MULAW"])
def test_companded_codes_survive_decoding_and_encoding(encoding: str) -> None:
    codes = bytes(range(256))
    pcm = audio.decode(codes, encoding)
    assert audio.decode(audio.encode(pcm, encoding), encoding).tolist() == pcm.tolist()


@pytest.mark.requirement(10)
def test_linear_samples_are_bit_exact() -> None:
    pcm = np.array([0, 1, -1, 32767, -32768], np.int16)
    assert audio.decode(audio.encode(pcm, "LINEAR_PCM"), "LINEAR_PCM").tolist() == pcm.tolist()


@pytest.mark.parametrize(("rate_in", "rate_out"), [(8000, 16000), (16000, 8000), (22050, 8000)])
def test_a_tone_keeps_its_pitch_across_pieces(rate_in: int, rate_out: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate_in) / rate_in).astype(np.float32)
    stream = audio.StreamResampler(rate_in, rate_out)
    pieces = [stream.feed(tone[i : i + 160]) for i in range(0, len(tone), 160)]
    out = np.concatenate([*pieces, stream.feed(np.zeros(0, np.float32), last=True)])
    assert abs(len(out) - rate_out) <= 2
    spectrum = np.abs(np.fft.rfft(out[:rate_out] * np.hanning(len(out[:rate_out]))))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert len(audio.resample(tone, rate_in, rate_out)) == rate_out


def test_floats_are_clipped() -> None:
    assert audio.to_int16(np.array([2.0, -2.0, 0.0], np.float32)).tolist() == [32767, -32768, 0]


@pytest.mark.requirement(18)
def test_volume_in_decibels_never_clips() -> None:
    samples = np.linspace(-0.7, 0.7, 101).astype(np.float32)
    assert np.array_equal(audio.amplify(samples, 0.0), samples)
    assert np.allclose(audio.amplify(samples, -6.0206), samples / 2, atol=1e-5)
    assert not audio.amplify(samples, -96.0).any()
    loud = audio.amplify(samples, 12.0)
    assert float(np.abs(loud).max()) < 1.0
    assert np.all(np.diff(loud) >= 0)
    quiet = np.abs(samples) * 10 ** (12 / 20) < 0.7
    assert np.allclose(loud[quiet], samples[quiet] * 10 ** (12 / 20), rtol=1e-5)
