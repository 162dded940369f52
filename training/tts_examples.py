"""What FastPitch is taught with: the bot's utterances as tokens with durations, pitch and mels, and their
clauses by themselves.

The speech server speaks clause by clause. A model that has only met whole utterances says a clause alone
badly (mel loss 0.71 where whole ones had 0.35), so every clause is an example of its own too.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training import checkpoints, tts_model
from training.make_speech import SPEECH
from training.sentences import ROOT
from training.speakers import PLAIN
from training.teacher import FRAME_S, Prosody, Teacher

PREPARED = ROOT / "var/checkpoints/tts-examples"  # one file a shard, which grows with it
FRAMES_PER_UNIT = round(FRAME_S * tts_model.RATE_HZ / tts_model.HOP)  # teacher unit -> mel frames: 2
_PUNCTUATION = {",": "，", ".": "。", "?": "？", "!": "！", ":": "，", ";": "，"}
_LEAD, _MARK, _TAIL = 3, 4, 2  # most frames of silence before a clause by itself, in its mark, and after it


@dataclass
class Example:
    tokens: list[int]
    durations: list[int]
    pitch: list[float]
    mel: torch.Tensor  # [80, frames]
    audio: torch.Tensor  # int16, what the mel was made of
    speaker: int
    is_teacher: bool = True  # not its student, whose mels are blunter


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


class Maker:
    """Makes examples for one FastPitch model: its tokens, its mels, its unit of pitch."""

    def __init__(self, model: Any) -> None:
        self._model = model
        vocabulary = model.vocab._token2id
        self._marks = {vocabulary[mark] for mark in _PUNCTUATION.values()}

    def load(self) -> list[Example]:
        """All bot utterances of var/speech, and their clauses; pitch in the model's units."""
        PREPARED.mkdir(parents=True, exist_ok=True)
        whole = [x for lines in sorted(SPEECH.glob("*.jsonl")) for x in self._prepared(lines)]
        whole = self._normalised(whole)
        return whole + [clause for x in whole for clause in clauses(x, self._marks)]

    def _prepared(self, lines: Path) -> list[Example]:
        """One shard's, from its file and what has been spoken since."""
        path = PREPARED / f"{lines.stem}.pt"
        # rows, because a class of a program that runs as __main__ cannot be read by another
        done, rows = torch.load(path, weights_only=False) if path.exists() else (0, [])
        utterances = lines.read_text(encoding="utf-8").splitlines()
        if len(utterances) <= done:
            return [Example(*row) for row in rows]
        shard = np.memmap(lines.with_suffix(".i16"), dtype="<i2", mode="r")
        for line in utterances[done:]:
            x = json.loads(line)
            is_bot = x["kind"] == "bot" and x["voice"] in tts_model.SPEAKERS
            is_bot = is_bot and x.get("student", PLAIN) == PLAIN
            if not is_bot or x["split"] != "train":
                continue
            try:
                example = self._example(x, shard[x["offset"] : x["offset"] + x["samples"]])
            except (ValueError, KeyError, IndexError):
                continue
            if min(example.durations) >= 0 and sum(example.durations) == example.mel.shape[1]:
                rows.append(tuple(vars(example).values()))
            if len(rows) % 100 == 0:
                print(f"{lines.stem}: {len(rows)} utterances prepared", flush=True)
        checkpoints.save((len(utterances), rows), path)
        return [Example(*row) for row in rows]

    @functools.cached_property
    def _teacher(self) -> Teacher:
        return Teacher(ROOT / "var/teacher", layers="prosody")

    def _example(self, row: dict[str, Any], pcm: np.ndarray) -> Example:
        """The trimmed audio gets back what brings it onto the grid of the teacher's frames."""
        prosody = self._teacher.prosody(row["text"], row["voice"], row["speed"])
        if [name for name, _, _ in prosody.syllables] != row["syllables"]:
            raise ValueError("the audio reads a word in another way")
        first = prosody.tokens[prosody.syllables[0][1]]
        onset = int(prosody.durations[:first].sum()) * FRAMES_PER_UNIT * tts_model.HOP
        trimmed = onset - round(row["spans"][0][0] * tts_model.RATE_HZ)
        audio = np.pad(pcm.astype(np.float32) / 32768, (trimmed % tts_model.HOP, 0))
        with torch.no_grad():
            mel, _ = self._model.preprocessor(
                input_signal=torch.from_numpy(audio)[None], length=torch.tensor([len(audio)])
            )
        vocabulary, g2p = self._model.vocab._token2id, self._model.vocab.g2p.phoneme_dict
        tokens, durations, pitch = tokens_of(prosody, vocabulary, g2p, trimmed // tts_model.HOP, mel.shape[2])
        return Example(
            tokens, durations, pitch, mel[0], torch.from_numpy((audio * 32767).astype(np.int16)),
            tts_model.SPEAKERS.index(row["voice"]), "student" not in row,
        )  # fmt: skip

    def _normalised(self, examples: list[Example]) -> list[Example]:
        """Pitch in the model's units, which are the first speaker's mean and deviation and stay for good."""
        buffers = self._model.fastpitch
        if float(buffers.pitch_std) == 1.0:
            voiced = np.array([p for x in examples if x.speaker == 0 for p in x.pitch if p > 0])
            buffers.pitch_mean.fill_(float(voiced.mean()))
            buffers.pitch_std.fill_(float(voiced.std()))
        mean, std = float(buffers.pitch_mean), float(buffers.pitch_std)
        for x in examples:
            x.pitch = [(p - mean) / std if p > 0 else 0.0 for p in x.pitch]
        return examples


def clauses(x: Example, marks: set[int]) -> Iterator[Example]:
    """Each clause of an utterance of several as it would stand alone, with a little silence around it, and
    each two that follow one another. `marks`: the tokens that end a clause."""
    ends = np.concatenate([[0], np.cumsum(x.durations)])
    last = len(x.tokens) - 1  # the blank that every utterance ends with, as it begins with one
    edges = [0, *(k for k in range(1, last) if x.tokens[k] in marks)]
    if edges[-1] < last - 1:
        edges.append(last)
    pieces = list(itertools.pairwise(edges))
    if len(pieces) < 2:
        return
    runs = [*pieces, *((a[0], b[1]) for a, b in itertools.pairwise(pieces))] if len(pieces) > 2 else pieces
    for before, mark in runs:
        if mark - before < 2:
            continue  # two marks in a row
        lead = min(_LEAD, x.durations[before])
        silence = min(_MARK + _TAIL, x.durations[mark])
        tail = min(_TAIL, silence)
        inner = slice(before + 1, mark)
        closing = [x.tokens[mark]] if x.tokens[mark] in marks else []
        tokens = [x.tokens[0], *x.tokens[inner], *closing, x.tokens[last]]
        durations = [lead, *x.durations[inner], *([silence - tail] if closing else [])]
        first, past = int(ends[before + 1]) - lead, int(ends[mark]) + silence
        durations.append(past - first - sum(durations))
        pitch = [0.0, *x.pitch[inner], *([0.0] if closing else []), 0.0]
        audio = x.audio[first * tts_model.HOP : past * tts_model.HOP]
        yield Example(tokens, durations, pitch, x.mel[:, first:past], audio, x.speaker, x.is_teacher)


def batches(examples: list[Example], seconds: float, rng: random.Random) -> list[list[Example]]:
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
