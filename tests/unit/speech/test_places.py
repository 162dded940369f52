"""Costs of what was heard at one place."""

from math import log

import pytest

from yingda.speech.words.confusion import Confusions
from yingda.speech.words.places import KEPT, SKIP_COST, Costs
from yingda.speech.words.slots import Slot

NAMES = ["er4", "yi1"]
COSTS = Costs({name: n for n, name in enumerate(NAMES)}, Confusions(NAMES, 1.2), 1.0)


def place_of(nothing: float, optional: bool = False) -> float:
    return COSTS.place(Slot((("yi1", log(0.9)),), log(nothing), optional)).skip


@pytest.mark.requirement(3)
def test_what_the_model_wrote_is_dearer_to_drop_than_what_it_did_not() -> None:
    assert place_of(0.1) == pytest.approx(log(9) + KEPT)
    assert place_of(0.1, optional=True) == pytest.approx(log(9))


def test_nothing_costs_more_than_the_limit() -> None:
    assert place_of(1e-12) == SKIP_COST
