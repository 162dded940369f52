"""Figure `confidence`: does the recogniser know when it is right?

Every sentence of the frozen test set, and every clip of the scenes' recorded caller, goes through the
shipped recogniser as a call would. Its confidence is the probability that all characters are right; the
table says how often they are. It was fitted to other speech (training/calibrate.py).

    python bench/speech/confidence.py [--model FILE.nemo] [--chunk-ms 160]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from bench.speech._asr_run import CHUNK_MS, Ears, settings
from bench.speech._asr_set import read_scene_clips, read_test_set
from bench.speech._asr_table import errors
from training.reliability import auc, calibration_error, curve, rises

AUC_BAR, ERROR_BAR = 0.80, 0.10


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="another .nemo than the settings name")
    parser.add_argument("--chunk-ms", type=int, default=CHUNK_MS)
    args = parser.parse_args()
    ears = Ears(settings(args.model, args.chunk_ms))
    utterances = [*read_test_set(), *read_scene_clips()]
    ears.hear(utterances)
    sure = np.array([u.heard.confidence for u in utterances])
    right = np.array([float(errors(u) == 0) for u in utterances])
    accuracy = np.array([max(0.0, 1 - errors(u) / len(u.said)) for u in utterances])
    bins = curve(sure, right)
    print(f"{'confidence':14}{'n':>5}{'mean':>8}{'right':>8}{'characters right':>18}")
    for row in bins:
        inside = (sure >= row.low) & ((sure < row.high) | (row.high == 1.0))
        name = f"{row.low:.1f}-{row.high:.1f}"
        print(f"{name:14}{row.count:5}{row.sure:8.2f}{row.right:8.2f}{accuracy[inside].mean():18.2f}")
    area, error = auc(sure, right), calibration_error(sure, right)
    holds = area >= AUC_BAR and error <= ERROR_BAR and rises(bins)
    if not rises(bins):
        print("the share that is right does not rise from bin to bin")
    print(
        f"confidence: AUC {area:.3f}, ECE {error:.3f} (bar AUC >= {AUC_BAR:.2f}, ECE <= {ERROR_BAR:.2f}) "
        f"{'PASS' if holds else 'FAIL'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
