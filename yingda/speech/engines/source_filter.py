"""A vocoder that knows what a voice is: harmonics of a pitch and noise, each through a filter that a network
draws from the mel spectrogram every hop.

After Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, and Wang, Takaki, Yamagishi,
"Neural source-filter waveform models", 2019; the pitch is read from the mels by a softmax over bins, as Kim
et al., "CREPE", 2018. It speaks clearly after minutes of training on one core, where upsampling convolutions
need days on a GPU. Its file is no NeMo archive, since NeMo makes none but its own classes from one.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

LOWEST_HZ, HIGHEST_HZ = 65.0, 480.0
BINS = 128  # of pitch, evenly spaced in its logarithm
_EDGE = 0.4875  # of the sample rate: the highest harmonic
_NEAR = 3  # bins around the likeliest one that its pitch is the mean of


def pulses(pitch_hz: torch.Tensor, voiced: torch.Tensor, rate_hz: int, edge_hz: float) -> torch.Tensor:
    """All harmonics below `edge_hz` with equal strength, as one closed sum (Dirichlet's kernel). Pitch and
    strength 0..1 of every sample, [B, samples] both."""
    phase = torch.remainder(torch.cumsum(pitch_hz.double() / rate_hz, 1), 1.0).float() * 2 * math.pi
    count = torch.floor(edge_hz / pitch_hz)
    half = torch.sin(phase / 2)
    near = half.abs() < 1e-3
    kernel = torch.sin((count + 0.5) * phase) / torch.where(near, torch.ones_like(half), half) / 2 - 0.5
    return torch.where(near, count, kernel) * voiced / torch.sqrt(count)


def each_sample(frames: torch.Tensor, hop: int) -> torch.Tensor:
    """[B, T] values at the frames' middles, a hop apart from the first sample on, to [B, T * hop]."""
    longer = torch.cat([frames, frames[:, -1:]], 1)[:, None]
    samples = functional.interpolate(longer, frames.shape[1] * hop + 1, mode="linear", align_corners=True)
    return samples[:, 0, :-1]


class Block(nn.Module):
    """Looks around in time, then mixes channels; added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.wide, self.narrow = nn.Conv1d(width, 2 * width, 1), nn.Conv1d(2 * width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.narrow(functional.gelu(self.wide(self.norm(self.around(x)))))


class SourceFilter(nn.Module):
    """Log mels [B, mels, T] to audio [B, T * hop]. `floor`: log mels below it are taken for it."""

    def __init__(
        self, mels: int = 80, rate_hz: int = 8000, hop: int = 100, fft: int = 512, bands: int = 129,
        width: int = 256, blocks: int = 6, floor: float = -8.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape = {
            "mels": mels, "rate_hz": rate_hz, "hop": hop, "fft": fft, "bands": bands,
            "width": width, "blocks": blocks, "floor": floor,
        }  # fmt: skip
        self.mels, self.rate_hz = mels, rate_hz
        self._hop, self._fft, self._bands, self._floor = hop, fft, bands, floor
        self.enter = nn.Conv1d(mels, width, 5, padding=2)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.pitch = nn.Conv1d(width, BINS + 1, 1)  # bins, and whether there is any
        self.tone = nn.Conv1d(2, width, 3, padding=1)
        self.after = nn.ModuleList(Block(width) for _ in range(2))
        self.leave = nn.Conv1d(width, 2 * bands, 1)
        nn.init.zeros_(self.leave.bias)
        self.register_buffer("window", torch.hann_window(fft), persistent=False)
        centres = torch.linspace(math.log(LOWEST_HZ), math.log(HIGHEST_HZ), BINS)
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        inner = self.listen(mel)
        return self.speak(inner, *self.pitch_of(self.pitch(inner)))

    def listen(self, mel: torch.Tensor) -> torch.Tensor:
        """What both the pitch and the filters are read from, [B, width, T]."""
        x = self.enter(0.3 * mel.clamp(min=self._floor))
        for block in self.blocks:
            x = block(x)
        return x

    def pitch_of(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[B, BINS + 1, T] to Hz and voiced 0 or 1, [B, T] both: the mean around the likeliest bin."""
        likely = torch.softmax(logits[:, :BINS], 1)
        best = likely.argmax(1, keepdim=True)
        far = (torch.arange(BINS, device=logits.device)[None, :, None] - best).abs() > _NEAR
        likely = likely.masked_fill(far, 0.0)
        hz = torch.exp((likely * self.centres[None, :, None]).sum(1) / likely.sum(1))
        return hz, (logits[:, BINS] > 0).float()

    def speak(self, inner: torch.Tensor, pitch_hz: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
        """Audio [B, T * hop] at a pitch, [B, T] in Hz where `voiced`."""
        tone = torch.log(pitch_hz / 200.0) * voiced
        x = inner + self.tone(torch.stack([tone, voiced], 1))
        for block in self.after:
            x = block(x)
        gains = torch.exp(self.leave(x).clamp(-14, 6) - 3.0)
        harmonic, noisy = self._widen(gains[:, : self._bands]), self._widen(gains[:, self._bands :])
        f0, on = each_sample(pitch_hz, self._hop), each_sample(voiced, self._hop)
        source = pulses(f0, on, self.rate_hz, _EDGE * self.rate_hz)
        spectrum = self._stft(source) * harmonic + self._stft(0.3 * self._noise(source)) * noisy
        return torch.istft(spectrum, self._fft, self._hop, window=self.window, length=source.shape[1])

    def _noise(self, like: torch.Tensor) -> torch.Tensor:
        if self.training:
            return torch.randn_like(like)
        generator = torch.Generator().manual_seed(0)  # the same text always sounds the same
        return torch.randn(like.shape, generator=generator).to(like)

    def _widen(self, gains: torch.Tensor) -> torch.Tensor:
        """[B, bands, T] to [B, fft / 2 + 1, T + 1]."""
        wide = functional.interpolate(
            gains.transpose(1, 2), self._fft // 2 + 1, mode="linear", align_corners=True
        )
        return functional.pad(wide.transpose(1, 2), (0, 1), mode="replicate")

    def _stft(self, audio: torch.Tensor) -> torch.Tensor:
        return torch.stft(audio, self._fft, self._hop, window=self.window, return_complex=True)


def packed(model: SourceFilter) -> dict[str, Any]:
    """What the vocoder's file holds, for torch.save: in half precision."""
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    return {"shape": model.shape, "weights": weights}


def load(path: str | Path, device: str = "cpu") -> SourceFilter:
    """Read the vocoder's file, in inference mode. Raises RuntimeError for a file that is none."""
    try:
        saved: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        model = SourceFilter(**saved["shape"])
        model.load_state_dict({name: weight.float() for name, weight in saved["weights"].items()})
    except Exception as error:
        # torch raises what it likes for a file that it cannot read
        raise RuntimeError(f"{path}: is no vocoder of ours ({type(error).__name__}: {error})") from None
    return model.to(device).eval()
