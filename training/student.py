"""The student voice: the teacher's own text, pitch and voice layers, and a small source-filter synthesiser
of ours in place of the generator that costs nine tenths of its time.

    python -m training.student pairs --seconds 600 --seed 1     # 1.4 CPU-seconds a second; var/teacher/pairs
    python -m training.student fit --minutes 15                # training/student.pt
    python -m training.student compare --out var/student  # the same sentences by both, to listen to

The filters follow Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020: harmonics of
the teacher's pitch and noise, each through a filter that a network draws from the teacher's features every
12.5 ms. Any blend of voices works, and the throat can be made longer or shorter.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.schedule import learning_rate, set_learning_rate
from training.sentences import ROOT
from training.speakers import random_voice
from training.teacher import SAMPLE_RATE_HZ, Span, Teacher, Utterance, moved, trimmed
from training.telephone_line import to_telephone_rate
from yingda.speech.engines.source_filter import pulses

RATE_HZ = 8000
HOP = 100  # the teacher's features come every 12.5 ms
FFT = 512
BANDS = 129
CACHE = ROOT / "var/teacher"
FILTER = ROOT / "training/student.pt"  # kept in git: without it no text can be spoken
PAIRS = CACHE / "pairs"
_VOICED_HZ = 40.0
_EDGE_HZ = 3900.0
_FINE_HOP = 20
_SLACK = 20  # hops that trimmed audio may stand out beyond the teacher's own
_WINDOWS = (1024, 512, 256, 128)


class SourceFilter(nn.Module):
    """Features [B, 512, F] and pitch in Hz [B, F] to audio [B, F * HOP] at 8 kHz."""

    def __init__(self, width: int = 192, blocks: int = 4) -> None:
        super().__init__()
        self.enter = nn.Conv1d(512 + 2, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, width, 7, padding=3, groups=width),
                nn.GroupNorm(1, width),
                nn.Conv1d(width, 2 * width, 1),
                nn.GELU(),
                nn.Conv1d(2 * width, width, 1),
            )
            for _ in range(blocks)
        )
        self.leave = nn.Conv1d(width, 2 * BANDS, 1)
        nn.init.zeros_(self.leave.bias)
        self.register_buffer("window", torch.hann_window(FFT), persistent=False)

    def forward(
        self, features: torch.Tensor, pitch_hz: torch.Tensor, shift: float = 1.0, throat: float = 1.0
    ) -> torch.Tensor:
        """`shift` multiplies the pitch, `throat` the formant frequencies."""
        voiced = (pitch_hz > _VOICED_HZ).float()
        tone = torch.log(pitch_hz.clamp(min=_VOICED_HZ) / 200.0) * voiced
        x = self.enter(torch.cat([0.3 * features, tone[:, None], voiced[:, None]], 1))
        for block in self.blocks:
            x = x + block(x)
        gains = torch.exp(self.leave(x).clamp(-14, 6) - 3.0)
        harmonic, noisy = self._bend(gains[:, :BANDS], throat), self._bend(gains[:, BANDS:], throat)
        pulses = self._pulses(pitch_hz * shift, voiced)
        noise = torch.randn_like(pulses) * 0.3
        spectrum = self._stft(pulses) * harmonic + self._stft(noise) * noisy
        return torch.istft(spectrum, FFT, HOP, window=self.window, length=pulses.shape[1])

    def _bend(self, gains: torch.Tensor, throat: float) -> torch.Tensor:
        """[B, BANDS, F] to [B, FFT / 2 + 1, F + 1], read at the frequencies of another throat."""
        at = torch.linspace(0, BANDS - 1, FFT // 2 + 1) / throat
        low = at.floor().clamp(0, BANDS - 2).long()
        share = (at - low).clamp(0, 1)[None, :, None]
        wide = gains[:, low] * (1 - share) + gains[:, low + 1] * share
        return functional.pad(wide, (0, 1), mode="replicate")

    @staticmethod
    def _pulses(pitch_hz: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
        frames = pitch_hz.shape[1]
        held = pitch_hz.clamp(min=_VOICED_HZ)[:, None]
        f0 = functional.interpolate(held, frames * HOP, mode="linear", align_corners=False)[:, 0]
        on = functional.interpolate(voiced[:, None], frames * HOP, mode="linear", align_corners=False)[:, 0]
        return pulses(f0, on, RATE_HZ, _EDGE_HZ)

    def _stft(self, audio: torch.Tensor) -> torch.Tensor:
        return torch.stft(audio, FFT, HOP, window=self.window, return_complex=True)


class Student:
    """Speaks like `Teacher.speak`, at 8 kHz, about fifteen times cheaper."""

    def __init__(self, cache: Path) -> None:
        torch.set_num_threads(1)
        if not FILTER.exists():
            raise FileNotFoundError(f"{FILTER} is missing: python -m training.student fit")
        self._teacher = Teacher(cache, layers="features")
        self._filter = SourceFilter()
        self._filter.load_state_dict(torch.load(FILTER, weights_only=True))
        self._filter.eval()

    def speak(
        self, text: str, voice: dict[str, float], speed: float, shift: float = 1.0, throat: float = 1.0
    ) -> Utterance:
        """float32 at 8 kHz, silence trimmed to 30 ms. Raises ValueError for what cannot be spoken."""
        spans, pitch, features = self._teacher.features(text, voice, speed)
        with torch.inference_mode():
            audio = self._filter(features[None], pitch[None], shift, throat)[0].numpy()
        audio = audio * (0.9 / max(float(np.abs(audio).max()), 1e-3))
        return trimmed(audio, RATE_HZ, spans)

    def align(self, audio: np.ndarray, text: str, voice: dict[str, float], speed: float) -> list[Span]:
        """Syllable spans in the teacher's audio of the same sentence, whose silence somebody trimmed: seconds
        from its start, and it is placed where it sounds most like the student. `audio`: float32 at 8 kHz."""
        spans, pitch, features = self._teacher.features(text, voice, speed)
        with torch.inference_mode():
            said = self._filter(features[None], pitch[None])[0]
            wanted, found = _fine(said), _fine(torch.from_numpy(audio))
        reach, most, where = wanted.shape[1] - found.shape[1], -math.inf, 0
        for at in range(-_SLACK, max(reach, 0) + _SLACK + 1):
            a, b = wanted[:, max(0, at) :], found[:, max(0, -at) :]
            n = min(a.shape[1], b.shape[1])
            score = float((a[:, :n] * b[:, :n]).sum())
            if score > most:
                most, where = score, at
        return moved(spans, where * _FINE_HOP / RATE_HZ, len(audio) / RATE_HZ)


def _fine(audio: torch.Tensor) -> torch.Tensor:
    """Log band energies every 2.5 ms, each band about its mean: [16, frames]."""
    bins = torch.stft(audio, 256, _FINE_HOP, window=torch.hann_window(256), return_complex=True).abs()
    bands = torch.log(bins[:128].reshape(16, 8, -1).mean(1) + 3e-3)
    return bands - bands.mean(1, keepdim=True)


def _log_spectra(audio: torch.Tensor) -> Iterator[torch.Tensor]:
    for size in _WINDOWS:
        window = torch.hann_window(size)
        yield torch.stft(audio, size, size // 4, window=window, return_complex=True).abs()


def distance(said: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Multi-resolution spectral distance: L1 of magnitudes and of their logarithms."""
    total = torch.zeros(())
    for a, b in zip(_log_spectra(said), _log_spectra(wanted), strict=True):
        total = total + (a - b).abs().mean() / b.mean().clamp(min=1e-3)
        total = total + (torch.log(a + 1e-2) - torch.log(b + 1e-2)).abs().mean()
    return total / len(_WINDOWS)


def pairs(args: argparse.Namespace) -> None:
    """Teacher's features beside the teacher's audio, a file every half minute; goes on after a kill."""
    from training.sentences import sentence

    PAIRS.mkdir(parents=True, exist_ok=True)
    kept = len(list(PAIRS.glob(f"{args.seed}-*.npz")))  # of a run that was cut short
    teacher, rng, made = Teacher(CACHE), random.Random(args.seed * 1000 + kept), 30.0 * kept
    rows: list[tuple[np.ndarray, ...]] = []
    for n in itertools.count(1):
        kind = rng.choice(("customer", "open", "bot"))
        voice, speed = random_voice(rng, kind)
        features, pitch, audio = teacher.pair(sentence(kind, rng), voice, speed)
        level = to_telephone_rate(audio, SAMPLE_RATE_HZ)
        rows.append((features.astype(np.float16), pitch, level[: len(pitch) * HOP].astype(np.float16)))
        made += len(level) / RATE_HZ
        if made > kept * 30 + 30:
            _write_pairs(PAIRS / f"{args.seed}-{kept}.npz", rows)
            rows, kept = [], kept + 1
            print(f"{n} utterances, {made:.0f} s", flush=True)
        if made > args.seconds:
            return


def _write_pairs(path: Path, rows: list[tuple[np.ndarray, ...]]) -> None:
    part = path.with_suffix(".part.npz")
    features, pitch, audio = zip(*rows, strict=True)
    np.savez(part, f=np.concatenate(features, 1), p=np.concatenate(pitch), a=np.concatenate(audio))
    part.rename(path)


class Pairs:
    """Random windows of the pairs on disk."""

    def __init__(self) -> None:
        self._rows = []
        for path in sorted(PAIRS.glob("*[0-9].npz")):
            with np.load(path) as z:
                self._rows.append((z["f"], z["p"], z["a"]))
        if not self._rows:
            raise FileNotFoundError(f"{PAIRS} is empty: python -m training.student pairs")
        self.seconds = sum(len(a) for _, _, a in self._rows) / RATE_HZ

    def batch(self, rng: random.Random, size: int, frames: int) -> tuple[torch.Tensor, ...]:
        out: tuple[list[np.ndarray], ...] = ([], [], [])
        for features, pitch, audio in rng.choices(self._rows, [len(p) for _, p, _ in self._rows], k=size):
            at = rng.randrange(len(pitch) - frames)
            out[0].append(features[:, at : at + frames])
            out[1].append(pitch[at : at + frames])
            out[2].append(audio[at * HOP : (at + frames) * HOP])
        return tuple(torch.from_numpy(np.stack(x).astype(np.float32)) for x in out)


def fit(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data, rng = Pairs(), random.Random(2)
    print(f"{data.seconds:.0f} s of pairs", flush=True)
    model = SourceFilter()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98))
    started, step, seen = time.monotonic(), 0, []
    while (done := (time.monotonic() - started) / 60 / args.minutes) < 1:
        set_learning_rate(optimiser, learning_rate(2e-3, step, 100, done))
        features, pitch, audio = data.batch(rng, 8, 80)
        loss = distance(model(features, pitch), audio)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        seen.append(loss.item())
        if step % 100 == 0:
            print(f"step {step} done {done:.2f} distance {np.mean(seen[-100:]):.3f}", flush=True)
    torch.save(model.state_dict(), FILTER)


def compare(args: argparse.Namespace) -> None:
    import soundfile

    from training.sentences import sentence

    args.out.mkdir(parents=True, exist_ok=True)
    student, teacher, rng = Student(CACHE), Teacher(CACHE), random.Random(9)
    for k in range(8):
        text, (voice, speed) = sentence("customer", rng), random_voice(rng, "customer")
        soundfile.write(args.out / f"{k}-student.wav", student.speak(text, voice, speed).audio, RATE_HZ)
        real = to_telephone_rate(teacher.speak(text, voice, speed).audio, SAMPLE_RATE_HZ)
        soundfile.write(args.out / f"{k}-teacher.wav", real, RATE_HZ)
        print(k, text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    pairing = commands.add_parser("pairs")
    pairing.add_argument("--seconds", type=float, default=600)
    pairing.add_argument("--seed", type=int, default=1)
    pairing.set_defaults(run=pairs)
    fitting = commands.add_parser("fit")
    fitting.add_argument("--minutes", type=float, default=15)
    fitting.set_defaults(run=fit)
    comparing = commands.add_parser("compare")
    comparing.add_argument("--out", type=Path, default=ROOT / "var/student")
    comparing.set_defaults(run=compare)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
