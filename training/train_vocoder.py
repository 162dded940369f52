"""Train the vocoder on the speech in var/speech: mel spectrograms in, the audio that they were made from out.

    python -m training.train_vocoder --minutes 90             # from nothing
    python -m training.train_vocoder --minutes 60 --resume    # from its checkpoint, or what is shipped
    python -m training.train_vocoder --minutes 20 --resume --acoustic models/speech/tts-zh-8k.nemo

The last one learns from what an acoustic model makes of the text, which is smoother than speech is.

First the generator alone learns spectra, then its discriminators join in (Kong, Kim, Bae, "HiFi-GAN", 2020;
the spectral distance at several resolutions after Yamamoto et al., "Parallel WaveGAN", 2020). One thread.
"""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch.nn import functional

from training import checkpoints, loop, speech_data, tts_model, vocoder_model
from training.schedule import Cycle
from training.sentences import ROOT
from training.student import distance
from training.train_tts import INAUDIBLE, PINYIN_DICT
from training.tts_examples import Maker
from yingda.speech.text import readings

CHECKPOINT = ROOT / "var/checkpoints/vocoder.pt"
SHIPPED = ROOT / "models/speech/vocoder-zh-8k.nemo"  # its last state, to go on from
OUT = ROOT / "var/checkpoints/vocoder-zh-8k.nemo"
ALONE_STEPS = 40_000  # the generator learns spectra, which make it clear, before anybody judges it
EDGE = 8  # frames on each side whose spectra would see the cut
SILENCE = 12  # frames around every utterance, more than EDGE: its first sound must be learnt too
_SHARES = {"bot": 0.6}  # of the windows; the rest is everybody else


class Windows:
    """Random stretches of the teacher's speech."""

    def __init__(self, frames: int, seed: int) -> None:
        self._frames, self._rng = frames, random.Random(seed)
        least = (self._frames + 2 * EDGE - 2 * SILENCE) * tts_model.HOP
        items = [x for x in speech_data.load(ROOT / "var/speech") if x.samples > least and x.is_teacher]
        self._pools = [[x for x in items if x.kind == "bot"], [x for x in items if x.kind != "bot"]]
        self.hours = sum(x.samples for x in items) / tts_model.RATE_HZ / 3600

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """[count, samples] with `EDGE` frames on each side; their own mels are meant."""
        rows = []
        for _ in range(count):
            pool = self._pools[self._rng.random() > _SHARES["bot"]] or self._pools[0] or self._pools[1]
            audio = np.pad(self._rng.choice(pool).audio(), SILENCE * tts_model.HOP)
            at = self._rng.randrange(len(audio) - (self._frames + 2 * EDGE) * tts_model.HOP)
            rows.append(audio[at : at + (self._frames + 2 * EDGE) * tts_model.HOP])
        return torch.from_numpy(np.stack(rows)) * (10 ** (self._rng.uniform(-6, 0) / 20)), None


class Spoken:
    """Random stretches of the bot's utterances, and the mels that an acoustic model makes of them when it is
    told when each sound is said and how high."""

    def __init__(self, acoustic: Path, frames: int, seed: int, most: int = 1500) -> None:
        from nemo.collections.tts.models import FastPitchModel

        self._frames, self._rng = frames + 2 * EDGE, random.Random(seed)
        model = FastPitchModel.restore_from(str(acoustic), map_location="cpu").eval()
        readings.install()  # the model's tokenizer changed them
        model.preprocessor.featurizer.dither = 0.0
        self._preprocessor = model.preprocessor
        examples = Maker(model).load()
        self._rows = []
        for x in self._rng.sample(examples, min(most, len(examples))):
            with torch.inference_mode():
                said = model(
                    text=torch.tensor([x.tokens]),
                    durs=torch.tensor([x.durations]),
                    pitch=torch.tensor([x.pitch]),
                    speaker=torch.tensor([x.speaker]),
                    pace=1.0,
                )[0][0]
            audio = functional.pad(x.audio, (SILENCE * tts_model.HOP,) * 2)
            said = functional.pad(said, (SILENCE, SILENCE), value=INAUDIBLE)
            if said.shape[1] > self._frames:
                self._rows.append((said.half(), audio))
            if len(self._rows) % 200 == 0:
                print(f"{len(self._rows)} utterances spoken", flush=True)
        self.hours = sum(len(audio) for _, audio in self._rows) / tts_model.RATE_HZ / 3600

    def mel(self, audio: torch.Tensor) -> torch.Tensor:
        """What the acoustic model's front end makes of audio [B, samples]: [B, 80, frames]."""
        with torch.no_grad():
            mel, _ = self._preprocessor(input_signal=audio, length=torch.full((len(audio),), audio.shape[1]))
        return mel[:, :, : audio.shape[1] // tts_model.HOP].clamp(min=INAUDIBLE)

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """[count, samples] with `EDGE` frames on each side, and mels [count, 80, frames] of all of them."""
        audio, mels = [], []
        for said, pcm in self._rng.choices(self._rows, k=count):
            at = self._rng.randrange(said.shape[1] - self._frames)
            piece = pcm[at * tts_model.HOP : (at + self._frames) * tts_model.HOP].float() / 32768
            audio.append(functional.pad(piece, (0, self._frames * tts_model.HOP - len(piece))))
            mels.append(said[:, at : at + self._frames].float())
        return torch.stack(audio), torch.stack(mels).clamp(min=INAUDIBLE)


class Trainer:
    def __init__(self, resume: bool, minutes: float, rate: float) -> None:
        from nemo.collections.tts.models import HifiGanModel

        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.model = HifiGanModel(cfg=vocoder_model.config(PINYIN_DICT))
        self.judges = self.model.mpd
        self.optimisers = [
            torch.optim.AdamW(part.parameters(), lr=rate, betas=(0.8, 0.99))
            for part in (self.model.generator, self.judges)
        ]
        self.step, self.cycle = 0, Cycle(rate, 200, minutes)
        if resume:
            self._go_on()

    def _go_on(self) -> None:
        from nemo.collections.tts.models import HifiGanModel

        if not CHECKPOINT.exists():
            shipped = HifiGanModel.restore_from(str(SHIPPED), map_location="cpu")
            self.model.load_state_dict(shipped.state_dict())
            return
        saved = torch.load(CHECKPOINT, weights_only=False)
        self.model.load_state_dict(saved["model"])
        for optimiser, state in zip(self.optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.step = saved["step"]

    def mel(self, audio: torch.Tensor) -> torch.Tensor:
        """[B, samples] to log mels [B, 80, frames], differentiable; quiet as the acoustic model learns it."""
        lengths = torch.full((len(audio),), audio.shape[1])
        return self.model.trg_melspec_fn(audio, lengths)[0].clamp(min=INAUDIBLE)

    def train_step(self, heard: torch.Tensor, mel: torch.Tensor | None = None) -> list[float]:
        """`heard`: [B, samples] with edges; `mel`: what to make it from, of the same frames, else its own."""
        self.cycle.step(*self.optimisers)
        hop, frames = tts_model.HOP, heard.shape[1] // tts_model.HOP
        if mel is None:
            with torch.no_grad():
                mel = self.mel(heard)[:, :, :frames]
        said = self.model.generator(x=mel)[:, :, EDGE * hop // 2 : -EDGE * hop // 2]
        wanted = heard[:, None, EDGE * hop // 2 : -EDGE * hop // 2]
        with torch.no_grad():
            target = self.mel(wanted[:, 0])
        mel_loss = functional.l1_loss(self.mel(said[:, 0]), target)
        loss = 15 * mel_loss + 2.5 * distance(said[:, 0], wanted[:, 0])
        seen = [mel_loss.item(), 0.0, 0.0]
        if self.step >= ALONE_STEPS:
            real, fake, _, _ = self.judges(y=wanted, y_hat=said.detach())
            judged, _, _ = self.model.discriminator_loss(disc_real_outputs=real, disc_generated_outputs=fake)
            self._learn(1, judged)
            _, fake, of_real, of_fake = self.judges(y=wanted, y_hat=said)
            like = self.model.feature_loss(fmap_r=of_real, fmap_g=of_fake)
            fooled, _ = self.model.generator_loss(disc_outputs=fake)
            loss = loss + like + fooled
            seen[1:] = [judged.item(), fooled.item()]
        self._learn(0, loss)
        self.step += 1
        return seen

    def _learn(self, which: int, loss: torch.Tensor) -> None:
        optimiser = self.optimisers[which]
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], 10.0)
        optimiser.step()

    def save(self, out: Path) -> None:
        states = [o.state_dict() for o in self.optimisers]
        state = {"model": self.model.state_dict(), "optimisers": states, "step": self.step}
        checkpoints.save(state, CHECKPOINT)
        checkpoints.export(self.model, out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--batch", type=int, default=14)
    parser.add_argument("--frames", type=int, default=32, help="of 12.5 ms, in a window")
    parser.add_argument("--acoustic", type=Path, help="learn from this acoustic model's mels")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    from nemo.utils import logging

    logging.setLevel(logging.ERROR)
    trainer = Trainer(args.resume, args.minutes, args.rate)
    if args.acoustic:
        windows: Windows | Spoken = Spoken(args.acoustic, args.frames, trainer.step)
    else:
        windows = Windows(args.frames, trainer.step)
    print(f"{windows.hours:.2f} h of speech", flush=True)
    loop.run(trainer, lambda: windows.draw(args.batch), ("mel", "judges", "fooled"), args.out, every=50)


if __name__ == "__main__":
    main()
