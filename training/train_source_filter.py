"""Train the voice's vocoder, a source and filters (yingda/speech/engines/source_filter.py), on the speech in
var/speech and on what FastPitch makes of the bot's text.

    python -m training.train_source_filter --minutes 25             # from nothing
    python -m training.train_source_filter --minutes 10 --resume    # from its checkpoint, or what is shipped

The pitch is told while it learns, by autocorrelation; it learns to read it from the mels beside. One thread.
"""

from __future__ import annotations

import argparse
import math
import os
import random
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.nn import functional

from training import checkpoints, loop, tts_model
from training.schedule import Cycle
from training.sentences import ROOT
from training.student import distance
from training.train_tts import INAUDIBLE
from training.train_vocoder import EDGE, Spoken, Windows
from yingda.speech.engines import source_filter
from yingda.speech.engines.source_filter import BINS, HIGHEST_HZ, LOWEST_HZ, SourceFilter

CHECKPOINT = ROOT / "var/checkpoints/source-filter.pt"
ACOUSTIC = ROOT / "models/speech/tts-zh-8k.nemo"
SHIPPED = ROOT / "models/speech/vocoder-zh-8k.pt"
OUT = ROOT / "var/checkpoints/vocoder-zh-8k.pt"
FRAMES = 64  # of 12.5 ms, in a window
SPOKEN_SHARE = 0.7  # of the windows are FastPitch's, which are smoother than speech is
_WINDOW, _FFT, _LAGS = 400, 1024, 130  # of the autocorrelation, in samples
_SHORTEST, _LONGEST = 17, 122  # periods, in samples
_NEARLY = 0.88  # of the highest peak: a multiple of the period is as periodic, so the first such peak counts
_PERIODIC, _AUDIBLE, _LOUD = 0.55, 0.004, 0.03


def pitch_of(audio: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Pitch in Hz and voiced 0 or 1 at the frames' middles, [B, frames] both, by normalised autocorrelation.
    `audio`: [B, samples]."""
    half = _WINDOW // 2
    rows = functional.pad(audio, (half, half)).unfold(1, _WINDOW, tts_model.HOP)
    rows = rows[:, : audio.shape[1] // tts_model.HOP]
    rows = rows - rows.mean(-1, keepdim=True)
    level = (rows**2).mean(-1).sqrt()
    lags = torch.fft.irfft(torch.fft.rfft(rows, _FFT).abs() ** 2)[..., :_LAGS]
    lags = lags / (lags[..., :1] + 1e-9) / (1 - torch.arange(_LAGS) / _WINDOW)
    seen = lags[..., _SHORTEST:_LONGEST]
    peaks = torch.zeros_like(seen, dtype=torch.bool)
    peaks[..., 1:-1] = (seen[..., 1:-1] >= seen[..., :-2]) & (seen[..., 1:-1] >= seen[..., 2:])
    good = peaks & (seen > _NEARLY * seen.amax(-1, keepdim=True))
    place = _SHORTEST + torch.where(good.any(-1), good.float().argmax(-1), seen.argmax(-1))
    before, here, after = (lags.gather(-1, (place + d)[..., None])[..., 0] for d in (-1, 0, 1))
    bend = before - 2 * here + after
    is_flat = bend.abs() < 1e-6
    off = 0.5 * (before - after) / bend.masked_fill(is_flat, 1.0)
    off = off.masked_fill(is_flat, 0.0).clamp(-0.5, 0.5)
    voiced = (here > _PERIODIC) & (level > _AUDIBLE) & (level > _LOUD * level.amax(1, keepdim=True))
    hz = (tts_model.RATE_HZ / (place + off)).clamp(LOWEST_HZ * 1.01, HIGHEST_HZ * 0.99)
    return hz, voiced.float()


class Trainer:
    def __init__(self, resume: bool, minutes: float, rate: float) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.model = SourceFilter(floor=INAUDIBLE)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=rate, betas=(0.9, 0.98))
        self.step, self.cycle = 0, Cycle(rate, 100, minutes)
        if resume:
            self._go_on()

    def _go_on(self) -> None:
        if not CHECKPOINT.exists():
            self.model.load_state_dict(source_filter.load(SHIPPED).state_dict())
            return
        saved = torch.load(CHECKPOINT, weights_only=False)
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step = saved["step"]

    def train_step(self, heard: torch.Tensor, mel: torch.Tensor) -> list[float]:
        """`heard`: [B, samples] with edges; `mel`: of the same frames."""
        self.cycle.step(self.optimiser)
        with torch.no_grad():
            hz, voiced = pitch_of(heard)
        inner = self.model.listen(mel)
        logits = self.model.pitch(inner)
        said = self.model.speak(inner, hz, voiced)
        edge = EDGE * tts_model.HOP // 2  # its spectra would see the cut
        far = distance(said[:, edge:-edge], heard[:, edge:-edge])
        pitch = (_cross_entropy(logits[:, :BINS], hz) * voiced).sum() / voiced.sum().clamp(min=1)
        voicing = functional.binary_cross_entropy_with_logits(logits[:, BINS], voiced)
        self.optimiser.zero_grad()
        (far + 0.1 * pitch + 0.2 * voicing).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return [far.item(), *self._wrong(logits.detach(), hz, voiced)]

    def _wrong(self, logits: torch.Tensor, hz: torch.Tensor, voiced: torch.Tensor) -> tuple[float, float]:
        """Shares of voiced frames more than a semitone off, and of all frames taken for the other kind."""
        read, is_voiced = self.model.pitch_of(logits)
        both = voiced * is_voiced
        off = ((torch.log2(read / hz).abs() > 1 / 12).float() * both).sum() / both.sum().clamp(min=1)
        return off.item(), (is_voiced != voiced).float().mean().item()

    def save(self, out: Path) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        checkpoints.save(state | {"step": self.step}, CHECKPOINT)
        checkpoints.save(source_filter.packed(self.model), out)


def _cross_entropy(logits: torch.Tensor, hz: torch.Tensor) -> torch.Tensor:
    """With a bell over the bins around the pitch, [B, frames]."""
    low, high = math.log(LOWEST_HZ), math.log(HIGHEST_HZ)
    at = (torch.log(hz) - low) / (high - low) * (BINS - 1)
    bell = torch.exp(-0.5 * (torch.arange(BINS)[None, :, None] - at[:, None]) ** 2)
    return -(bell / bell.sum(1, keepdim=True) * functional.log_softmax(logits, 1)).sum(1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--acoustic", type=Path, default=ACOUSTIC, help="whose mels to learn from")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    from nemo.utils import logging

    logging.setLevel(logging.ERROR)
    trainer = Trainer(args.resume, args.minutes, args.rate)
    real, spoken = Windows(FRAMES, trainer.step), Spoken(args.acoustic, FRAMES, trainer.step)
    print(f"{real.hours:.2f} h of speech, {spoken.hours:.2f} h of the acoustic model's", flush=True)
    rng = random.Random(trainer.step)

    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        heard, mel = (spoken if rng.random() < SPOKEN_SHARE else real).draw(args.batch)
        return heard, spoken.mel(heard) if mel is None else mel

    loop.run(trainer, draw, ("distance", "wrong pitch", "wrong voicing"), args.out)


if __name__ == "__main__":
    main()
