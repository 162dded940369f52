"""Make aligned training speech: synthesise new text, or take in an existing manifest with its audio.

    python -m training.make_speech synthesise --shard a0 --hours 1 --seed 7             # by the teacher
    python -m training.make_speech synthesise --shard s0 --hours 8 --seed 8 --student   # 15 times cheaper
    python -m training.make_speech synthesise --shard bot1 --hours 2 --seed 9 --student --speaker 1
    python -m training.make_speech import --manifest DIR/manifest.jsonl --audio DIR --shard base
    python -m training.make_speech manifest          # adds all shards to training/manifest.jsonl.gz
    python -m training.make_speech rebuild --shard all       # speaks that manifest again, from nothing

A shard is var/speech/<shard>.i16 (8 kHz mono, little endian) and <shard>.jsonl, one line an utterance:
offset and length in samples, text, syllables, their spans in seconds, voice, speed, kind, split; `student`
holds the student's pitch and throat factors, and is left out where the teacher spoke.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from training import manifest
from training.sentences import ROOT, bare, sentence
from training.speakers import PLAIN, random_student, random_voice
from training.student import Student
from training.teacher import SAMPLE_RATE_HZ, Teacher
from training.telephone_line import RATE_HZ, to_telephone_rate
from training.tts_model import SPEAKERS
from yingda.speech.text.readings import PHRASES

SPEECH = ROOT / "var/speech"
_SHARES = (
    ("customer", 0.42), ("short", 0.06), ("address", 0.06), ("digits", 0.1),
    ("general", 0.1), ("review", 0.08), ("open", 0.18),
)  # fmt: skip
# what a voice of the bot says while it learns: words of all kinds, since it will be given any
_BOT_SAYS = (("bot", 0.5), ("general", 0.15), ("review", 0.2), ("customer", 0.15))
_ROW = ("text", "voice", "speed", "kind", "split")


class Shard:
    """Appends utterances; the text line is written after its audio, so that a kill leaves no torn entry."""

    def __init__(self, name: str, folder: Path = SPEECH) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._audio: IO[bytes] = (folder / f"{name}.i16").open("ab")
        self._lines = (folder / f"{name}.jsonl").open("a", encoding="utf-8")
        self._offset = self._audio.tell() // 2

    def add(self, audio: np.ndarray, entry: dict[str, Any]) -> None:
        pcm = np.clip(np.round(audio * 32767), -32768, 32767).astype("<i2")
        self._audio.write(pcm.tobytes())
        self._audio.flush()
        entry = {"offset": self._offset, "samples": len(pcm), **entry}
        self._offset += len(pcm)
        self._lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._lines.flush()


def synthesise(args: argparse.Namespace) -> None:
    speaker, shard, rng = Speaker(), Shard(args.shard), random.Random(args.seed)
    kinds, shares = zip(*(_SHARES if args.speaker is None else _BOT_SAYS), strict=False)
    started, made_s, n = time.monotonic(), 0.0, 0
    while made_s < args.hours * 3600:
        kind = args.only or rng.choices(kinds, shares)[0]
        text = sentence(kind, rng)
        if args.speaker is not None:
            kind = "bot"
        voice, speed = random_voice(rng, kind)
        if args.speaker is not None:
            voice = SPEAKERS[args.speaker]
        row = {"text": text, "voice": voice, "speed": speed, "kind": kind, "split": "train"}
        if args.student:
            row["student"] = PLAIN if kind == "bot" else random_student(rng)
        try:
            audio, entry = speaker.speak(row)
        except (ValueError, IndexError, AssertionError):
            continue  # a character without a reading, or one that the teacher swallowed
        shard.add(audio, entry)
        made_s, n = made_s + len(audio) / RATE_HZ, n + 1
        if n % 200 == 0:
            print(
                f"{args.shard}: {n} utterances, {made_s / 3600:.2f} h, "
                f"{(time.monotonic() - started) / 60:.0f} min",
                flush=True,
            )


class Speaker:
    """Speaks rows of a manifest, by the teacher or by the student, whichever a row names."""

    def __init__(self) -> None:
        self._teacher: Teacher | None = None
        self._student: Student | None = None

    def speak(self, row: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """Audio at 8 kHz and the shard's entry. Raises ValueError or IndexError for what cannot be spoken."""
        if "student" in row:
            self._student = self._student or Student(ROOT / "var/teacher")
            said = self._student.speak(row["text"], row["voice"], row["speed"], **row["student"])
            return said.audio, _entry(row, said.spans)
        self._teacher = self._teacher or Teacher(ROOT / "var/teacher")
        said = self._teacher.speak(row["text"], row["voice"], row["speed"])
        return to_telephone_rate(said.audio, SAMPLE_RATE_HZ), _entry(row, said.spans)


def write_manifest(args: argparse.Namespace) -> None:
    """What was spoken, by which voice and how fast: all that is needed to make the audio again. What other
    machines spoke stays, and what is new comes last, so that a rebuild that is under way goes on."""
    del args
    rows = dict.fromkeys(manifest.lines())
    for lines in sorted(SPEECH.glob("*.jsonl")):
        for line in lines.read_text(encoding="utf-8").splitlines():
            x = json.loads(line)
            kept = {k: x[k] for k in (*_ROW, "student") if k in x}
            rows[json.dumps(kept, ensure_ascii=False)] = None
    manifest.write(rows)


def rebuild(args: argparse.Namespace) -> None:
    """Speak the committed manifest; goes on where a shard of that name ends."""
    speaker = Speaker()
    path = SPEECH / f"{args.shard}.jsonl"
    spoken = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
    shard = Shard(args.shard)
    items = manifest.rows()
    for n, x in enumerate(items[spoken:], spoken + 1):
        shard.add(*speaker.speak(x))
        if n % 100 == 0:
            print(f"{args.shard}: {n} of {len(items)} utterances", flush=True)


def _entry(row: dict[str, Any], spans: Any) -> dict[str, Any]:
    return {
        **{k: row[k] for k in (*_ROW, "student") if k in row},
        "syllables": [p for p, _, _ in spans],
        "spans": [[round(float(a), 3), round(float(b), 3)] for _, a, b in spans],
    }


def take_in(args: argparse.Namespace) -> None:
    """The audio was trimmed; the student says the same sentence, so it is known where."""
    import soundfile

    student, shard, kept = Student(ROOT / "var/teacher"), Shard(args.shard), 0
    for n, (item, path) in enumerate(_manifest(args.manifest, args.audio), 1):
        if any(word in item["text"] for word in PHRASES):
            continue  # spoken before these were put right
        audio, rate = soundfile.read(path, dtype="float32")
        telephone = to_telephone_rate(audio, rate)
        try:
            spans = student.align(telephone, item["text"], item["voice"], item["speed"])
        except (ValueError, IndexError, AssertionError):
            continue
        if len(spans) != len(bare(item["text"])) or spans[-1][2] <= spans[-1][1] or spans[0][1] > 0.3:
            continue
        shard.add(telephone, _entry(item, spans))
        kept += 1
        if n % 1000 == 0:
            print(f"{args.shard}: {n} read, {kept} kept", flush=True)


def _manifest(listing: Path, audio: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    with listing.open(encoding="utf-8") as file:
        for line in file:
            item = json.loads(line)
            yield item, audio / item["audio_filepath"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("synthesise")
    make.add_argument("--shard", required=True)
    make.add_argument("--hours", type=float, default=1.0)
    make.add_argument("--only", choices=[kind for kind, _ in _SHARES], help="this kind of sentence alone")
    make.add_argument("--student", action="store_true", help="the student speaks: cheaper, and more voices")
    make.add_argument("--speaker", type=int, choices=range(len(SPEAKERS)), help="only this voice of the bot")
    make.add_argument("--seed", type=int, required=True)
    make.set_defaults(run=synthesise)
    take = commands.add_parser("import")
    take.add_argument("--manifest", type=Path, required=True)
    take.add_argument("--audio", type=Path, required=True)
    take.add_argument("--shard", default="base")
    take.set_defaults(run=take_in)
    commands.add_parser("manifest").set_defaults(run=write_manifest)
    again = commands.add_parser("rebuild")
    again.add_argument("--shard", default="all")
    again.set_defaults(run=rebuild)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
