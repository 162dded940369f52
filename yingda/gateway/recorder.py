"""Call recordings: stereo A-law (left the customer, right the bot), encrypted and written by a thread of
their own.

The media thread hands over a second of frames at a time and never waits. Every second is a record of its own
(yingda.plumbing.recording.format), so a killed process leaves a playable file that lacks at most the last
second or so.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yingda.plumbing.recording import format as yrec
from yingda.plumbing.recording import vault
from yingda.plumbing.recording.vault import Vault
from yingda.sansio.rtp.g711 import ULAW_TO_ALAW
from yingda.sansio.rtp.packet import FRAME_BYTES

log = logging.getLogger(__name__)

UInt8Array = npt.NDArray[np.uint8]

CHANNELS = 2
SILENCE = 0xD5  # A-law
POLL_SECONDS = 0.1


class Tape:
    """One recording. Only the writer thread touches the file."""

    def __init__(self, keeper: Vault, call_id: str, who: str = "") -> None:
        """`who`: number or id of the customer, whose data key this is written with."""
        self.path: Path = keeper.path(call_id, who)
        self.call_id = call_id
        self.samples = 0  # of each side, those that the disk refused too
        self._keeper = keeper
        self._file: int | None = None
        self._length = 0
        self._sealer: yrec.Sealer | None = None

    def append(self, both: UInt8Array, is_secret: bool = False) -> int:
        """Add A-law samples [n, 2], customer and bot; the customer's side is silenced when secret. Returns
        the bytes written. OSError when the disk refuses: then these samples are lost and no others."""
        if is_secret:
            both = both.copy()
            both[:, 0] = SILENCE
        sample, self.samples = self.samples, self.samples + len(both)
        return self._write(yrec.SECRET if is_secret else yrec.AUDIO, sample, both.tobytes())

    def close(self, reason: str = "ended") -> None:
        """Mark the end and close the file; an empty recording leaves none. OSError when the disk refuses."""
        if self._file is not None:
            try:
                self._write(yrec.END, self.samples, reason.encode())
            finally:
                os.close(self._file)
                self._file = None

    def erase(self) -> None:
        """Delete the recording, its key first. OSError."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            vault.erase(self.path)

    def _write(self, kind: int, sample: int, data: bytes) -> int:
        if self._file is None:
            self._file, self._length, self._sealer = self._keeper.begin(self.path, self.call_id)
        assert self._sealer is not None
        record = self._sealer.seal(kind, sample, data)
        if os.pwrite(self._file, record, self._length) != len(record):
            os.ftruncate(self._file, self._length)  # the next record goes here
            raise OSError("the disk took a part only")
        self._length += len(record)
        return len(record)


@dataclass(frozen=True)
class Batch:
    """The last frames of some recordings, cut out of the media thread's rings.

    customer and bot: [ring, tapes, 160] codes; the oldest frame is at index `oldest`. counts[i]: how many
    of the newest frames belong to tape i. ulaw[i]: the codes are mu-law. secret[i]: the customer's side is
    not to be recorded.
    """

    tapes: list[Tape]
    counts: list[int]
    ulaw: list[bool]
    secret: list[bool]
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
    """The recording is over: close the file, or erase it, then call done (in the writer thread)."""

    tape: Tape
    done: Callable[[], None] = lambda: None
    reason: str = "ended"
    erase: bool = False


class Recorder:
    """The writer thread and its queue."""

    def __init__(self) -> None:
        self._queue: deque[Batch | Ending] = deque()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failures = 0  # batches of a recording that the disk refused
        self.bytes_written = 0
        self.cpu_seconds = 0.0
        self._told: deque[str] = deque(maxlen=100)  # calls whose failure is logged

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
                self._end(item)
            else:
                self._write(item)
        return done

    def _end(self, ending: Ending) -> None:
        try:
            if ending.erase:
                ending.tape.erase()
            else:
                ending.tape.close(ending.reason)
        except Exception as error:
            self._failed(ending.tape, error)
        ending.done()

    def _write(self, batch: Batch) -> None:
        both = batch.stereo()
        for number, (tape, count) in enumerate(zip(batch.tapes, batch.counts, strict=True)):
            if count > 0:
                samples = both[number][-count * FRAME_BYTES :]
                try:
                    self.bytes_written += tape.append(samples, batch.secret[number])
                except Exception as error:  # whatever it is, the other calls' recordings go on
                    self._failed(tape, error)
        self.cpu_seconds = time.thread_time()

    def _failed(self, tape: Tape, error: Exception) -> None:
        self.failures += 1
        if tape.call_id not in self._told:
            self._told.append(tape.call_id)
            log.error("call %s: its recording is not written (%s)", tape.call_id, type(error).__name__)

    def _run(self) -> None:
        # the queue is polled: waking this thread from the tick would cost the tick a system call
        while not self._stopping.wait(POLL_SECONDS):
            self.write_queued()
        self.write_queued()
