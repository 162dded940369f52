"""Judges of mels: a network that tells the teacher's mels from FastPitch's, given what is being said.

A mean of all ways to say a sound is nobody's way to say it: a model that only learns distances draws
formants blunt. What it draws must also pass for speech, and for that sound (Goodfellow et al. 2014; least
squares after Mao et al. 2017; projection of the condition after Miyato and Koyama 2018; distances between
the judge's own features after Larsen et al. 2016).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

_WIDTHS = (32, 64, 96, 128)
_STRIDES = ((2, 1), (2, 2), (2, 1), (2, 1))  # of bands and of frames: 80 bands become 5, two frames one
_SAYING = 128
_CENTRE, _SPREAD = -5.0, 2.5  # of log mels


class MelJudge(nn.Module):
    """Scores of stretches of mels, one for every two frames; higher is likelier speech."""

    def __init__(self, vocabulary: int, speakers: int) -> None:
        super().__init__()
        norm = parametrizations.weight_norm
        layers, wide = [], 1
        for width, stride in zip(_WIDTHS, _STRIDES, strict=True):
            layers.append(norm(nn.Conv2d(wide, width, (5, 3) if wide == 1 else 3, stride,
                                         ((2, 1) if wide == 1 else 1))))  # fmt: skip
            wide = width
        layers.append(norm(nn.Conv2d(wide, _SAYING, (5, 3), padding=(0, 1))))
        self.layers = nn.ModuleList(layers)
        self.score = norm(nn.Conv1d(_SAYING, 1, 3, padding=1))
        self.tokens = nn.Embedding(vocabulary, _SAYING)
        self.speakers = nn.Embedding(speakers, _SAYING)
        self.saying = nn.Sequential(
            norm(nn.Conv1d(_SAYING, _SAYING, 5, 2, 2)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv1d(_SAYING, _SAYING, 9, 1, 4)),
        )

    def forward(
        self, mel: torch.Tensor, tokens: torch.Tensor, speakers: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """`mel`: [B, 80, frames], frames even; `tokens`: [B, frames], what is said in each; `speakers`: [B].
        Scores [B, frames / 2] and the features of every layer."""
        inner, features = ((mel - _CENTRE) / _SPREAD)[:, None], []
        for layer in self.layers:
            inner = functional.leaky_relu(layer(inner), 0.2)
            features.append(inner)
        heard = inner[:, :, 0]
        said = self.tokens(tokens) + self.speakers(speakers)[:, None]
        saying = self.saying(said.transpose(1, 2))
        return self.score(heard)[:, 0] + (saying * heard).sum(1) / _SAYING**0.5, features


def windows(
    frames: list[int], width: int, each: int, rng: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and first frames of stretches of `width` frames, one for about `each` frames of an utterance."""
    rows, starts = [], []
    for row, length in enumerate(frames):
        if length < width:
            continue
        for _ in range(max(1, round(length / each))):
            rows.append(row)
            starts.append(int(torch.randint(length - width + 1, (1,), generator=rng)))
    return torch.tensor(rows), torch.tensor(starts)


def cut(whole: torch.Tensor, rows: torch.Tensor, starts: torch.Tensor, width: int) -> torch.Tensor:
    """Stretches of `whole` [B, ..., frames]: [windows, ..., width]."""
    return torch.stack(
        [whole[r, ..., s : s + width] for r, s in zip(rows.tolist(), starts.tolist(), strict=True)]
    )
