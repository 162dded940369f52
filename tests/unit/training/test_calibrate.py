"""Fitting confidence, and whether confidences are true."""

import numpy as np
import pytest

from training.calibrate import fit
from training.reliability import auc, calibration_error, curve, rises
from yingda.speech.words.confidence import Doubts


def sentences(count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Doubts of which two decide and one misleads: more of it, and sentences are right more often."""
    rng = np.random.default_rng(3)
    table = rng.exponential(1.0, (count, len(Doubts._fields)))
    odds = 2.0 - 1.5 * table[:, 0] - 0.5 * table[:, 2] + 0.7 * table[:, 5]
    return table, (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(float)


@pytest.mark.requirement(5)
def test_the_fit_finds_what_decides_and_lets_no_doubt_raise_confidence() -> None:
    table, right = sentences()
    found = fit(table, right)
    assert found.weights[0] == pytest.approx(1.5, abs=0.25)
    assert found.weights[2] == pytest.approx(0.5, abs=0.25)
    assert found.weights[5] == 0.0
    sure = np.array([found.probability(Doubts(*row)) for row in table])
    assert auc(sure, right) > 0.7
    assert calibration_error(sure, right) < 0.04


def test_area_under_the_curve() -> None:
    right = np.array([0.0, 0.0, 1.0, 1.0])
    assert auc(np.array([0.1, 0.2, 0.3, 0.4]), right) == 1.0
    assert auc(np.array([0.4, 0.3, 0.2, 0.1]), right) == 0.0
    assert auc(np.array([0.5, 0.5, 0.5, 0.5]), right) == 0.5
    assert np.isnan(auc(np.array([0.5]), np.array([1.0])))


def test_calibration_error_is_the_distance_from_what_is_claimed() -> None:
    right = np.array([1.0] * 7 + [0.0] * 3)
    assert calibration_error(np.full(10, 0.7), right) == pytest.approx(0.0)
    assert calibration_error(np.full(10, 0.95), right) == pytest.approx(0.25)


def test_a_curve_that_falls_is_told_from_noise() -> None:
    sure = np.repeat([0.1, 0.9], 200)
    good = np.concatenate([np.tile([1, 0, 0, 0], 50), np.tile([1, 1, 1, 0], 50)]).astype(float)
    assert rises(curve(sure, good))
    assert not rises(curve(sure, 1 - good))
    assert [b.count for b in curve(sure, good)] == [200, 200]
