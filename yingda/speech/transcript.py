"""What the model said to what the client reads: syllables become characters, other text is only tidied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from yingda.speech import lexicon
from yingda.speech.settings import Lexicon as Settings
from yingda.speech.syllables import Boosts, Decoder

_TAG = re.compile(r"<[^<>]{1,20}>")
_MARKS = re.compile(
    r"[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65，。？！；：、,.?!;:\"“”‘’…]+"
)
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff0-9])|(?<=[0-9])\s+(?=[\u4e00-\u9fff])")


@dataclass(frozen=True)
class Transcript:
    """Text, and how sure we are, 0..1."""

    text: str
    confidence: float


class Transcriber:
    """For one model: `decoder` when its output is tonal syllables, else None."""

    def __init__(self, decoder: Decoder | None) -> None:
        self._decoder = decoder

    def prepare(self, boosts: tuple[tuple[str, float], ...]) -> Boosts | None:
        """Make a request's boosted phrases ready, once per stream."""
        return self._decoder.prepare(boosts) if self._decoder is not None and boosts else None

    def read(self, raw: str, acoustic: float, boosts: Boosts | None, punctuation: bool) -> Transcript:
        """`raw` is the model's text, `acoustic` its own confidence (0: unknown)."""
        if self._decoder is None:
            return Transcript(tidy(raw, punctuation), acoustic or 1.0 if raw else 0.0)
        reading = self._decoder.decode(raw.split(), boosts)
        return Transcript(reading.text, reading.confidence * (acoustic or 1.0))


def for_model(syllables: bool, settings: Settings) -> Transcriber:
    """What reads a model's output: with the settings' lexicon when it is tonal syllables. Raises
    LexiconError."""
    if not syllables:
        return Transcriber(None)
    words = lexicon.load(settings.path)
    return Transcriber(Decoder(words, settings.beam, settings.confusion_weight, settings.boost_weight))


def join(parts: Sequence[Transcript]) -> Transcript:
    """A recording's utterances as one: the least confidence of those that have text, 0 when none has."""
    spoken = [part for part in parts if part.text]
    text = _BETWEEN_HAN.sub("", " ".join(part.text for part in spoken))
    return Transcript(text, min((part.confidence for part in spoken), default=0.0))


def tidy(raw: str, punctuation: bool) -> str:
    """Without language tags and blanks between Chinese characters; marks are kept only if `punctuation`."""
    text = _TAG.sub(" ", raw)
    if not punctuation:
        text = _MARKS.sub(" ", text)
    return _BETWEEN_HAN.sub("", " ".join(text.split())).strip()
