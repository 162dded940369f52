"""Recognition by ModelScope's Paraformer, a model for whole utterances: text when the caller has paused.

python -m yingda.speech.engines.modelscope_asr FILE prints what it hears in a recording (wav2text).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from yingda.speech import audio
from yingda.speech.audio import Float
from yingda.speech.engines.modelscope_link import Link
from yingda.speech.engines.modelscope_worker import RATE_HZ, Answer
from yingda.speech.hearing.recogniser import StepRequest, StepResult
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.words import transcript

MODEL = "damo/speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch"
_PARTIAL_S = 2.0  # audio between partials: each one recognises the whole utterance anew
_LONGEST_S = 30.0  # of an utterance; the work grows with its square
_SHORTEST_S = 0.1


class Asked(Protocol):
    """What answers: a Link, or a fake of one."""

    def ask(self, fields: dict[str, object], data: bytes = b"") -> Answer:
        """As Link.ask."""


@dataclass
class _Utterance:
    chunks: list[Float] = field(default_factory=list)
    samples: int = 0
    recognised: int = 0  # samples at the last partial
    text: str = ""


class ParaformerRecogniser:
    """`StreamingModel` that collects audio. Not thread-safe."""

    kind, syllables, sample_rate = "paraformer", False, RATE_HZ
    languages: tuple[str, ...] = ()

    def __init__(self, settings: Settings, link: Asked | None = None) -> None:
        """Start the child process that holds the model. Raises RuntimeError saying what is wrong."""
        started = time.monotonic()
        self.name = settings.model
        self.chunk_samples = settings.chunk_ms * RATE_HZ // 1000
        self._link: Asked = link if link is not None else Link("asr", settings.model)
        self._utterances: dict[int, _Utterance] = {}
        self.load_seconds = time.monotonic() - started

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        """One request to the model for all streams whose turn it is: they ended, or grew long enough for a
        partial."""
        for request in requests:
            if request.first:
                self._utterances[request.stream] = _Utterance()
            heard = self._utterances[request.stream]
            heard.chunks.append(request.samples)
            heard.samples += len(request.samples)
        self._recognise([r.stream for r in requests if r.last or self._is_due(r.stream)])
        return [self._result(request) for request in requests]

    def drop(self, streams: Sequence[int]) -> None:
        """Forget their audio."""
        for stream in streams:
            self._utterances.pop(stream, None)

    def _is_due(self, stream: int) -> bool:
        heard = self._utterances[stream]
        return heard.samples - heard.recognised >= _PARTIAL_S * RATE_HZ or self._is_long(stream)

    def _is_long(self, stream: int) -> bool:
        return self._utterances[stream].samples >= _LONGEST_S * RATE_HZ

    def _recognise(self, streams: Sequence[int]) -> None:
        wanted = [s for s in streams if self._utterances[s].samples >= _SHORTEST_S * RATE_HZ]
        if not wanted:
            return
        stretches = [np.concatenate(self._utterances[s].chunks) for s in wanted]
        for stream, text in zip(wanted, recognise(self._link, stretches), strict=True):
            heard = self._utterances[stream]
            heard.text, heard.recognised = text, heard.samples

    def _result(self, request: StepRequest) -> StepResult:
        heard = self._utterances[request.stream]
        if request.last:
            del self._utterances[request.stream]
        elif self._is_long(request.stream):
            self._utterances[request.stream] = _Utterance()
        else:
            return StepResult(partial=heard.text)
        return StepResult(final=heard.text)


def recognise(link: Asked, stretches: Sequence[Float]) -> list[str]:
    """A text for each stretch of float32 audio at RATE_HZ."""
    lengths = [len(stretch) for stretch in stretches]
    data = np.concatenate(stretches).astype(np.float32).tobytes()
    fields, _ = link.ask({"lengths": lengths}, data)
    return [str(text).strip() for text in fields["texts"]]


def wav2text(path: str | Path, model: str = MODEL, link: Asked | None = None) -> str:
    """What a recording says. Raises RuntimeError, and soundfile's errors for a file that is no audio."""
    import soundfile

    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    mono = np.ascontiguousarray(samples.mean(1), np.float32)
    asked: Asked = link if link is not None else Link("asr", model)
    (text,) = recognise(asked, [audio.resample(mono, rate, RATE_HZ)])
    return transcript.tidy(text, punctuation=True)


def main() -> int:
    """Command line. Exit status 2: the model or the file is not usable."""
    parser = argparse.ArgumentParser(description="Print what Paraformer hears in a recording.")
    parser.add_argument("file")
    parser.add_argument("--model", default=MODEL)
    given = parser.parse_args()
    try:
        print(wav2text(given.file, given.model))
    except (RuntimeError, OSError) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
