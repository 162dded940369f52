"""The shipped recogniser over many recordings, as the speech server runs it: chunks, batches, reader."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.speech._asr_set import ROOT, Utterance, on_the_line
from yingda.plumbing.settings import load
from yingda.speech import recordings
from yingda.speech.hearing.recogniser import BOOST, StepRequest, StepResult, StreamOptions
from yingda.speech.recordings import STREAMS
from yingda.speech.settings import Recogniser, SpeechSettings
from yingda.speech.words import transcript
from yingda.speech.words.syllables import Boosts
from yingda.speech.words.transcript import Transcript

CHUNK_MS = 160  # of the bars
OPTIONS = StreamOptions(endpoint_ms=-1)


def settings(model: str | None = None, chunk_ms: int | None = None) -> Recogniser:
    """The repository's, but for what is given."""
    chosen = load(ROOT / "settings/speech.yml", SpeechSettings).recogniser
    lexicon = replace(
        chosen.lexicon,
        path=str(ROOT / chosen.lexicon.path),
        confidence=str(ROOT / chosen.lexicon.confidence),
    )
    name = model or chosen.model
    path = str(ROOT / name) if not Path(name).is_absolute() and (ROOT / name).exists() else name
    return replace(chosen, model=path, chunk_ms=chunk_ms or CHUNK_MS, lexicon=lexicon)


class Ears:
    """The model and what reads it."""

    def __init__(self, chosen: Recogniser) -> None:
        from yingda.speech.engines.nemo_asr import NemoRecogniser

        self.model = NemoRecogniser(settings=chosen, slots=STREAMS)
        self._transcriber = transcript.for_model(self.model.syllables, chosen.lexicon)

    def prepare(self, words: Sequence[str]) -> Boosts | None:
        """Hotwords with the boost of words that come without one."""
        return self._transcriber.prepare(tuple((word, BOOST) for word in words))

    def read(self, finals: Sequence[StepResult], boosts: Boosts | None = None) -> Transcript:
        """One text of a recording's finals."""
        return transcript.join(
            [self._transcriber.read(f.final, f.confidence, boosts, False, f.posteriors) for f in finals]
        )

    def hear(self, utterances: Sequence[Utterance], boosts: Boosts | None = None) -> None:
        """Fill in what is heard of each; of narrow ones also what is heard with `boosts`."""
        streams = ((u, on_the_line(u.audio)) for u in utterances)
        for done, (u, finals) in enumerate(recordings.recognise(self.model, streams, OPTIONS), 1):
            u.heard_raw = " ".join(final.final for final in finals)
            u.heard = self.read(finals)
            if boosts is not None and u.is_narrow:
                u.item["boosted"] = self.read(finals, boosts).text
            if done % (4 * STREAMS) == 0:
                print(f"  {done} of {len(utterances)}", file=sys.stderr, flush=True)

    def first_texts_s(self, audios: Sequence[np.ndarray]) -> list[float | None]:
        """Seconds of audio sent when each recording, at 8 kHz, has its first text; None without."""
        size, out = self.model.chunk_samples, []
        for begin in range(0, len(audios), STREAMS):
            out += self._first_of_batch([_padded(a, size) for a in audios[begin : begin + STREAMS]])
        return out

    def _first_of_batch(self, audios: list[np.ndarray]) -> list[float | None]:
        size = self.model.chunk_samples
        first: list[float | None] = [None] * len(audios)
        for chunk in range(max(len(a) for a in audios) // size):
            at = chunk * size
            live = [n for n, a in enumerate(audios) if at < len(a)]
            requests = [
                StepRequest(
                    n + 1, audios[n][at : at + size], chunk == 0, at + size >= len(audios[n]), OPTIONS
                )
                for n in live
            ]
            for n, result in zip(live, self.model.step(requests), strict=True):
                if first[n] is None and (result.partial or result.final):
                    first[n] = (chunk + 1) * size / self.model.sample_rate
        return first


def _padded(audio: np.ndarray, size: int) -> Any:
    return np.pad(audio, (0, -len(audio) % size)).astype(np.float32)
