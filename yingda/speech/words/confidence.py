"""How likely a text is right in every character: a logistic function of what speaks against it.

Each doubt is 0 or more, and no weight lets confidence rise with a doubt. `python -m training.calibrate` fits
the weights to speech that was in neither training nor test, and writes them to the file that
`recogniser.lexicon.confidence` names; they belong to one model and one lexicon.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from yingda.speech.words.lexicon import LexiconError
from yingda.speech.words.nbest import Path as Text
from yingda.speech.words.slots import Slot
from yingda.speech.words.syllables import Reading

RIVALS = 5  # texts that are compared to know how sure the best one is


class ConfidenceError(LexiconError):
    """The file is missing or unreadable. The text says which file and what to do."""


class Doubts(NamedTuple):
    """What speaks against the best text."""

    rivals: float  # -ln of its share among the texts found
    misheard: float  # nats between what the model heard best and what the text takes
    unclear: float  # syllables that the model alone is expected to have wrong
    worst: float  # probability that its least sure syllable is wrong
    unusual: float  # -ln probability in the language, a syllable
    longer: float  # ln of the number of syllables
    skipped: float  # syllables that no word was found for


@dataclass(frozen=True)
class Calibration:
    """ln odds of being right = intercept - sum of weight times doubt. Raises ValueError for a negative
    weight."""

    intercept: float
    weights: Doubts

    def __post_init__(self) -> None:
        if min(self.weights) < 0:
            raise ValueError("expected weights of 0 or more")

    def probability(self, doubts: Doubts) -> float:
        """That every character is right, 0..1."""
        against = sum(w * d for w, d in zip(self.weights, doubts, strict=True))
        return 1.0 / (1.0 + math.exp(min(60.0, against - self.intercept)))


def doubts(slots: Sequence[Slot], reading: Reading) -> Doubts:
    """Of the best text that was read from `slots`."""
    best = reading.paths[0]
    sure = [math.exp(max(slot.choices[0][1], slot.nothing)) for slot in slots]
    count = max(1, sum(not slot.optional for slot in slots))
    return Doubts(
        rivals=-math.log(_share(reading.paths)),
        misheard=reading.misheard,
        unclear=sum(1.0 - p for p in sure),
        worst=1.0 - min(sure, default=1.0),
        unusual=max(0.0, -best.log) / count,
        longer=math.log(count),
        skipped=max(0.0, count - len(best.text)),
    )


def _share(texts: Sequence[Text]) -> float:
    """Of the first text among those found, by their scores."""
    return 1.0 / sum(math.exp(text.score - texts[0].score) for text in texts)


def spread(best: float, texts: Sequence[Text]) -> list[float]:
    """Confidences of all texts when the first one's is `best`: they fall, and are no more than 1 together."""
    rest = [best * math.exp(text.score - texts[0].score) for text in texts[1:]]
    scale = min(1.0, (1.0 - best) / sum(rest)) if sum(rest) > 0 else 1.0
    return [best, *(confidence * scale for confidence in rest)]


def load(path: str | Path) -> Calibration:
    """Read the file. Raises ConfidenceError."""
    again = "make it with: python -m training.calibrate"
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return Calibration(
            float(data["intercept"]), Doubts(**{k: float(v) for k, v in data["weights"].items()})
        )
    except FileNotFoundError:
        raise ConfidenceError(f"{path}: there is no such file; {again}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfidenceError(f"{path}: cannot be read ({error}); {again}") from None
