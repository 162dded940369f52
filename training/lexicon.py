"""Build the recogniser's lexicon: words with readings, word and word-pair probabilities
(yingda/speech/lexicon.py).

Words come from jieba's dictionary and from sentences of the domain, readings from the same source as the
recogniser's training labels, probabilities from the sentences and, for words they lack, jieba's counts.

    python -m training.lexicon [--sentences 90000] [--text more.txt ...] [--out
    models/speech/lexicon-zh.tsv.gz]
"""

from __future__ import annotations

import argparse
import collections
import gzip
import itertools
import math
import random
import re
from collections.abc import Iterable
from pathlib import Path

import jieba
from pypinyin import Style, pinyin

from training.pronounce import word_syllables
from yingda.speech.lexicon import MAGIC
from yingda.speech.readings import PHRASES

ROOT = Path(__file__).resolve().parent.parent
_HAN = re.compile("[\u4e00-\u9fff]+")
_BORDERS = ("<s>", "</s>")
DOMAIN_SHARE = 0.5  # of a word's probability; the rest is jieba's
# What follows a word was seen before with probability n / (n + NEWNESS * different followers) (Witten and
# Bell 1991),
# but at most MOST_SEEN: sentences made from templates look more predictable than callers are.
NEWNESS, MOST_SEEN = 2.0, 0.9


def sentences(count: int, seed: int) -> Iterable[str]:
    """Sentences drawn from training/text, as the recogniser's training set is."""
    from training.sentences import sentence

    rng = random.Random(seed)
    kinds = ("customer",) * 13 + ("general",) * 6 + ("digits",) * 3 + ("bot",)
    for _ in range(count):
        text = sentence(rng.choice(kinds), rng)
        yield text.replace("幺", "一") if rng.random() < 0.3 else text  # both are said


def designers_sentences(folder: Path = ROOT / "data/nlu", weight: int = 15) -> list[str]:
    """What the assistant's own examples say, as often as `weight`; sentences of the demo caller are left out.

    Examples with digits are in the form after the numerals, which nobody says, and are left out too.
    """
    from training.sentences import bare, demo_sentences

    found = []
    for path in sorted(folder.glob("*.yml")):
        for example in re.findall(r"^\s+- (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            text = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", example).strip()
            unseen = bare(text) not in demo_sentences() or len(bare(text)) < 4
            if unseen and not re.search("[0-9A-Za-z]", text):
                found.append(text)
    return found * weight


def dictionary(least: int) -> dict[str, int]:
    """jieba's words of 1 to 5 characters with their counts; single characters whatever their count."""
    words = {}
    path = Path(jieba.__file__).parent / "dict.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        word, count, _ = line.split(" ")
        if _HAN.fullmatch(word) and len(word) <= 5 and (int(count) >= least or len(word) == 1):
            words[word] = int(count)
    return words


def readings(word: str) -> list[str]:
    """Tonal syllables, the usual reading first; other readings of single characters follow."""
    found = [" ".join(word_syllables(word))]
    if len(word) == 1:
        others = pinyin(word, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)[0]
        found += [r for r in others if r not in found][:3]
    elif word in PHRASES:  # said so by many, and by the teacher's own front end
        character = " ".join(word_syllables(c)[0] for c in word)
        found += [character] if character not in found else []
    return [r for r in found if re.fullmatch("(?:[a-z]+[1-5] ?)+", r)]


def build(texts: Iterable[str], least: int = 5) -> list[str]:
    """The lines of the file."""
    single: collections.Counter[str] = collections.Counter()
    context: collections.Counter[str] = collections.Counter()
    pairs: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for text in texts:
        cut = [w for part in _HAN.findall(text) for w in jieba.cut(part)]
        chain = [_BORDERS[0], *cut, _BORDERS[1]]
        for a, b in itertools.pairwise(chain):
            single[b] += 1
            context[a] += 1
            pairs[a][b] += 1
    words = dictionary(least)
    total, dictionary_total = max(1, sum(single.values())), sum(words.values())
    share = DOMAIN_SHARE if single else 0.0

    def alone(word: str) -> float:
        return share * single[word] / total + (1 - share) * (words.get(word, 0) + 0.1) / dictionary_total

    names = [*_BORDERS, *sorted((set(words) | set(single)) - set(_BORDERS), key=lambda w: (-alone(w), w))]
    ids = {word: i for i, word in enumerate(names)}
    lines = [MAGIC]
    for word in names:
        said = "" if word in _BORDERS else "|".join(readings(word))
        lines.append(f"W\t{word}\t{round(100 * math.log(alone(word)))}\t{said}")
    for word, followers in pairs.items():
        seen = min(MOST_SEEN, context[word] / (context[word] + NEWNESS * len(followers)))
        known = " ".join(
            f"{ids[b]}:{round(100 * math.log(seen * n / context[word] + (1 - seen) * alone(b)))}"
            for b, n in followers.items()
        )
        lines.append(f"B\t{ids[word]}\t{round(100 * math.log(1 - seen))}\t{known}")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=90_000, help="how many to draw from training/text")
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="more sentences, one a line")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--least", type=int, default=5, help="jieba words counted fewer times are left out")
    parser.add_argument("--out", type=Path, default=ROOT / "models/speech/lexicon-zh.tsv.gz")
    args = parser.parse_args()
    jieba.setLogLevel(60)
    texts = list(sentences(args.sentences, args.seed)) if args.sentences else []
    texts += designers_sentences()
    for path in args.text:
        texts += path.read_text(encoding="utf-8").splitlines()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(args.out, "wb", mtime=0) as file:
        file.write("\n".join(build(texts, args.least)).encode())
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB from {len(texts)} sentences")


if __name__ == "__main__":
    main()
