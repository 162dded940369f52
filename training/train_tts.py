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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from training import checkpoints, tts_model
from training.asr_model import syllable_inventory
from training.make_speech import PLAIN, SPEECH
from training.schedule import learning_rate, set_learning_rate
from training.sentences import ROOT
from training.teacher import FRAME_S, Prosody, Teacher
from yingda.speech import readings

CHECKPOINT = ROOT / "var/checkpoints/tts.pt"
SHIPPED = ROOT / "models/speech/tts-zh-8k.nemo"
PREPARED = ROOT / "var/checkpoints/tts-examples.pt"  # delete it when there is more speech
PINYIN_DICT = ROOT / "training/pinyin_dict.txt"
FRAMES_PER_UNIT = round(FRAME_S * tts_model.RATE_HZ / tts_model.HOP)  # teacher unit -> mel frames: 2
INAUDIBLE = -8.0  # log mel, 60 dB below loud speech: quieter is the codec's noise, and louder matters more
_PUNCTUATION = {",": "，", ".": "。", "?": "？", "!": "！", ":": "，", ";": "，"}


@dataclass
class Example:
    tokens: list[int]
    durations: list[int]
    pitch: list[float]
    mel: torch.Tensor  # [80, frames]
    audio: torch.Tensor  # int16, what the mel was made of
    speaker: int


def tokens_of(
    p: Prosody, vocabulary: dict[str, int], g2p: dict[str, list[str]], shift: int, speech_frames: int
) -> tuple[list, list, list]:
    """Model tokens with their mel frames and pitch in Hz; together they cover the trimmed audio exactly,
    which starts `shift` frames after the teacher's own."""
    ends = np.concatenate([[0], np.cumsum(p.durations)]).astype(int) * FRAMES_PER_UNIT
    tokens, starts = [vocabulary[" "]], [shift]
    edges = [*[s[1] for s in p.syllables[1:]], len(p.string)]
    for (pinyin, a, b), following in zip(p.syllables, edges, strict=False):
        inside = [t for t in p.tokens[a:b] if t >= 0]
        names = g2p[pinyin[:-1]]
        onset = ends[inside[0]]
        # The teacher writes an initial as one letter, with or without an aspiration mark.
        vowel = ends[inside[0] + (0 if len(names) == 1 else 1 + (p.string[a + 1] == "ʰ"))]
        arrows = [i for i in range(a, b) if p.string[i] in "→↗↓↘"]
        past = ends[inside[-1] + 1]
        tone = ends[p.tokens[arrows[0]]] if arrows else (vowel + past + 1) // 2
        if len(names) == 2:
            tokens.append(vocabulary[names[0]])
            starts.append(onset)
        tokens += [vocabulary[names[-1]], vocabulary["#" + pinyin[-1]]]
        starts += [vowel, tone]
        for i in range(b, following):
            if p.string[i] in _PUNCTUATION and p.tokens[i] >= 0:
                tokens.append(vocabulary[_PUNCTUATION[p.string[i]]])
                starts.append(ends[p.tokens[i]])
    tokens.append(vocabulary[" "])
    starts.append(min(ends[-2], shift + speech_frames))
    starts.append(shift + speech_frames)
    durations = np.diff(np.minimum(np.maximum.accumulate(np.array(starts)), starts[-1]))
    hz = [p.pitch_hz[max(0, s) : max(s + 1, s + d)] for s, d in zip(starts, durations, strict=False)]
    voiced = [float(h[h > 60].mean()) if len(h) and (h > 60).mean() > 0.3 else 0.0 for h in hz]
    return tokens, durations.tolist(), voiced


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
        self.step, self.rate, self.minutes = 0, rate, minutes
        if resume:
            self._go_on()
        self.started = time.monotonic()

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

    @property
    def done(self) -> float:
        return (time.monotonic() - self.started) / 60 / self.minutes

    def load(self) -> list[Example]:
        """All bot utterances with mel spectrograms; pitch normalised over the voiced tokens."""
        import json

        if PREPARED.exists():
            saved = torch.load(PREPARED, weights_only=False)
            return self._normalised([Example(*row) for row in saved])
        teacher = Teacher(ROOT / "var/teacher", layers="prosody")
        examples: list[Example] = []
        for lines in sorted(SPEECH.glob("*.jsonl")):
            shard = (
                np.memmap(lines.with_suffix(".i16"), dtype="<i2", mode="r") if lines.stat().st_size else None
            )
            for line in lines.read_text(encoding="utf-8").splitlines():
                x = json.loads(line)
                is_bot = x["kind"] == "bot" and x["voice"] in tts_model.SPEAKERS
                is_bot = is_bot and x.get("student", PLAIN) == PLAIN
                if not is_bot or x["split"] != "train":
                    continue
                try:
                    example = self._example(teacher, x, shard[x["offset"] : x["offset"] + x["samples"]])
                except (ValueError, KeyError, IndexError):
                    continue
                if min(example.durations) >= 0 and sum(example.durations) == example.mel.shape[1]:
                    examples.append(example)
                if len(examples) % 100 == 0:
                    print(f"{len(examples)} utterances prepared", flush=True)
        PREPARED.parent.mkdir(parents=True, exist_ok=True)
        # rows, because a class of a program that runs as __main__ cannot be read by another
        torch.save([tuple(vars(x).values()) for x in examples], PREPARED)
        return self._normalised(examples)

    def _example(self, teacher: Teacher, row: dict[str, Any], pcm: np.ndarray) -> Example:
        """The trimmed audio gets back what brings it onto the grid of the teacher's frames."""
        prosody = teacher.prosody(row["text"], row["voice"], row["speed"])
        if [name for name, _, _ in prosody.syllables] != row["syllables"]:
            raise ValueError("the audio reads a word in another way")
        first = prosody.tokens[prosody.syllables[0][1]]
        onset = int(prosody.durations[:first].sum()) * FRAMES_PER_UNIT * tts_model.HOP
        trimmed = onset - round(row["spans"][0][0] * tts_model.RATE_HZ)
        audio = np.pad(pcm.astype(np.float32) / 32768, (trimmed % tts_model.HOP, 0))
        with torch.no_grad():
            mel, _ = self.model.preprocessor(
                input_signal=torch.from_numpy(audio)[None], length=torch.tensor([len(audio)])
            )
        vocabulary, g2p = self.model.vocab._token2id, self.model.vocab.g2p.phoneme_dict
        tokens, durations, pitch = tokens_of(prosody, vocabulary, g2p, trimmed // tts_model.HOP, mel.shape[2])
        return Example(
            tokens, durations, pitch, mel[0], torch.from_numpy((audio * 32767).astype(np.int16)),
            tts_model.SPEAKERS.index(row["voice"]),
        )  # fmt: skip

    def _normalised(self, examples: list[Example]) -> list[Example]:
        """Pitch in the model's units, which are the first speaker's mean and deviation and stay for good."""
        buffers = self.model.fastpitch
        if float(buffers.pitch_std) == 1.0:
            voiced = np.array([p for x in examples if x.speaker == 0 for p in x.pitch if p > 0])
            buffers.pitch_mean.fill_(float(voiced.mean()))
            buffers.pitch_std.fill_(float(voiced.std()))
        mean, std = float(buffers.pitch_mean), float(buffers.pitch_std)
        for x in examples:
            x.pitch = [(p - mean) / std if p > 0 else 0.0 for p in x.pitch]
        return examples

    def train_step(self, batch: list[Example]) -> tuple[float, float, float]:
        set_learning_rate(self.optimiser, learning_rate(self.rate, self.step, 400, self.done))
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
    examples = trainer.load()
    hours = sum(x.mel.shape[1] for x in examples) * tts_model.HOP / tts_model.RATE_HZ / 3600
    print(
        f"{len(examples)} utterances, {hours:.2f} h, "
        f"{sum(p.numel() for p in trainer.model.parameters()) / 1e6:.2f} M parameters",
        flush=True,
    )
    trainer.model.train()
    rng, seen, saved, cpu = random.Random(trainer.step), [], time.monotonic(), time.process_time()
    while trainer.done < 1:
        for group in _batches(examples, args.batch_s, rng):
            seen.append(trainer.train_step(group))
            if trainer.step % 50 == 0:
                mel, duration, pitch = np.mean(seen[-50:], 0)
                print(
                    f"step {trainer.step} done {trainer.done:.3f} cpu {time.process_time() - cpu:.0f} s, "
                    f"mel {mel:.3f} duration {duration:.3f} pitch {pitch:.3f}",
                    flush=True,
                )
            if time.monotonic() - saved > 420:
                trainer.save(args.out)
                saved = time.monotonic()
            if trainer.done >= 1:
                break
    trainer.save(args.out)


def _batches(examples: list[Example], seconds: float, rng: random.Random) -> list[list[Example]]:
    rows = sorted(examples, key=lambda x: x.mel.shape[1] * (1 + 0.1 * rng.random()))
    groups, group, frames = [], [], seconds * tts_model.RATE_HZ / tts_model.HOP
    for x in rows:
        if group and (len(group) + 1) * x.mel.shape[1] > frames:
            groups.append(group)
            group = []
        group.append(x)
    groups.append(group)
    rng.shuffle(groups)
    return groups


if __name__ == "__main__":
    main()
