"""Whole recordings on the path of calls: telephone sound, the server's chunks, many in one model step."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import soundfile

from yingda.speech import audio
from yingda.speech.audio import Float, Int16
from yingda.speech.hearing.recogniser import StepRequest, StepResult, StreamingModel, StreamOptions

LINE_HZ = 8000
STREAMS = 16  # recordings in one model step
LEAD_S = 0.2  # silence before the words, as turn taking gives it
TAIL_S = 0.4  # and after them
_BLOCK = 1 << 18  # frames of a file that are in memory at its own rate: an hour of stereo is gigabytes
_UNKNOWN = 1 << 60  # frames, or more: what libsndfile says of FLAC that was written into a pipe
_EXPECTED = "expected audio that libsndfile reads: WAV, FLAC, Ogg, Opus, MP3"
_NOTHING: Float = np.zeros(0, np.float32)  # an empty slice would hold on to all of a recording
Key = TypeVar("Key")


class AudioError(Exception):
    """A file is no audio to recognise. The text names the file, and says what was expected."""


def read(path: Path, longest_s: float) -> Float:
    """A file's samples at 8 kHz, its channels mixed evenly. Raises AudioError, also when it lasts more than
    `longest_s` seconds."""
    try:
        path.open("rb").close()  # the system's reasons are clearer than libsndfile's
        # as bytes: soundfile cannot encode names that are not UTF-8
        with soundfile.SoundFile(os.fsencode(path)) as file:
            if file.frames > _UNKNOWN:
                raise AudioError(
                    f"{path}: does not say how long it is; {_EXPECTED} with a length in its header"
                )
            _check_length(path, file.frames / file.samplerate, longest_s)
            return _at_line_rate(path, file, longest_s)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); {_EXPECTED}") from None
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: is no audio ({error.error_string.rstrip('.')}); {_EXPECTED}") from None
    except TypeError:  # libsndfile takes *.raw for bare samples, of which it must be told the rate
        raise AudioError(f"{path}: is no audio (it has no header); {_EXPECTED}") from None


def _at_line_rate(path: Path, file: soundfile.SoundFile, longest_s: float) -> Float:
    """All of a file, block by block."""
    resampler = audio.StreamResampler(file.samplerate, LINE_HZ, "HQ")
    pieces, frames = [], 0
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        frames += len(block)
        _check_length(path, frames / file.samplerate, longest_s)
        if not np.isfinite(block).all():
            raise AudioError(f"{path}: has values that are no numbers; {_EXPECTED}")
        pieces.append(resampler.feed(block.mean(axis=1, dtype=np.float32)))
    if not frames:
        raise AudioError(f"{path}: has no samples; {_EXPECTED}")
    return np.concatenate([*pieces, resampler.feed(_NOTHING, last=True)])


def _check_length(path: Path, seconds: float, longest_s: float) -> None:
    if seconds > longest_s:
        expected = f"expected at most {longest_s:g} s (recogniser.max_audio_s)"
        raise AudioError(f"{path}: lasts {seconds:.0f} s, {expected}; split it, or raise that setting")


def through_alaw(pcm: Int16) -> Float:
    """What is left of samples behind a telephone line's G.711 A-law."""
    return audio.to_float(audio.decode(audio.encode(pcm, "ALAW"), "ALAW"))


def as_turn(samples: Float, rate: int) -> Float:
    """8 kHz samples as a call brings them to a model at `rate` Hz: through A-law, in the midst of silence."""
    lead, tail = (np.zeros(round(s * LINE_HZ), np.float32) for s in (LEAD_S, TAIL_S))
    heard = np.concatenate([lead, through_alaw(audio.to_int16(samples)), tail])
    return audio.StreamResampler(LINE_HZ, rate).feed(heard, last=True)


@dataclass
class _Stream(Generic[Key]):
    """A recording on its way into the model."""

    number: int
    key: Key
    left: Float
    is_begun: bool = False
    is_failed: bool = False
    finals: list[StepResult] = field(default_factory=list)

    def next_chunk(self, size: int, options: StreamOptions) -> StepRequest:
        """The next `size` samples, the last ones filled up with silence."""
        is_last = len(self.left) <= size
        chunk, self.left = self.left[:size], _NOTHING if is_last else self.left[size:]
        first, self.is_begun = not self.is_begun, True
        chunk = np.pad(chunk, (0, size - len(chunk))).astype(np.float32)
        return StepRequest(self.number, chunk, first, is_last, options)


def recognise(
    model: StreamingModel,
    recordings: Iterable[tuple[Key, Float]],
    options: StreamOptions,
    streams: int = STREAMS,
    on_failed: Callable[[Key, Exception], None] | None = None,
) -> Iterator[tuple[Key, list[StepResult]]]:
    """Stream recordings, at the model's rate, one chunk each a step, as the server's batches do. Gives each
    one's key and finals in the order of the recordings. At most `streams` are open at once; when one ends,
    the next recording is taken. `on_failed` is told of those that a failed step was about, and the others go
    on; without it the failure is raised."""
    waiting = enumerate(recordings)
    open_streams: list[_Stream[Key]] = []
    in_order: deque[_Stream[Key]] = deque()
    while True:
        while len(open_streams) < streams and (taken := next(waiting, None)) is not None:
            number, (key, samples) = taken
            open_streams.append(_Stream(number, key, samples))
            in_order.append(open_streams[-1])
        if not open_streams:
            return
        requests = [stream.next_chunk(model.chunk_samples, options) for stream in open_streams]
        try:
            results = model.step(requests)
        except Exception as error:
            if on_failed is None:
                raise
            model.drop([stream.number for stream in open_streams])
            for stream in open_streams:
                stream.left, stream.is_failed = _NOTHING, True
                on_failed(stream.key, error)
            results = [StepResult()] * len(requests)
        for stream, result in zip(open_streams, results, strict=True):
            if result.final:
                stream.finals.append(result)
        open_streams = [stream for stream in open_streams if len(stream.left)]
        while in_order and not len(in_order[0].left):
            done = in_order.popleft()
            if not done.is_failed:
                yield done.key, done.finals
