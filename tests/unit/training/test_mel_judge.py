"""The judge of mels, and the stretches that it sees."""

import torch

from training import mel_judge
from training.mel_judge import MelJudge


def test_a_score_for_every_two_frames_and_it_depends_on_what_is_said() -> None:
    torch.manual_seed(0)
    judge, mel = MelJudge(10, 2), torch.randn(3, 80, 64)
    tokens, speakers = torch.ones(3, 64, dtype=torch.long), torch.tensor([0, 1, 0])
    scores, features = judge(mel, tokens, speakers)
    assert scores.shape == (3, 32) and len(features) == 5
    assert not torch.allclose(scores, judge(mel, tokens + 1, speakers)[0])


def test_stretches_lie_inside_their_utterances() -> None:
    whole = torch.arange(200).expand(2, 80, 200)
    rows, starts = mel_judge.windows([200, 70, 30], 64, 100, torch.Generator().manual_seed(1))
    assert rows.tolist() == [0, 0, 1]  # one for about every hundred frames; none of what is too short
    pieces = mel_judge.cut(whole, rows, starts, 64)
    assert pieces.shape == (3, 80, 64) and int(pieces[2].max()) < 70


def test_it_learns_to_tell_blunt_from_sharp() -> None:
    torch.manual_seed(1)
    judge, tokens, speakers = (
        MelJudge(4, 1),
        torch.zeros(8, 64, dtype=torch.long),
        torch.zeros(8, dtype=torch.long),
    )
    optimiser = torch.optim.Adam(judge.parameters(), 1e-3)
    for _ in range(30):
        sharp, blunt = torch.randn(8, 80, 64) - 5, torch.full((8, 80, 64), -5.0)
        loss = ((judge(sharp, tokens, speakers)[0] - 1) ** 2).mean() + (
            judge(blunt, tokens, speakers)[0] ** 2
        ).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (
        judge(torch.randn(8, 80, 64) - 5, tokens, speakers)[0].mean()
        > judge(blunt, tokens, speakers)[0].mean() + 0.3
    )
