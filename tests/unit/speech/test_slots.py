"""Slots from log probabilities of frames, as a CTC model gives them."""

import math
from itertools import pairwise

import numpy as np
import pytest

from yingda.speech.words.slots import Part, Posteriors, build

NAMES = ("cha2", "ca2", "yu2", "e2", "de5")
CHA, CA, YU, E, DE, BLANK = range(6)


def frames(*rows: dict[int, float], before: int = BLANK, cuts: tuple[int, ...] = ()) -> Posteriors:
    """Frames with these probabilities; what is left of 1 is shared by the other symbols."""
    table = np.zeros((len(rows), 6))
    for row, given in zip(table, rows, strict=True):
        row[:] = max(1e-9, 1 - sum(given.values())) / (6 - len(given))
        for symbol, probability in given.items():
            row[symbol] = probability
    logs = np.log(table).astype(np.float32)
    order = np.argsort(-logs, axis=1).astype(np.int32)
    whole = order, np.take_along_axis(logs, order, axis=1), logs[:, BLANK]
    edges = [0, *cuts, len(rows)]
    parts = (Part(*(array[a:b] for array in whole)) for a, b in pairwise(edges))
    return Posteriors(tuple(parts), NAMES, before)


SILENT = {BLANK: 0.999}


def test_a_slot_for_each_syllable_with_its_rivals() -> None:
    first, second = build(frames(SILENT, {CHA: 0.6, CA: 0.39}, SILENT, SILENT, {YU: 0.99}, SILENT))
    assert [name for name, _ in first.choices[:2]] == ["cha2", "ca2"]
    assert first.choices[0][1] - first.choices[1][1] == pytest.approx(math.log(0.6 / 0.39), abs=0.05)
    assert second.choices[0] == ("yu2", pytest.approx(math.log(0.99), abs=0.02))
    assert not first.optional and not second.optional


def test_posteriors_of_a_slot_sum_to_one() -> None:
    for slot in build(
        frames({CHA: 0.5, BLANK: 0.3}, {CA: 0.6, BLANK: 0.3}, {BLANK: 0.6, DE: 0.2}, {YU: 0.5})
    ):
        total = math.exp(slot.nothing) + sum(math.exp(log) for _, log in slot.choices)
        assert total == pytest.approx(1.0, abs=1e-3)


def test_one_syllable_over_several_frames_is_one_slot_and_repeated_ones_are_two() -> None:
    assert len(build(frames({CHA: 0.9}, {CHA: 0.9}, {CHA: 0.9}))) == 1
    assert len(build(frames({CHA: 0.9}, SILENT, {CHA: 0.9}))) == 2


def test_a_rival_gathers_what_its_frames_give_it() -> None:
    """Best in no frame, but likelier than either neighbour over both."""
    (slot, *_) = build(frames({CHA: 0.5, CA: 0.45}, {CHA: 0.05, CA: 0.45, BLANK: 0.5}))
    sole = dict(slot.choices)
    assert sole["ca2"] > sole["cha2"]


def test_an_unsure_syllable_may_be_nothing() -> None:
    sure, unsure = build(frames({CHA: 0.99}, SILENT, {DE: 0.5, BLANK: 0.49}, SILENT))
    assert sure.nothing < math.log(0.02)
    assert unsure.nothing == pytest.approx(math.log(0.49), abs=0.1)


def test_a_syllable_that_was_almost_written_is_an_optional_slot() -> None:
    almost = {BLANK: 0.8, DE: 0.19}
    slots = build(frames({CHA: 0.99}, SILENT, almost, SILENT, {YU: 0.99}))
    assert [slot.optional for slot in slots] == [False, True, False]
    assert slots[1].choices[0][0] == "de5"
    assert slots[1].nothing == pytest.approx(math.log(0.8), abs=0.1)
    assert len(build(frames({CHA: 0.99}, SILENT, {BLANK: 0.99}, SILENT, {YU: 0.99}))) == 2


def test_the_edge_of_a_syllable_is_no_syllable_of_its_own() -> None:
    edge = {BLANK: 0.7, CHA: 0.29}
    assert len(build(frames(edge, {CHA: 0.99}, edge, edge, {YU: 0.99}))) == 2


def test_parts_of_a_stream_are_one_sequence() -> None:
    rows = [SILENT, {CHA: 0.6, CA: 0.39}, {CHA: 0.9}, SILENT, {YU: 0.99}]
    assert build(frames(*rows)) == build(frames(*rows, cuts=(2, 3)))


def test_what_goes_on_from_the_utterance_before_is_not_said_again() -> None:
    assert [s.choices[0][0] for s in build(frames({CHA: 0.9}, SILENT, {YU: 0.9}, before=CHA))] == ["yu2"]
    assert build(frames({CHA: 0.9}, {CHA: 0.9}, before=CHA)) == []
    assert len(build(frames({CHA: 0.9}, SILENT, {YU: 0.9}, before=YU))) == 2


def test_silence_and_nothing_have_no_slots() -> None:
    assert build(frames(SILENT, SILENT)) == []
    assert build(Posteriors((), NAMES, BLANK)) == []
