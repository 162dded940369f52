"""Train the small streaming recogniser on aligned shards; stops after --minutes and can go on from
its checkpoint.

    python -m training.train_asr --minutes 120              # from nothing
    python -m training.train_asr --minutes 60 --resume      # goes on with another learning-rate cycle
    python -m training.train_asr --ship                     # writes the result to models/speech
    python -m training.train_asr --resume --average models/speech/asr-checkpoint.pt --minutes 13 --rate 2e-4

One thread: two OpenMP threads on shared cores are ten times slower. Progress, loss and speed are printed.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import sentencepiece
import torch

from training import asr_model, checkpoints, speech_data
from training.schedule import Cycle
from training.sentences import ROOT

TOKENIZER = ROOT / "training/tokenizer"
CHECKPOINT = ROOT / "var/checkpoints/asr.pt"
SHIPPED_CHECKPOINT = (
    ROOT / "models/speech/asr-checkpoint.pt"
)  # the weights alone, to go on from after a clone
BATCH_S = 40.0
PEAK_RATE = 9e-4
WARM_UP = 150  # steps
ALIGNED_STEPS = 500  # frame targets from the alignments rule until here, then fade over as many again


class Trainer:
    """Owns the model, its optimiser and the running loss that decides how hard the examples are."""

    def __init__(self, resume: bool, minutes: float, rate: float) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(0)
        asr_model.build_tokenizer(TOKENIZER)
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(TOKENIZER / "tokenizer.model"))
        self.blank = self.pieces.get_piece_size()
        names = [self.pieces.id_to_piece(i) for i in range(self.blank)]
        self.cfg = asr_model.config(TOKENIZER)
        self.model = asr_model.build(self.cfg)
        self.head = asr_model.FactoredHead(self.model, names, self.cfg.encoder.d_model)
        self.parameters = [*self.model.parameters(), self.head.weights]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=rate, betas=(0.9, 0.98), weight_decay=1e-3)
        self.ctc = torch.nn.CTCLoss(blank=self.blank, zero_infinity=True, reduction="none")
        self.step, self.audio_s, self.loss = 0, 0.0, 9.0
        self.cycle = Cycle(rate, WARM_UP, minutes)
        if resume:
            path = CHECKPOINT if CHECKPOINT.exists() else SHIPPED_CHECKPOINT
            self._load(torch.load(path, weights_only=False))
        self.model.train()

    def _load(self, saved: dict) -> None:
        self.model.load_state_dict(saved["model"])
        self.head.load_state_dict(saved["head"])
        if "optimiser" in saved:
            self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.audio_s, self.loss = saved["step"], saved["audio_s"], saved["loss"]

    def average(self, path: Path) -> None:
        """Weights become the mean of these and another checkpoint's, of the same beginnings (Wortsman et al.
        2022, "Model soups"): what a long cycle forgot comes back."""
        other = torch.load(path, weights_only=False)
        for module, saved in ((self.model, other["model"]), (self.head, other["head"])):
            mine = module.state_dict()
            module.load_state_dict(
                {k: (v + saved[k]) / 2 if v.is_floating_point() else v for k, v in mine.items()}
            )

    def save(self) -> None:
        checkpoints.save(self._state() | {"optimiser": self.optimiser.state_dict()}, CHECKPOINT)

    def _state(self) -> dict:
        """All but the optimiser."""
        return {
            "model": self.model.state_dict(),
            "head": self.head.state_dict(),
            "step": self.step,
            "audio_s": self.audio_s,
            "loss": self.loss,
        }

    def ship(self) -> None:
        """Copy what is worth keeping in git: the model, and the checkpoint without its optimiser."""
        self.export(ROOT / "models/speech/asr-zh-8k.nemo")
        checkpoints.save(self._state(), SHIPPED_CHECKPOINT)

    def train_step(self, batch: list[speech_data.Example]) -> tuple[float, float]:
        self.cycle.step(self.optimiser)
        lengths = torch.tensor([len(x.audio) for x in batch])
        audio = torch.zeros(len(batch), int(lengths.max()))
        for k, x in enumerate(batch):
            audio[k, : len(x.audio)] = torch.from_numpy(x.audio)
        targets = [self.pieces.encode(" ".join(x.syllables)) for x in batch]
        features, n_features = self.model.preprocessor(input_signal=audio, length=lengths)
        if self.loss < 1.2:
            features = self.model.spec_augmentation(input_spec=features, length=n_features)
        encoded, n = self.model.encoder(audio_signal=features, length=n_features)
        log_probs = self.head(encoded)
        ctc = self._ctc(log_probs, n, targets)
        aligned_share = min(1.0, max(0.0, 2 - self.step / ALIGNED_STEPS))
        loss = (1 - 0.7 * aligned_share) * ctc
        aligned = torch.zeros(())
        if aligned_share > 0:
            aligned = self._aligned(log_probs, n, targets, batch)
            loss = loss + 3 * aligned_share * aligned
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        self.audio_s += float(lengths.sum()) / 8000
        self.loss = 0.98 * self.loss + 0.02 * ctc.item()
        return ctc.item(), aligned.item()

    def _ctc(self, log_probs: torch.Tensor, n: torch.Tensor, targets: list[list[int]]) -> torch.Tensor:
        sizes = torch.tensor([len(t) for t in targets])
        flat = torch.cat([torch.tensor(t) for t in targets])
        losses = self.ctc(log_probs.transpose(0, 1), flat, n.cpu(), sizes)
        return (losses / sizes).mean()

    def _aligned(
        self,
        log_probs: torch.Tensor,
        n: torch.Tensor,
        targets: list[list[int]],
        batch: list[speech_data.Example],
    ) -> torch.Tensor:
        """Cross-entropy with the syllable being spoken at each 80 ms frame; borders do not count."""
        wanted = torch.full(log_probs.shape[:2], -100)
        for k, (x, target) in enumerate(zip(batch, targets, strict=False)):
            at = np.arange(int(n[k])) * 0.08 - 0.03
            inside = (at[:, None] >= x.spans[:, 0]) & (at[:, None] < x.spans[:, 1])
            said = np.where(inside.any(1), np.array(target)[inside.argmax(1)], self.blank)
            wanted[k, : len(said)] = torch.from_numpy(said)
        return torch.nn.functional.nll_loss(log_probs.transpose(1, 2), wanted, ignore_index=-100)

    def export(self, path: Path) -> None:
        """Write the ordinary NeMo archive with folded weights; the training model stays as it is."""
        kept = {k: v.clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(self.head.folded_state(self.model))
        self.model.eval()
        checkpoints.export(self.model, path)
        self.model.load_state_dict(kept)
        self.model.train()


def batches(examples: speech_data.Examples, loss: float, spliced_share: float, rng: random.Random):
    """Batches of similar length; short utterances first while the model still guesses."""
    items = sorted(examples.items, key=lambda x: x.samples * (1 + 0.1 * rng.random()))
    if loss > 4:
        items = items[: int(len(items) * 0.6)]
    groups, group = [], []
    for item in items:
        if group and item.samples * (len(group) + 1) > BATCH_S * 8000:
            groups.append(group)
            group = []
        group.append(item)
    groups.append(group)
    rng.shuffle(groups)
    for group in groups:
        hard = min(1.0, max(0.0, (2.3 - loss) / 1.2))
        if loss < 2.5 and rng.random() < spliced_share:
            made = [examples.spliced(hard) for _ in range(16)]
            while sum(len(x.audio) for x in made) < 0.8 * BATCH_S * 8000:
                made.append(examples.spliced(hard))
            yield made
        yield [examples.whole(item, hard) for item in group]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--average", type=Path, help="with this checkpoint first, after --resume or --ship")
    parser.add_argument("--rate", type=float, default=PEAK_RATE)
    parser.add_argument(
        "--spliced", type=float, default=0.7, help="spliced batches for each batch of whole utterances"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "var/checkpoints/asr-zh-8k.nemo")
    parser.add_argument(
        "--ship", action="store_true", help="write the checkpoint to models/speech, train nothing"
    )
    args = parser.parse_args()
    from nemo.utils import logging

    logging.setLevel(logging.ERROR)
    trainer = Trainer(args.resume or args.ship, args.minutes, args.rate)
    if args.average:
        trainer.average(args.average)
    if args.ship:
        trainer.ship()
        return
    examples = speech_data.Examples(speech_data.load(ROOT / "var/speech"))
    rng, seen, exported = random.Random(trainer.step), [], time.monotonic()
    cpu = time.process_time()
    while trainer.cycle.done < 1:
        items = speech_data.load(ROOT / "var/speech")
        examples.replace(items)
        print(f"{len(items)} utterances, {sum(x.samples for x in items) / 8000 / 3600:.2f} h", flush=True)
        for batch in batches(examples, trainer.loss, args.spliced, rng):
            seen.append(trainer.train_step(batch))
            if trainer.step % 50 == 0:
                ctc, aligned = np.mean(seen[-50:], 0)
                used = time.process_time() - cpu
                print(
                    f"step {trainer.step} done {trainer.cycle.done:.3f} cpu {used:.0f} s, "
                    f"heard {trainer.audio_s / 3600:.2f} h, "
                    f"ctc {ctc:.3f} per syllable, aligned {aligned:.3f}",
                    flush=True,
                )
            if time.monotonic() - exported > 400:
                trainer.save()
                trainer.export(args.out)
                exported = time.monotonic()
            if trainer.cycle.done >= 1:
                break
    trainer.save()
    trainer.export(args.out)


if __name__ == "__main__":
    main()
