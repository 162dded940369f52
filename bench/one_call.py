"""one_call: the demo call through the whole system, judged turn by turn, with latency at the RTP wire.

    make figure NAME=one_call

Brings everything up as `make run CALL=once` does, plays the scene, takes everything down. Passes when every
expectation of the scene holds (exit 0 of the caller) and the median response latency is at most 1.2 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from scripts import layout
from scripts.layout import ROOT, VOICE_PYTHON

BAR_P50_S = 1.2


def main() -> int:
    """Print the figure; 0 when it meets the bar."""
    result_file = layout.read().folder / "demo" / "result.json"
    result_file.unlink(missing_ok=True)
    begun = time.monotonic()
    status = subprocess.run(
        [VOICE_PYTHON, "-m", "scripts.run"], cwd=ROOT, env={**os.environ, "CALL": "once"}
    ).returncode
    if not result_file.is_file():
        print(f"one_call: no call was made, exit status {status} FAIL")
        return 1
    result = json.loads(result_file.read_text(encoding="utf-8"))
    p50, p95 = result["p50_s"], result["p95_s"]
    passed = status == 0 and p50 is not None and p50 <= BAR_P50_S
    shown = ", ".join(
        f"{turn['name']} {turn['latency_s']:.2f}"
        for turn in result["per_turn"]
        if turn["latency_s"] is not None
    )
    print(f"latency of each turn (s): {shown}")
    print(f"with start and stop: {time.monotonic() - begun:.0f} s")
    figures = "no answer" if p50 is None else f"p50 {p50:.2f} s (bar <= {BAR_P50_S:.1f}), p95 {p95:.2f} s"
    turns = f"{result['understood']} of {result['turns']} turns understood"
    print(f"one_call: {figures}, {turns}, exit status {status} {'PASS' if passed else 'FAIL'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
