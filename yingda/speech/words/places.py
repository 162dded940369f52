"""What was heard at one place of a sentence, as costs in nats: of each syllable that may be meant, of none.

Of a slot (slots.py) the costs are the model's: how much less likely than the best a rival is. A syllable
that the model does not name costs what it costs to mistake the best one for it (confusion.py), as does
every syllable when only bare ones are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from yingda.speech.words.confusion import Confusions
from yingda.speech.words.slots import Slot

SKIP_COST = 14.0  # nats, at most: a heard syllable that was no speech, or fits nowhere
KEPT = 3.0  # nats more for passing over what the model wrote: the language gains by every word less
FAR = 2.0  # nats: beside its confusion, of a syllable that the model did not name
MOST = 14  # syllables of one place


class Place(NamedTuple):
    """Syllable ids with costs, the cheapest first; the cost of passing over the place."""

    syllables: tuple[tuple[int, float], ...]
    skip: float
    optional: bool = False


class Costs:
    """Makes places of what was heard."""

    def __init__(self, ids: Mapping[str, int], confusions: Confusions, acoustic: float) -> None:
        """`ids`: of the lexicon's syllables; `acoustic` multiplies the model's ln posteriors."""
        self._ids, self._confusions, self._acoustic = ids, confusions, acoustic

    def place(self, heard: str | Slot) -> Place:
        """Costs of a slot, or of a syllable's name."""
        if isinstance(heard, str):
            return Place(self._confusions.alternatives(heard), SKIP_COST)
        top = max(heard.nothing, heard.choices[0][1])
        costs: dict[int, float] = {}
        for name, log in heard.choices:
            number = self._ids.get(name)
            if number is not None:
                costs[number] = (top - log) * self._acoustic
        name, log = heard.choices[0]
        if not heard.optional:
            known = (top - log) * self._acoustic + FAR
            for number, cost in self._confusions.alternatives(name):
                if cost:
                    costs[number] = min(costs.get(number, SKIP_COST), known + cost)
        cheapest = sorted(costs.items(), key=lambda item: item[1])[:MOST]
        skip = (top - heard.nothing) * self._acoustic + (0.0 if heard.optional else KEPT)
        return Place(tuple(cheapest), min(SKIP_COST, skip), heard.optional)
