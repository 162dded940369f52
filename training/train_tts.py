"""Train the bot's voices from the teacher's speech and the teacher's own durations and pitch.

    python -m training.train_tts --minutes 110            # from nothing
    python -m training.train_tts --minutes 60 --resume    # from its checkpoint, or what is shipped

Data: the utterances of kind `bot` in var/speech, in the voices of tts_model.SPEAKERS. One thread.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from training import checkpoints, tts_examples, tts_model
from training.asr_model import syllable_inventory
from training.schedule import Cycle
from training.sentences import ROOT
from training.tts_examples import Example, Maker
from yingda.speech.text import readings

CHECKPOINT = ROOT / "var/checkpoints/tts.pt"
SHIPPED = ROOT / "models/speech/tts-zh-8k.nemo"
PINYIN_DICT = ROOT / "training/pinyin_dict.txt"
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
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=1e-6
        )
        self.step, self.cycle = 0, Cycle(rate, 400, minutes)
        if resume:
            self._go_on()

    def _go_on(self) -> None:
        """From this machine's checkpoint, else from the shipped model: that lacks the optimiser alone."""
        from nemo.collections.tts.models import FastPitchModel

        if not CHECKPOINT.exists():
            shipped = FastPitchModel.restore_from(str(SHIPPED), map_location="cpu")
            found = self.model.load_state_dict(shipped.state_dict(), strict=False)
            if found.missing_keys:  # a voice of one speaker: the others begin as that one
                torch.nn.init.zeros_(self.model.fastpitch.speaker_emb.weight)
            return
        saved = torch.load(CHECKPOINT, weights_only=False)
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step = saved["step"]

    def train_step(self, batch: list[Example]) -> tuple[float, float, float]:
        self.cycle.step(self.optimiser)
        text = _pad([torch.tensor(x.tokens) for x in batch], self.model.fastpitch.encoder.padding_idx)
        durations = _pad([torch.tensor(x.durations) for x in batch], 0)
        pitch = _pad([torch.tensor(x.pitch) for x in batch], 0.0)
        mel = torch.nn.utils.rnn.pad_sequence([x.mel.T for x in batch], batch_first=True).transpose(1, 2)
        mel = mel.clamp(min=INAUDIBLE)
        frames = torch.tensor([x.mel.shape[1] for x in batch])
        said, _, _, log_durations, pitch_said, *_ = self.model(
            text=text,
            durs=durations,
            pitch=pitch,
            speaker=torch.tensor([x.speaker for x in batch]),
            pace=1.0,
        )
        real = (torch.arange(mel.shape[2]) < frames[:, None])[:, None, :].float()
        token_real = (text != self.model.fastpitch.encoder.padding_idx).float()
        error, weight = said - mel, real * (1 + (mel - INAUDIBLE) / 4)
        mel_loss = (weight * (error.abs() + 0.5 * error**2)).sum() / weight.sum()
        duration_loss = (
            ((log_durations - torch.log(durations.float() + 1)) ** 2) * token_real
        ).sum() / token_real.sum()
        pitch_loss = (((pitch_said - pitch) ** 2) * token_real).sum() / token_real.sum()
        loss = mel_loss + 0.1 * duration_loss + 0.1 * pitch_loss
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return mel_loss.item(), duration_loss.item(), pitch_loss.item()

    def save(self, out: Path) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        checkpoints.save(state | {"step": self.step}, CHECKPOINT)
        self.model.eval()
        checkpoints.export(self.model, out)
        self.model.train()


def _pad(rows: list[torch.Tensor], value: float) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)


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
    rng, seen, saved, cpu = random.Random(trainer.step), [], time.monotonic(), time.process_time()
    while trainer.cycle.done < 1:
        for group in tts_examples.batches(examples, args.batch_s, rng):
            seen.append(trainer.train_step(group))
            if trainer.step % 50 == 0:
                mel, duration, pitch = np.mean(seen[-50:], 0)
                print(
                    f"step {trainer.step} done {trainer.cycle.done:.3f} "
                    f"cpu {time.process_time() - cpu:.0f} s, "
                    f"mel {mel:.3f} duration {duration:.3f} pitch {pitch:.3f}",
                    flush=True,
                )
            if time.monotonic() - saved > 420:
                trainer.save(args.out)
                saved = time.monotonic()
            if trainer.cycle.done >= 1:
                break
    trainer.save(args.out)


if __name__ == "__main__":
    main()
