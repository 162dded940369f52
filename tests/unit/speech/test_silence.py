"""Silence around and inside clauses."""

import itertools

import numpy as np
import pytest

from yingda.speech.voice.silence import trim

RATE = 8000


def sound(ms: int, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(np.arange(RATE * ms // 1000) * 0.7)).astype(np.float32)


def hush(ms: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.0005, RATE * ms // 1000).astype(np.float32)


def clause(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts)


def length_ms(samples: np.ndarray) -> float:
    return len(samples) * 1000 / RATE


def silences(samples: np.ndarray) -> list[int]:
    """Lengths in ms of the silences between sounds, in steps of 10 ms."""
    loud = np.abs(samples[: len(samples) // 80 * 80]).reshape(-1, 80).max(1) > 0.01
    edges = np.flatnonzero(np.diff(loud.astype(int)))
    return [int(b - a) * 10 for a, b in itertools.pairwise(edges) if not loud[a + 1]]


def test_silence_before_and_after_is_short() -> None:
    out = trim(clause(hush(200), sound(500), hush(400)), RATE, "您好。")
    assert length_ms(out) == 30 + 500 + 60


def test_short_edges_are_not_made_longer() -> None:
    out = trim(clause(hush(10), sound(500), hush(20)), RATE, "您好。")
    assert length_ms(out) == 530


def test_a_hole_before_the_last_syllable_is_closed() -> None:
    out = trim(clause(hush(30), sound(1500), hush(900), sound(200), hush(60)), RATE, "请问您还在吗？")
    assert silences(out) == [pytest.approx(120, abs=10)]
    assert length_ms(out) == pytest.approx(30 + 1500 + 120 + 200 + 60, abs=10)


def test_a_pause_at_a_comma_stays_and_a_hole_elsewhere_does_not() -> None:
    heard = clause(sound(600), hush(500), sound(500), hush(600), sound(100))
    assert silences(trim(heard, RATE, "查余额，查账单吗？")) == [500, pytest.approx(120, abs=10)]
    assert len(silences(trim(heard, RATE, "查余额查账单吗？"))) == 2
    assert max(silences(trim(heard, RATE, "查余额查账单吗？"))) <= 130


def test_a_comma_with_a_short_pause_of_its_own_saves_no_hole() -> None:
    heard = clause(sound(600), hush(100), sound(300), hush(600), sound(300))
    assert silences(trim(heard, RATE, "查余额，好的好的。")) == [100, pytest.approx(120, abs=10)]


def test_silence_of_350_ms_stays() -> None:
    heard = clause(sound(300), hush(350), sound(300))
    assert len(trim(heard, RATE, "您好。")) == len(heard)


def test_seams_do_not_click() -> None:
    drift = np.linspace(-0.002, 0.002, RATE, dtype=np.float32)
    out = trim(clause(sound(300), drift, sound(300)), RATE, "您好。")
    inside = out[RATE * 310 // 1000 : RATE * 410 // 1000]
    assert np.abs(np.diff(inside)).max() < 0.001


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(800, np.float32)])
def test_nothing_heard_comes_back_as_it_is(samples: np.ndarray) -> None:
    assert len(trim(samples, RATE, "您好。")) == len(samples)


@pytest.mark.parametrize("rate", [8000, 22050])
@pytest.mark.parametrize("text", ["", "。", "好，", "，好，好"])
def test_any_text_and_rate(text: str, rate: int) -> None:
    out = trim(clause(sound(300), hush(400), sound(303)), rate, text)
    assert out.dtype == np.float32 and len(out)
