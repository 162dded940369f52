"""Train the bot's voices from the teacher's speech and the teacher's own durations and pitch.

    python -m training.train_tts --minutes 110            # from nothing
    python -m training.train_tts --minutes 60 --resume    # from its checkpoint, or what is shipped

Data: the utterances of kind `bot` in var/speech, in the voices of tts_model.SPEAKERS. One thread.

First distances to the teacher's mels alone, from all speech there is. After ALONE_STEPS a judge joins in
(mel_judge.py), and of a voice that the teacher has spoken the student's speech is left out from there on.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.nn import functional

from training import checkpoints, loop, mel_judge, tts_examples, tts_model
from training.asr_model import syllable_inventory
from training.schedule import Cycle
from training.sentences import ROOT
from training.tts_examples import Example, Maker
from yingda.speech.text import readings

CHECKPOINT = ROOT / "var/checkpoints/tts.pt"
SHIPPED = ROOT / "models/speech/tts-zh-8k.nemo"
PINYIN_DICT = ROOT / "training/pinyin_dict.txt"
ALONE_STEPS = 9_000
JUDGE_RATE = 1e-4
_NOISE = 0.3  # on what is judged, in log mels: two hours of speech are soon known by heart
_KEPT = 0.998  # of the mean over steps that is shipped: what is judged never comes to rest
_WINDOW, _EACH = 64, 160  # frames that are judged together, and one such window for so many of an utterance
_LIKE, _FOOL, _DISTANCE = 0.5, 0.1, 1.0  # weights of features, of fooling, and of the distance beside them
INAUDIBLE = -8.0  # log mel, 60 dB below loud speech: quieter is the codec's noise, and louder matters more


class Trainer:
    def __init__(self, resume: bool, minutes: float, rate: float) -> None:
        from nemo.collections.tts.models import FastPitchModel

        torch.set_num_threads(1)
        torch.manual_seed(0)
        if not PINYIN_DICT.exists():
            tts_model.write_pinyin_dict(PINYIN_DICT, syllable_inventory())
        self.model = FastPitchModel(cfg=tts_model.config(PINYIN_DICT))
        readings.install()  # the model's tokenizer changed them
        self.model.preprocessor.featurizer.dither = 0.0
        self._blank = self.model.fastpitch.encoder.padding_idx
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=1e-6
        )
        self.judge = mel_judge.MelJudge(self._blank + 1, len(tts_model.SPEAKERS))
        self.judge_optimiser = torch.optim.AdamW(self.judge.parameters(), lr=JUDGE_RATE, betas=(0.8, 0.99))
        self._places = torch.Generator().manual_seed(0)
        self._mean: dict[str, torch.Tensor] = {}
        self.step, self.judged_steps, self.cycle = 0, 0, Cycle(rate, 400, minutes)
        if resume:
            self._go_on()

    @property
    def is_judged(self) -> bool:
        return self.step >= ALONE_STEPS

    def _go_on(self) -> None:
        """From this machine's checkpoint, else from the shipped model, which lacks optimisers and judge."""
        from nemo.collections.tts.models import FastPitchModel

        if not CHECKPOINT.exists():
            shipped = FastPitchModel.restore_from(str(SHIPPED), map_location="cpu")
            found = self.model.load_state_dict(shipped.state_dict(), strict=False)
            if found.missing_keys:  # a voice of one speaker: the others begin as that one
                torch.nn.init.zeros_(self.model.fastpitch.speaker_emb.weight)
            self.step = ALONE_STEPS
            return
        saved = torch.load(CHECKPOINT, weights_only=False)
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step = saved["step"]
        if "judge" in saved:
            self.judge.load_state_dict(saved["judge"])
            self.judge_optimiser.load_state_dict(saved["judge_optimiser"])
            self.judged_steps = saved["judged_steps"]

    def train_step(self, batch: list[Example]) -> list[float]:
        """Losses: mel, duration, pitch; the judge's, what fooling it and being unlike cost; sharpness."""
        self.cycle.step(self.optimiser)
        text = _pad([torch.tensor(x.tokens) for x in batch], self._blank)
        durations = _pad([torch.tensor(x.durations) for x in batch], 0)
        pitch = _pad([torch.tensor(x.pitch) for x in batch], 0.0)
        mel = torch.nn.utils.rnn.pad_sequence([x.mel.T for x in batch], batch_first=True).transpose(1, 2)
        mel = mel.clamp(min=INAUDIBLE)
        speakers = torch.tensor([x.speaker for x in batch])
        said, _, _, log_durations, pitch_said, *_ = self.model(
            text=text, durs=durations, pitch=pitch, speaker=speakers, pace=1.0
        )
        frames = torch.tensor([x.mel.shape[1] for x in batch])
        real = (torch.arange(mel.shape[2]) < frames[:, None])[:, None, :].float()
        token_real = (text != self._blank).float()
        error, weight = said - mel, real * (1 + (mel - INAUDIBLE) / 4)
        mel_loss = (weight * (error.abs() + 0.5 * error**2)).sum() / weight.sum()
        duration_loss = (
            ((log_durations - torch.log(durations.float() + 1)) ** 2) * token_real
        ).sum() / token_real.sum()
        pitch_loss = (((pitch_said - pitch) ** 2) * token_real).sum() / token_real.sum()
        loss, seen = mel_loss, [0.0, 0.0, 0.0, 0.0]
        if self.is_judged:
            more, seen = self._judged(batch, said, mel, speakers)
            loss = _DISTANCE * mel_loss + more
        self._learn(self.model, self.optimiser, loss + 0.1 * duration_loss + 0.1 * pitch_loss)
        self.step += 1
        self._average()
        return [mel_loss.item(), duration_loss.item(), pitch_loss.item(), *seen]

    def _judged(
        self, batch: list[Example], said: torch.Tensor, mel: torch.Tensor, speakers: torch.Tensor
    ) -> tuple[torch.Tensor, list[float]]:
        """What the judge makes of stretches of the batch; it learns from them first."""
        rows, starts = mel_judge.windows([x.mel.shape[1] for x in batch], _WINDOW, _EACH, self._places)
        if not len(rows):
            return torch.zeros(()), [0.0, 0.0, 0.0, 1.0]
        in_frames = _pad(
            [torch.tensor(x.tokens).repeat_interleave(torch.tensor(x.durations)) for x in batch], 0
        )
        tokens = mel_judge.cut(in_frames, rows, starts, _WINDOW)
        told = tokens, speakers[rows]
        heard = mel_judge.cut(mel, rows, starts, _WINDOW)
        made = mel_judge.cut(said, rows, starts, _WINDOW)
        noise = _NOISE * torch.randn_like(heard)
        of_heard, features = self.judge(heard + noise, *told)
        of_made, _ = self.judge(made.detach() + _NOISE * torch.randn_like(heard), *told)
        judged = ((of_heard - 1) ** 2).mean() + (of_made**2).mean()
        self._learn(self.judge, self.judge_optimiser, judged)
        self.judged_steps += 1
        of_made, made_features = self.judge(made + noise, *told)
        fooled = ((of_made - 1) ** 2).mean()
        like = sum(
            functional.l1_loss(b, a.detach()) / a.detach().abs().mean()
            for a, b in zip(features, made_features, strict=True)
        ) / len(features)
        with torch.no_grad():
            sharp = (made.diff(dim=1).diff(dim=1).std() / heard.diff(dim=1).diff(dim=1).std()).item()
        knows = min(1.0, self.judged_steps / 300)  # a judge that has seen little says little
        return knows * (_FOOL * fooled + _LIKE * like), [judged.item(), fooled.item(), like.item(), sharp]

    def _average(self) -> None:
        if not self.is_judged:
            return
        for name, value in self.model.state_dict().items():
            if name not in self._mean or not value.is_floating_point():
                self._mean[name] = value.clone()
            else:
                self._mean[name].lerp_(value, 1 - _KEPT)

    def _learn(self, part: torch.nn.Module, optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(part.parameters(), 1.0)
        optimiser.step()

    def save(self, out: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        if self.judged_steps:
            state |= {
                "judge": self.judge.state_dict(),
                "judge_optimiser": self.judge_optimiser.state_dict(),
                "judged_steps": self.judged_steps,
            }
        checkpoints.save(state, CHECKPOINT)
        now = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(self._mean or now)
        self.model.eval()
        checkpoints.export(self.model, out)
        self.model.load_state_dict(now)
        self.model.train()


def _pad(rows: list[torch.Tensor], value: float) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)


def _drawn(trainer: Trainer, examples: list[Example], seconds: float) -> Iterator[tuple[list[Example]]]:
    """Batches without end."""
    rng = random.Random(trainer.step)
    by_teacher = {x.speaker for x in examples if x.is_teacher}
    best = [x for x in examples if x.is_teacher or x.speaker not in by_teacher]
    while True:
        for group in tts_examples.batches(best if trainer.is_judged else examples, seconds, rng):
            yield (group,)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=110)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch-s", type=float, default=32.0, help="audio seconds a step")
    parser.add_argument("--out", type=Path, default=ROOT / "var/checkpoints/tts-zh-8k.nemo")
    args = parser.parse_args()
    from nemo.utils import logging

    logging.setLevel(logging.ERROR)
    trainer = Trainer(args.resume, args.minutes, args.rate)
    examples = Maker(trainer.model).load()
    hours = sum(x.mel.shape[1] for x in examples) * tts_model.HOP / tts_model.RATE_HZ / 3600
    print(
        f"{len(examples)} utterances, {hours:.2f} h, "
        f"{sum(p.numel() for p in trainer.model.parameters()) / 1e6:.2f} M parameters",
        flush=True,
    )
    trainer.model.train()
    drawn = _drawn(trainer, examples, args.batch_s)
    names = ("mel", "duration", "pitch", "judged", "fooled", "unlike", "sharp")
    loop.run(trainer, lambda: next(drawn), names, args.out, every=50)


if __name__ == "__main__":
    main()
