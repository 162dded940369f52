"""What the model said to what the client reads: syllables become characters, other text is only tidied."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from yingda.speech.settings import Lexicon as Settings
from yingda.speech.words import confidence, lexicon, slots
from yingda.speech.words.boosts import Phrase
from yingda.speech.words.confidence import RIVALS, Calibration, doubts, spread
from yingda.speech.words.lexicon import Sounds
from yingda.speech.words.slots import Posteriors, Slot
from yingda.speech.words.syllables import Boosts, Decoder, Reading, Weights

_TAG = re.compile(r"<[^<>]{1,20}>")
_MARKS = re.compile(
    r"[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65，。？！；：、,.?!;:\"“”‘’…]+"
)
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff0-9])|(?<=[0-9])\s+(?=[\u4e00-\u9fff])")

PREPARED = 64  # sets of boosts that are remembered: 700 words take half a megabyte


@dataclass(frozen=True)
class Transcript:
    """Text, and how sure we are, 0..1. `others`: further texts with theirs, the likeliest first."""

    text: str
    confidence: float
    others: tuple[tuple[str, float], ...] = ()


class Transcriber:
    """For one model: `decoder` when its output is tonal syllables, else None."""

    def __init__(self, decoder: Decoder | None, calibration: Calibration | None = None) -> None:
        """Without `calibration` confidence is a guess."""
        self._decoder, self._calibration = decoder, calibration
        self._prepare = functools.lru_cache(PREPARED)(decoder.prepare) if decoder is not None else None

    @property
    def sounds(self) -> Sounds | None:
        """What of Mandarin can be read in hotwords; None when the model writes words itself."""
        return self._decoder.sounds if self._decoder is not None else None

    def prepare(self, boosts: tuple[Phrase, ...]) -> Boosts | None:
        """Make a request's boosted phrases ready, once per stream; the last ones are remembered, since the
        streams of a call want the same."""
        return self._prepare(boosts) if self._prepare is not None and boosts else None

    def read(
        self,
        raw: str,
        acoustic: float,
        boosts: Boosts | None,
        punctuation: bool,
        posteriors: Posteriors | None = None,
        alternatives: int = 1,
    ) -> Transcript:
        """`raw` is the model's text, `acoustic` its own confidence (0: unknown), `posteriors` what it was
        made from, if the model tells. At most `alternatives` texts."""
        if self._decoder is None:
            return Transcript(tidy(raw, punctuation), acoustic or 1.0 if raw else 0.0)
        heard = slots.build(posteriors) if posteriors is not None and raw else []
        reading = self._decoder.decode(heard or raw.split(), boosts, max(RIVALS, alternatives))
        sure = self._confidence(heard, reading, acoustic)
        texts = [path for path in reading.paths if path.text]
        if not texts:
            return Transcript("", 0.0)
        pairs = zip(texts, spread(sure, texts), strict=True)
        (_, best), *others = [(path.text, share) for path, share in pairs][:alternatives]
        return Transcript(texts[0].text, best, tuple(others))

    def _confidence(self, heard: list[Slot], reading: Reading, acoustic: float) -> float:
        if heard and self._calibration is not None:
            return self._calibration.probability(doubts(heard, reading))
        return math.exp(-reading.misheard / max(1, reading.slots) / 2) * (acoustic or 1.0)


def for_model(syllables: bool, settings: Settings) -> Transcriber:
    """What reads a model's output: with the settings' lexicon when it is tonal syllables. Raises
    LexiconError, also for the confidence file."""
    if not syllables:
        return Transcriber(None)
    return Transcriber(make_decoder(settings), confidence.load(settings.confidence))


def make_decoder(settings: Settings) -> Decoder:
    """The settings' decoder of syllables. Raises LexiconError."""
    weights = Weights(
        acoustic=settings.acoustic_weight,
        confusion=settings.confusion_weight,
        boost=settings.boost_weight,
        beam=settings.beam,
    )
    return Decoder(lexicon.load(settings.path), weights)


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
