"""Build the recogniser's lexicon: words with readings, word and word-pair probabilities
(yingda/speech/words/lexicon.py).

Words come from jieba's dictionary, readings from the same source as the recogniser's training labels,
probabilities from what callers say and, for words they lack, jieba's counts.

    python -m training.lexicon [--sentences 120000] [--text more.txt ...] [--out FILE.tsv.gz]
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

from training import manifest
from training.pronounce import word_syllables
from yingda.speech.text.readings import PHRASES
from yingda.speech.words.lexicon import MAGIC

ROOT = Path(__file__).resolve().parent.parent
_HAN = re.compile("[\u4e00-\u9fff]+")
_NUMBER = re.compile("([零一二三四五六七八九十百千万亿两幺点半]{2,})")
_BORDERS = ("<s>", "</s>")
DOMAIN_SHARE = 0.5  # of a word's probability; the rest is jieba's
# What follows a word was seen before with probability n / (n + NEWNESS * different followers) (Witten and
# Bell 1991),
# but at most MOST_SEEN: sentences made from templates look more predictable than callers are.
NEWNESS, MOST_SEEN = 2.0, 0.9


def sentences(count: int, seed: int) -> Iterable[str]:
    """Drawn from training/text, with all lines of everyday text, and what the recogniser was taught by."""
    from training.sentences import is_free, sentence, templates

    rng = random.Random(seed)
    kinds = ("customer",) * 13 + ("digits",) * 3 + ("address",) * 2 + ("short", "bot")
    for _ in range(count):
        yield _with_either_one(sentence(rng.choice(kinds), rng), rng)
    for kind, times in (("general", 4), ("review", 1)):
        yield from [line for line in templates(kind) if is_free(line)] * times
    for text in filter(is_free, taught()):
        yield _with_either_one(text, rng)


def taught() -> list[str]:
    """What the manifest of training speech says, but for strings of words."""
    rows = manifest.rows()
    return [row["text"] for row in rows if row["split"] == "train" and row["kind"] != "open"]


def _with_either_one(text: str, rng: random.Random) -> str:
    """Both 幺 and 一 are said for 1 in numbers."""
    return text.replace("幺", "一") if rng.random() < 0.3 else text


def words(part: str) -> Iterable[str]:
    """Dictionary words of a text of Chinese characters. Numbers are taken character by character: there are
    too many to have met each, and so are names, which no dictionary knows."""
    for piece in _NUMBER.split(part):
        if _NUMBER.fullmatch(piece):
            yield from piece
        elif piece:
            yield from jieba.cut(piece, HMM=False)


def designers_sentences(folder: Path = ROOT / "data/nlu", weight: int = 15) -> list[str]:
    """What the assistant's own examples say, as often as `weight`; sentences of tests are left out.

    Examples with digits are in the form after the numerals, which nobody says, and are left out too.
    """
    from training.sentences import is_free

    found = []
    for path in sorted(folder.glob("*.yml")):
        for example in re.findall(r"^\s+- (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            text = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", example).strip()
            if is_free(text) and not re.search("[0-9A-Za-z]", text):
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
        cut = [w for part in _HAN.findall(text) for w in words(part)]
        chain = [_BORDERS[0], *cut, _BORDERS[1]]
        for a, b in itertools.pairwise(chain):
            single[b] += 1
            context[a] += 1
            pairs[a][b] += 1
    known_words = dictionary(least)
    total, dictionary_total = max(1, sum(single.values())), sum(known_words.values())
    share = DOMAIN_SHARE if single else 0.0

    def alone(word: str) -> float:
        return (
            share * single[word] / total + (1 - share) * (known_words.get(word, 0) + 0.1) / dictionary_total
        )

    names = [
        *_BORDERS,
        *sorted((set(known_words) | set(single)) - set(_BORDERS), key=lambda w: (-alone(w), w)),
    ]
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
    parser.add_argument("--sentences", type=int, default=120_000, help="how many to draw from training/text")
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
