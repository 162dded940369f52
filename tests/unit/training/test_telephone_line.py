"""What a line does to training speech."""

import numpy as np
import pytest

from training import telephone_line
from yingda.sansio.rtp.g711 import decode_alaw, encode_alaw
from yingda.sansio.rtp.jitter import CONCEAL_GAINS


def tone(seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(8000 * seconds)) / 8000)).astype(np.float32)


@pytest.mark.requirement(3)
@pytest.mark.parametrize("hard", [0.0, 1.0])
def test_a_line_keeps_the_length_and_gives_finite_samples(hard: float) -> None:
    r, y = np.random.RandomState(1), tone()
    for _ in range(40):
        out = telephone_line.harm(y, hard, r, lambda: y[:3000])
        assert out.shape == y.shape and out.dtype == np.float32
        assert np.isfinite(out).all() and np.abs(out).max() < 20


def test_lost_packets_are_hidden_as_the_gateway_hides_them() -> None:
    y = tone()
    out = telephone_line.lose(y, 1.0, np.random.RandomState(1))
    assert not out.any()  # nothing ever came
    out = telephone_line.lose(y, 0.3, np.random.RandomState(1)).reshape(-1, 160)
    frames = y.reshape(-1, 160)
    kept = [np.array_equal(a, b) for a, b in zip(out, frames, strict=True)]
    assert 0.5 < np.mean(kept) < 0.9
    lost = next(n for n in range(1, len(kept)) if kept[n - 1] and not kept[n])
    assert np.allclose(out[lost], frames[lost - 1] * CONCEAL_GAINS[0])


def test_a_room_adds_a_tail_that_decays() -> None:
    y = np.zeros(8000, np.float32)
    y[100] = 1
    out = telephone_line.room(y, 0.3, 6.0, np.random.RandomState(2))
    assert out[100] == pytest.approx(1.0, abs=1e-3)
    early, late = (out[120:1000] ** 2).sum(), (out[1600:2480] ** 2).sum()
    assert early > 20 * late > 0


def test_the_cheap_curve_is_close_to_g711() -> None:
    y = tone()
    exact = decode_alaw(encode_alaw((y * 32767).astype(np.int16))).astype(np.float32) / 32768
    assert np.abs(telephone_line.alaw(y) - exact).max() < 0.03
