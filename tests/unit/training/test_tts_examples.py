"""Clauses by themselves, cut out of utterances that the voice learns from."""

import numpy as np
import pytest
import torch

from training.tts_examples import Example, clauses

HOP = 100
COMMA, STOP, BLANK = 90, 91, 0


def utterance(*clause_sizes: int, mark_frames: int = 20) -> Example:
    """Clauses of syllables of one token and 5 frames each, between blanks of 4 frames; a comma after each, at
    the end a full stop. Each mel frame holds its own number, and so does each sample."""
    tokens, durations = [BLANK], [4]
    for n, size in enumerate(clause_sizes):
        tokens += [*range(1, size + 1), STOP if n == len(clause_sizes) - 1 else COMMA]
        durations += [5] * size + [mark_frames]
    tokens.append(BLANK)
    durations.append(4)
    frames = sum(durations)
    mel = torch.arange(frames, dtype=torch.float32).expand(80, frames)
    audio = torch.arange(frames * HOP, dtype=torch.int32)
    return Example(tokens, durations, [float(t) for t in tokens], mel, audio, 1)


@pytest.mark.requirement(17)
def test_every_clause_of_an_utterance_is_an_example_that_fits_its_audio() -> None:
    whole = utterance(3, 2)
    first, second = clauses(whole, {COMMA, STOP})
    assert first.tokens == [BLANK, 1, 2, 3, COMMA, BLANK]
    assert second.tokens == [BLANK, 1, 2, STOP, BLANK]
    for x in (first, second):
        assert sum(x.durations) == x.mel.shape[1] == len(x.audio) // HOP
        assert len(x.tokens) == len(x.durations) == len(x.pitch)
        assert x.durations[0] <= 3 and sum(x.durations[-2:]) <= 6  # little silence around
        assert x.speaker == 1
    at = int(second.mel[0, 0])  # where the second clause begins: three frames before its first syllable
    assert at == 4 + 3 * 5 + 20 - 3
    assert np.array_equal(second.audio[:HOP].numpy(), np.arange(at * HOP, (at + 1) * HOP))


def test_neighbouring_clauses_are_examples_too_and_an_utterance_of_one_is_none() -> None:
    sizes = sorted(len(x.tokens) for x in clauses(utterance(3, 2, 4), {COMMA, STOP}))
    assert sizes == [5, 6, 7, 9, 10]
    assert not list(clauses(utterance(5), {COMMA, STOP}))


def test_two_marks_in_a_row_make_no_empty_clause() -> None:
    assert all(len(x.tokens) > 3 for x in clauses(utterance(3, 0, 2), {COMMA, STOP}))
