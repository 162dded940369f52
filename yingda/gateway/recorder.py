"""Call recordings: stereo A-law WAV files (left the customer, right the bot), written by a thread of their
own.

The media thread hands over a second of frames at a time and never waits. After every second the header is
brought up to date, so a killed process leaves a playable file that lacks at most the last second or so.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yingda.sansio.rtp.g711 import ULAW_TO_ALAW
from yingda.sansio.rtp.packet import FRAME_BYTES

UInt8Array = npt.NDArray[np.uint8]

WAVE_FORMAT_ALAW = 6
SAMPLE_RATE = 8000
CHANNELS = 2
HEADER_BYTES = 58
POLL_SECONDS = 0.1


def wav_header(data_bytes: int) -> bytes:
    """The header of a stereo A-law WAV file with data_bytes of audio: RIFF, fmt (18 bytes), fact, data."""
    rate = SAMPLE_RATE * CHANNELS
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE"),
            struct.pack(
                "<4sIHHIIHHH", b"fmt ", 18, WAVE_FORMAT_ALAW, CHANNELS, SAMPLE_RATE, rate, CHANNELS, 8, 0
            ),
            struct.pack("<4sII", b"fact", 4, data_bytes // CHANNELS),
            struct.pack("<4sI", b"data", data_bytes),
        )
    )


class Tape:
    """One recording. Only the writer thread touches the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data_bytes = 0
        self._file: int | None = None

    def append(self, both: UInt8Array) -> None:
        """Add A-law samples [n, 2], customer and bot; OSError when the disk refuses."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
        os.pwrite(self._file, both.data, HEADER_BYTES + self.data_bytes)
        self.data_bytes += both.nbytes
        os.pwrite(self._file, wav_header(self.data_bytes), 0)

    def close(self) -> None:
        """Close the file; an empty recording leaves none."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@dataclass(frozen=True)
class Batch:
    """The last frames of some recordings, cut out of the media thread's rings.

    customer and bot: [ring, tapes, 160] codes; the oldest frame is at index `oldest`. counts[i]: how many
    of the newest frames belong to tape i. ulaw[i]: the codes are mu-law.
    """

    tapes: list[Tape]
    counts: list[int]
    ulaw: list[bool]
    oldest: int
    customer: UInt8Array
    bot: UInt8Array

    def stereo(self) -> UInt8Array:
        """All tapes' frames, oldest first, as A-law: [tapes, samples, 2]."""
        ring, tapes, _ = self.customer.shape
        both = np.empty((tapes, ring, FRAME_BYTES, CHANNELS), np.uint8)
        newer = ring - self.oldest
        for channel, codes in enumerate((self.customer, self.bot)):
            both[:, :newer, :, channel] = codes[self.oldest :].swapaxes(0, 1)
            both[:, newer:, :, channel] = codes[: self.oldest].swapaxes(0, 1)
        for number, ulaw in enumerate(self.ulaw):
            if ulaw:
                both[number] = ULAW_TO_ALAW[both[number]]
        return both.reshape(tapes, ring * FRAME_BYTES, CHANNELS)


@dataclass(frozen=True)
class Ending:
    """The recording is complete: close the file, then call done (in the writer thread)."""

    tape: Tape
    done: Callable[[], None]


class Recorder:
    """The writer thread and its queue."""

    def __init__(self) -> None:
        self._queue: deque[Batch | Ending] = deque()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failures = 0  # batches of a recording that the disk refused
        self.bytes_written = 0
        self.cpu_seconds = 0.0

    def put(self, item: Batch | Ending) -> None:
        """Hand over; never blocks."""
        self._queue.append(item)

    def start(self) -> None:
        """Start the writer thread."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Write what is queued and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def write_queued(self) -> int:
        """Write everything queued now; returns how many items that was. A failed write loses only that
        second."""
        done = 0
        while self._queue:
            item = self._queue.popleft()
            done += 1
            if isinstance(item, Ending):
                item.tape.close()
                item.done()
            else:
                self._write(item)
        return done

    def _write(self, batch: Batch) -> None:
        both = batch.stereo()
        for tape, count, samples in zip(batch.tapes, batch.counts, both, strict=True):
            if count > 0:
                try:
                    tape.append(samples[len(samples) - count * FRAME_BYTES :])
                    self.bytes_written += count * FRAME_BYTES * CHANNELS
                except OSError:
                    self.failures += 1
        self.cpu_seconds = time.thread_time()

    def _run(self) -> None:
        # the queue is polled: waking this thread from the tick would cost the tick a system call
        while not self._stopping.wait(POLL_SECONDS):
            self.write_queued()
        self.write_queued()
