"""hotwords: what hotwords win back of missed words, and how often one is heard that nobody said.

    make figure NAME=hotwords

The frozen test set (tests/data/asr) and the scenes' recorded caller are recognised once; what the model heard
is then read without hotwords, with those of the sentence, and with those of the sentence among 200 of other
sentences. Hotwords are the words of two characters or more that stand in at most three of the sentences.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench._errors import distance

TEST_SET = ROOT / "tests/data/asr"
SCENE_CLIPS = ROOT / "tests/scenes/audio"
SETTINGS = "settings/speech.yml"
DISTRACTORS, MOST_SENTENCES, SHORTEST = 200, 3, 2
LEAST_WON_BACK, MOST_FALSE = 0.30, 0.01
LONGEST_S = 60.0


@dataclass(frozen=True)
class Sentence:
    """What was said, and its hotwords."""

    said: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Read:
    """One sentence as it was read without hotwords and with them, and which others were among them."""

    sentence: Sentence
    before: str
    after: str
    others: tuple[str, ...] = ()


@dataclass
class Score:
    """Sums over sentences. `false`: sentences into which the hotwords brought a word that nobody said."""

    words: int = 0
    found_before: int = 0
    found_after: int = 0
    characters: int = 0
    errors_before: int = 0
    errors_after: int = 0
    sentences: int = 0
    false: int = 0

    def add(self, read: Read) -> None:
        """One sentence more."""
        said, words = read.sentence.said, read.sentence.words
        self.words += len(words)
        self.found_before += sum(word in read.before for word in words)
        self.found_after += sum(word in read.after for word in words)
        self.characters += len(said)
        self.errors_before += distance(said, read.before)
        self.errors_after += distance(said, read.after)
        self.sentences += 1
        self.false += any(word in read.after and word not in read.before for word in read.others)

    @property
    def won_back(self) -> float:
        """Of the words that were missed without hotwords, the share that is there with them."""
        missed = self.words - self.found_before
        return (self.found_after - self.found_before) / missed if missed else 1.0

    @property
    def passes(self) -> bool:
        """Whether the bar holds."""
        return self.won_back >= LEAST_WON_BACK and self.false <= MOST_FALSE * self.sentences

    def table(self, name: str) -> str:
        """A line for people."""
        errors = _share(self.errors_before, self.characters), _share(self.errors_after, self.characters)
        return (
            f"{name}: recall {self._recall()} of {self.words} words, "
            f"{100 * self.won_back:.0f} % of the missed won back, CER {errors[0]} -> {errors[1]}, "
            f"a word that nobody said in {self.false} of {self.sentences} sentences"
        )

    def last_line(self) -> str:
        """The figure."""
        bar = (
            f"bar: recall of missed words up by >= {100 * LEAST_WON_BACK:.0f} % of the misses with "
            f"{DISTRACTORS} distractors, false insertions <= {100 * MOST_FALSE:.0f} %"
        )
        false, verdict = _share(self.false, self.sentences), "PASS" if self.passes else "FAIL"
        return f"hotwords: recall {self._recall()}, false insertions {false} ({bar}) {verdict}"

    def _recall(self) -> str:
        return f"{_share(self.found_before, self.words)} -> {_share(self.found_after, self.words)}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"


def choose(texts: Sequence[str]) -> list[Sentence]:
    """Each text with its hotwords."""
    import jieba

    jieba.setLogLevel(60)
    cuts = [[word for word in jieba.cut(text) if len(word) >= SHORTEST and word.isalpha()] for text in texts]
    sentences = Counter(word for cut in cuts for word in set(cut))
    return [
        Sentence(text, tuple(word for word in dict.fromkeys(cut) if sentences[word] <= MOST_SENTENCES))
        for text, cut in zip(texts, cuts, strict=True)
    ]


def distractors(sentence: Sentence, pool: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Hotwords of other sentences, none of which is in this one."""
    others = [word for word in pool if word not in sentence.said]
    return tuple(rng.sample(others, min(DISTRACTORS, len(others))))


def recordings() -> Iterator[tuple[str, Path]]:
    """What is said in each file."""
    for line in (TEST_SET / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        yield item["text"], TEST_SET / item["audio"]
    for line in (SCENE_CLIPS / "SENTENCES.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, said = line.split("\t")
            yield said.replace("，", ""), SCENE_CLIPS / f"{name}.wav"


def main() -> int:
    """Print the figure; 0 when the bar holds."""
    os.chdir(ROOT)  # the settings' paths start here
    from yingda.plumbing.settings import load
    from yingda.speech import recordings as files
    from yingda.speech import transcribe
    from yingda.speech.hearing.recogniser import BOOST, StreamOptions
    from yingda.speech.settings import SpeechSettings

    settings = load(SETTINGS, SpeechSettings).recogniser
    model, transcriber = transcribe.load_model(settings, SETTINGS, files.STREAMS)
    known = list(recordings())
    sentences = choose([said for said, _ in known])
    pool = sorted({word for sentence in sentences for word in sentence.words})
    alone, among, rng = Score(), Score(), random.Random(1)
    audio = (
        (sentence, files.as_turn(files.read(path, LONGEST_S), model.sample_rate))
        for sentence, (_, path) in zip(sentences, known, strict=True)
    )
    for sentence, finals in files.recognise(model, audio, StreamOptions(endpoint_ms=-1)):

        def read(words: Sequence[str], finals: list = finals) -> str:  # type: ignore[type-arg]
            boosts = transcriber.prepare(tuple((word, BOOST) for word in words))
            return transcribe.read_finals(transcriber, finals, boosts).text

        before = read(())
        others = distractors(sentence, pool, rng)
        alone.add(Read(sentence, before, read(sentence.words)))
        both = Read(sentence, before, read((*sentence.words, *others)), others)
        among.add(both)
        false = [word for word in others if word in both.after and word not in before]
        if false:
            print(f"  said {sentence.said}\n  heard {before}, with hotwords {both.after}: {' '.join(false)}")
    print(alone.table("hotwords of the sentence"))
    print(among.table(f"among {DISTRACTORS} others"))
    print(among.last_line())
    return 0 if among.passes else 1


if __name__ == "__main__":
    sys.exit(main())
