"""Who speaks: Silero VAD (8 kHz, 32 ms windows) over all calls in one ONNX call, in a thread of its own.

The model keeps a state per call (input ``[B, 32 + 256]``, state ``[2, B, 128]``); calls are rows of arrays,
so a tick costs one gather, one run and one scatter however many calls there are.
"""

from __future__ import annotations

import importlib.util
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from yingda.gateway.media_events import FramesReceived
from yingda.gateway.settings import VadSettings

log = logging.getLogger(__name__)

WINDOW = 256
CONTEXT = 32
WINDOW_MS = 32
_ROOM = WINDOW + 160
SILENT_DBFS = -96.0
RISE, FALL = 0.3, 0.01  # how fast the expected level follows louder and softer windows
SINK_DB = 0.08


@dataclass(frozen=True)
class VoiceChange:
    """The customer of ``leg`` began (``is_speech``) or ceased to speak at ``at_ms`` (the media clock)."""

    leg: int
    is_speech: bool
    at_ms: float


class SpeechGate:
    """Probabilities of one leg to changes: a start needs some windows in a row, so does an end.

    Speech that begins much softer than the customer has spoken so far is somebody else's in the room, and is
    not heard. The level that is expected sinks by SINK_DB for every window of such speech: a customer who has
    turned away from the telephone is heard again after two or three seconds.
    """

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._level_dbfs = SILENT_DBFS  # of the customer's loud windows
        self._since_ms: float | None = None  # start of the voiced, or of the quiet, run
        self.is_speech = False

    def step(self, probability: float, end_ms: float, level_dbfs: float = 0.0) -> float | None:
        """One window that ended at ``end_ms``.  Returns the moment of a change, or None."""
        s = self._settings
        if self.is_speech:
            if probability >= s.threshold:
                rises = level_dbfs > self._level_dbfs
                self._level_dbfs += (RISE if rises else FALL) * (level_dbfs - self._level_dbfs)
        elif (
            probability >= s.threshold and s.background_db and level_dbfs < self._level_dbfs - s.background_db
        ):
            self._level_dbfs -= SINK_DB
            probability = 0.0
        if self.is_speech:
            differs, needed_ms = probability < s.release_threshold, s.min_quiet_ms
        else:
            differs, needed_ms = probability >= s.threshold, s.min_speech_ms
        if not differs:
            self._since_ms = None
            return None
        if self._since_ms is None:
            self._since_ms = end_ms - WINDOW_MS
        if end_ms - self._since_ms < needed_ms - 0.5:
            return None
        changed_at, self._since_ms = self._since_ms, None
        self.is_speech = not self.is_speech
        return changed_at


class VadModel:
    """The network, batched, with a row of state per leg."""

    def __init__(self, capacity: int, floor_dbfs: float) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str(model_path())
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._floor = 32768 * 10 ** (floor_dbfs / 20)
        self._buffer = np.zeros((capacity, CONTEXT + _ROOM), np.float32)
        self._filled = np.zeros(capacity, np.int64)
        self._state = np.zeros((2, capacity, 128), np.float32)
        self._rate = np.array(8000, np.int64)
        self._columns = np.arange(160)

    def clear(self, row: int) -> None:
        """A new leg takes this row."""
        self._buffer[row] = 0
        self._filled[row] = 0
        self._state[:, row] = 0

    def step(
        self, rows: np.ndarray, pcm: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Add a frame to each row; returns rows that filled a window, its probability and level in dBFS,
        samples left over."""
        at = CONTEXT + self._filled[rows]
        self._buffer[rows[:, None], at[:, None] + self._columns] = pcm / np.float32(32768)
        self._filled[rows] += 160
        ready = rows[self._filled[rows] >= WINDOW]
        if not len(ready):
            return ready, np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
        window = self._buffer[ready, : CONTEXT + WINDOW]
        feed = {"input": window, "state": self._state[:, ready], "sr": self._rate}
        output, self._state[:, ready] = self._session.run(None, feed)
        level = np.sqrt(np.mean(np.square(window[:, CONTEXT:]), axis=1)) * 32768
        probability = np.where(level < self._floor, 0.0, output[:, 0])
        self._filled[ready] -= WINDOW
        self._buffer[ready, : CONTEXT + 160] = self._buffer[ready, WINDOW : WINDOW + CONTEXT + 160]
        level_dbfs = 20 * np.log10(np.maximum(level, 0.5) / 32768)
        return ready, probability, level_dbfs, self._filled[ready]


class Vad:
    """The thread.  ``on_changes`` is called in it with the changes of one tick."""

    def __init__(
        self, settings: VadSettings, capacity: int, on_changes: Callable[[list[VoiceChange]], None]
    ) -> None:
        self._settings = settings
        self._model = VadModel(capacity, settings.floor_dbfs)
        self._on_changes = on_changes
        self._inbox: queue.SimpleQueue[FramesReceived | int | None] = queue.SimpleQueue()
        self._rows: dict[int, int] = {}
        self._gates: dict[int, SpeechGate] = {}
        self._legs = np.zeros(capacity, np.int64)
        self._free = list(range(capacity))
        self._thread = threading.Thread(target=self._run, name="vad", daemon=True)
        self.windows = 0  # for metrics

    def start(self) -> None:
        self._thread.start()

    def push(self, frames: FramesReceived) -> None:
        """Audio of one tick."""
        self._inbox.put(frames)

    def forget(self, leg: int) -> None:
        """The leg is gone."""
        self._inbox.put(leg)

    def stop(self) -> None:
        self._inbox.put(None)
        self._thread.join(2.0)

    def _run(self) -> None:
        while (item := self._inbox.get()) is not None:
            try:
                if isinstance(item, int):
                    self._drop(item)
                elif len(item.leg_ids):
                    self._step(item)
            except Exception:
                log.exception("voice detection failed for one tick")

    def _drop(self, leg: int) -> None:
        row = self._rows.pop(leg, None)
        if row is not None:
            del self._gates[row]
            self._free.append(row)

    def _row(self, leg: int) -> int:
        row = self._rows.get(leg)
        if row is None:
            row = self._rows[leg] = self._free.pop()
            self._model.clear(row)
            self._gates[row] = SpeechGate(self._settings)
            self._legs[row] = leg
        return row

    def _step(self, frames: FramesReceived) -> None:
        rows = np.array([self._row(leg) for leg in frames.leg_ids.tolist()])
        ready, probabilities, levels, left = self._model.step(rows, frames.pcm)
        self.windows += len(ready)
        ends_ms = frames.at_ms - left / 8
        changes = []
        for row, probability, level_dbfs, end_ms in zip(
            ready.tolist(), probabilities.tolist(), levels.tolist(), ends_ms.tolist(), strict=True
        ):
            gate = self._gates[row]
            changed_at = gate.step(probability, end_ms, level_dbfs)
            if changed_at is not None:
                changes.append(VoiceChange(int(self._legs[row]), gate.is_speech, changed_at))
        if changes:
            self._on_changes(changes)


def model_path() -> Path:
    """The model file in the package silero_vad, whose code (it needs torch) is not imported."""
    spec = importlib.util.find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "data" / "silero_vad.onnx"
        if path.exists():
            return path
    raise FileNotFoundError(
        "the voice detector's model silero_vad.onnx is missing: install the package silero-vad"
    )
