"""The speech gate with literal probabilities, and the real model, batched against single."""

from __future__ import annotations

import numpy as np
import pytest

from yingda.gateway.settings import VadSettings
from yingda.gateway.vad import WINDOW_MS, SpeechGate, VadModel


def run(probabilities: list[float]) -> list[tuple[float, bool]]:
    gate = SpeechGate(VadSettings(min_speech_ms=64, min_quiet_ms=96))
    changes = []
    for i, probability in enumerate(probabilities):
        changed_at = gate.step(probability, (i + 1) * WINDOW_MS)
        if changed_at is not None:
            changes.append((changed_at, gate.is_speech))
    return changes


@pytest.mark.parametrize(
    ("probabilities", "changes"),
    [
        ([0.1, 0.9, 0.9, 0.9], [(32, True)]),
        ([0.9, 0.1, 0.9, 0.1], []),
        ([0.9, 0.9, 0.1, 0.1, 0.1], [(0, True), (64, False)]),
        ([0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1], [(0, True), (160, False)]),
        ([0.9, 0.9, 0.4, 0.4, 0.4, 0.4], [(0, True)]),
    ],
    ids=["start is the first voiced window", "one window is a click", "end is where the quiet began",
         "short pause is bridged", "between the thresholds nothing changes"],
)  # fmt: skip
def test_gate(probabilities, changes):
    assert run(probabilities) == changes


def audio(legs: int, ticks: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    t = np.arange(ticks * 160) / 8000
    voice = sum(np.sin(2 * np.pi * f * t) / n for n, f in enumerate((140, 280, 420, 700), 1))
    return np.stack([(3000 * voice + rng.normal(0, 200, len(t))).astype(np.int16) for _ in range(legs)])


def probabilities(pcm: np.ndarray) -> list[list[float]]:
    model = VadModel(capacity=8, floor_dbfs=-50)
    got: list[list[float]] = [[] for _ in pcm]
    rows = np.arange(len(pcm))
    for tick in range(pcm.shape[1] // 160):
        ready, values, _, _ = model.step(rows, pcm[:, tick * 160 : tick * 160 + 160])
        for row, value in zip(ready.tolist(), values.tolist(), strict=True):
            got[row].append(value)
    return got


def test_calls_in_a_batch_do_not_disturb_each_other():
    pcm = audio(3, 40)
    together = probabilities(pcm)
    for leg in range(3):
        assert probabilities(pcm[leg : leg + 1])[0] == pytest.approx(together[leg], abs=1e-5)


def test_windows_follow_the_audio():
    assert [len(one) for one in probabilities(audio(1, 16))] == [16 * 160 // 256]


def test_quiet_is_never_speech():
    noise = np.random.default_rng(1).normal(0, 20, (1, 160 * 50)).astype(np.int16)
    assert max(probabilities(noise)[0]) == 0.0


def test_row_is_clean_for_the_next_call():
    model = VadModel(capacity=1, floor_dbfs=-50)
    pcm = audio(1, 20)
    first = [model.step(np.array([0]), pcm[:, i * 160 : i * 160 + 160])[1].tolist() for i in range(20)]
    model.clear(0)
    second = [model.step(np.array([0]), pcm[:, i * 160 : i * 160 + 160])[1].tolist() for i in range(20)]
    assert first == second


def changes_of(gate: SpeechGate, windows: list[tuple[float, float]], begin: int = 0) -> list[int]:
    """(probability, dBFS) of each window; the windows in which something changed."""
    return [
        begin + number
        for number, (probability, dbfs) in enumerate(windows)
        if gate.step(probability, (begin + number + 1) * WINDOW_MS, dbfs) is not None
    ]


def spoken_at(dbfs: float) -> SpeechGate:
    """A gate whose customer has spoken for a second at this level, and is silent."""
    gate = SpeechGate(VadSettings())
    assert len(changes_of(gate, [(0.9, dbfs)] * 31 + [(0.0, -60.0)] * 10)) == 2
    return gate


def test_somebody_farther_from_the_telephone_is_not_the_customer() -> None:
    gate = spoken_at(-20.0)
    assert changes_of(gate, [(0.9, -44.0)] * 45) == []  # a sentence of a second and a half
    assert changes_of(gate, [(0.9, -22.0)] * 5) == [1]


def test_a_customer_who_turned_away_is_heard_again_before_long() -> None:
    changes = changes_of(spoken_at(-20.0), [(0.9, -44.0)] * 200)
    assert len(changes) == 1 and 45 < changes[0] < 125  # four seconds at most


def test_a_softer_word_is_the_customer_s_and_the_first_words_are_whatever_their_level() -> None:
    assert changes_of(spoken_at(-20.0), [(0.9, -36.0)] * 5) == [1]
    assert changes_of(SpeechGate(VadSettings()), [(0.9, -45.0)] * 5) == [1]


def test_soft_ends_of_words_belong_to_them() -> None:
    gate = spoken_at(-20.0)
    assert changes_of(gate, [(0.9, -20.0)] * 5 + [(0.9, -42.0)] * 10) == [1]


def test_nobody_is_too_far_away_where_the_setting_is_0() -> None:
    gate = SpeechGate(VadSettings(background_db=0))
    changes_of(gate, [(0.9, -10.0)] * 31 + [(0.0, -60.0)] * 10)
    assert changes_of(gate, [(0.9, -49.0)] * 5) == [1]
