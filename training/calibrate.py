"""Fit how confidence falls with doubt, to speech that was in neither training nor test.

    python -m training.calibrate [--speech var/dev]     # after: python -m training.dev_speech --seed N

writes the file that `recogniser.lexicon.confidence` names. Run it again after every change of the model, the
lexicon or the decoder's weights. Prints how well the fit does on a fifth that was left out, five times over.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.optimize import minimize

from training import dev_speech
from training.reliability import auc, calibration_error
from yingda.speech.words import transcript
from yingda.speech.words.confidence import RIVALS, Calibration, Doubts, doubts

_PENALTY = 1.0  # on squared weights, scaled by each doubt's spread: few sentences, seven doubts
_FOLDS = 5


def fit(table: np.ndarray, right: np.ndarray) -> Calibration:
    """Weights of 0 or more for doubts [sentences, doubts], by how likely they make `right` [sentences]."""
    spread = np.maximum(table.std(axis=0), 1e-6)
    scaled = table / spread

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        odds = x[0] - scaled @ x[1:]
        wrong = 1.0 / (1.0 + np.exp(-odds)) - right
        value = np.logaddexp(0.0, odds).sum() - (odds * right).sum() + _PENALTY / 2 * (x[1:] ** 2).sum()
        return float(value), np.concatenate([[wrong.sum()], -(wrong @ scaled) + _PENALTY * x[1:]])

    bounds = [(None, None), *[(0.0, None)] * table.shape[1]]
    found = minimize(loss, np.zeros(table.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return Calibration(float(found[0]), Doubts(*(float(w) for w in found[1:] / spread)))


def _left_out(table: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Confidence of each sentence by a fit to the folds without it; both copies of one sentence are in one
    fold."""
    fold = np.arange(len(right)) // 2 % _FOLDS
    sure = np.zeros(len(right))
    for k in range(_FOLDS):
        calibration = fit(table[fold != k], right[fold != k])
        sure[fold == k] = [calibration.probability(Doubts(*row)) for row in table[fold == k]]
    return sure


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, default=dev_speech.DEV)
    args = parser.parse_args()
    settings = dev_speech.settings()
    decoder = transcript.make_decoder(settings.lexicon)
    rows = []
    for heard in dev_speech.hear(args.speech, settings):
        reading = decoder.decode(heard.slots, None, RIVALS)
        is_right = reading.text.replace("幺", "一") == heard.said.replace("幺", "一")
        rows.append((*doubts(heard.slots, reading), float(is_right)))
    data = np.array(rows)
    table, right = data[:, :-1], data[:, -1]
    sure = _left_out(table, right)
    error = calibration_error(sure, right)
    print(f"{len(right)} sentences, {right.mean():.0%} right")
    print(f"left out: AUC {auc(sure, right):.3f}, ECE {error:.3f}")
    found = fit(table, right)
    content = {
        "of": f"{Path(settings.model).name} with {Path(settings.lexicon.path).name}, {len(right)} sentences",
        "intercept": round(found.intercept, 4),
        "weights": {name: round(weight, 4) for name, weight in found.weights._asdict().items()},
    }
    Path(settings.lexicon.confidence).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
