"""recording: what a second of a call costs the thread that writes recordings, and what of it is encryption.

    make figure NAME=recording              (shorter: --calls 50 --seconds 5)

The real recorder takes batches of 500 calls as the media thread hands them over, and writes encrypted files;
beside it, in turn, the same samples go to plain files: made stereo, appended, nothing else. CPU time of the
thread, in microseconds per second of a call. The media thread does nothing of this.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from yingda.gateway.recorder import Batch, Ending, Recorder, Tape
from yingda.plumbing.recording.keys import KeyRing, new_ring
from yingda.plumbing.recording.read import read_recording
from yingda.plumbing.recording.vault import Vault
from yingda.sansio.rtp.packet import FRAME_BYTES

RING = 50
BAR_US = 60  # 500 calls: 3 % of a core
WARM_UP = 2  # the files and folders are made in the first second


def batches(tapes: list[Tape], seed: int) -> list[Batch]:
    """A second of all calls; 20 ms apart a fiftieth of them is due, as in the media thread."""
    rng = np.random.default_rng(seed)
    made = []
    for first in range(RING):
        due = tapes[first::RING]
        if due:
            shape = (RING, len(due), FRAME_BYTES)
            sides = [rng.integers(0, 256, shape, np.uint8) for _ in range(2)]
            made.append(Batch(due, [RING] * len(due), [False] * len(due), [False] * len(due), 0, *sides))
    return made


def encrypted_us(second: list[Batch], recorder: Recorder, calls: int) -> float:
    """CPU-us per call-second of the recorder."""
    for batch in second:
        recorder.put(batch)
    begun = time.thread_time()
    recorder.write_queued()
    return (time.thread_time() - begun) / calls * 1e6


def plain_us(second: list[Batch], files: dict[Tape, int], calls: int) -> float:
    """The same of plain files."""
    begun = time.thread_time()
    for batch in second:
        for tape, samples in zip(batch.tapes, batch.stereo(), strict=True):
            os.write(files[tape], samples.tobytes())
    return (time.thread_time() - begun) / calls * 1e6


def measure(folder: Path, ring: KeyRing, calls: int, seconds: int) -> tuple[list[float], list[float]]:
    """Each second's cost, encrypted and plain; raises where what was written cannot be read."""
    recorder, kept = Recorder(), Vault(folder, ring)
    tapes = [Tape(kept, f"call-{n}", str(13_800_000_000 + n)) for n in range(calls)]
    files = {t: os.open(folder / f"{t.call_id}.raw", os.O_WRONLY | os.O_CREAT) for t in tapes}
    sealed, plain = [], []
    for number in range(seconds + WARM_UP):
        second = batches(tapes, number)
        costs = (encrypted_us(second, recorder, calls), plain_us(second, files, calls))
        if number >= WARM_UP:
            sealed.append(costs[0])
            plain.append(costs[1])
    for tape in tapes:
        os.close(files[tape])
        recorder.put(Ending(tape))
    recorder.write_queued()
    for tape in tapes:
        raw = (folder / f"{tape.call_id}.raw").read_bytes()
        if read_recording(tape.path, ring).audio != raw:
            raise RuntimeError(f"{tape.call_id}: the recording does not hold what was given")
    return sealed, plain


def main() -> int:
    """Exit status 0 when the bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yingda-recording-") as folder:
        sealed, plain = measure(Path(folder), new_ring("bench"), given.calls, given.seconds)
    cost, bare = float(np.median(sealed)), float(np.median(plain))
    print(
        f"{given.calls} calls, {given.seconds} s, median of the seconds; every file read again and compared"
    )
    print(f"plain files {bare:.0f} CPU-us per call-second, encrypted {cost:.0f}: {cost - bare:.0f} more")
    passed = cost <= BAR_US
    verdict = "PASS" if passed else "FAIL"
    print(f"recording: {cost:.0f} CPU-us per call-second (bar {BAR_US}) {verdict}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
