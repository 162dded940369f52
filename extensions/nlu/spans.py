"""What a tagger of spans looks at, token by token: no Rasa in here.

A token is a character, or a whole number (extensions.nlu.tokenizer). Beside the characters around it a token
knows the word that a dictionary cuts here, its sound, whether a number's value was found, and which rule of
the spaCy pipeline covers it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import jieba
from pypinyin import lazy_pinyin

OUTSIDE = "O"
HOUSE_ENDS = frozenset("路街巷弄道号栋幢楼层座室单元组院期村镇乡县区市省店站苑园城厦")


@dataclass(frozen=True)
class Span:
    """A stretch of text with its kind; `end` is one past the last character."""

    kind: str
    start: int
    end: int


def marks(spans: Iterable[Span], edges: Sequence[tuple[int, int]]) -> list[str]:
    """For every token (its start and end) B-kind, I-kind, L-kind, U-kind or O. A span that cuts a token is
    widened to it."""
    found = [OUTSIDE] * len(edges)
    for span in spans:
        inside = [n for n, (start, end) in enumerate(edges) if start < span.end and end > span.start]
        if not inside or any(found[n] != OUTSIDE for n in inside):
            continue
        for n in inside:
            found[n] = f"I-{span.kind}"
        found[inside[0]], found[inside[-1]] = f"B-{span.kind}", f"L-{span.kind}"
        if len(inside) == 1:
            found[inside[0]] = f"U-{span.kind}"
    return found


def spans_of(tags: Sequence[str], edges: Sequence[tuple[int, int]]) -> list[tuple[Span, int, int]]:
    """The spans that tags spell, each with its first and last token."""
    found: list[tuple[Span, int, int]] = []
    first = None
    for n, tag in enumerate([*tags, OUTSIDE]):
        place, _, kind = tag.partition("-")
        if first is not None and (place in ("O", "B", "U") or kind != tags[first].partition("-")[2]):
            found.append((_span(tags, edges, first, n - 1), first, n - 1))
            first = None
        if first is None and place != "O":
            first = n
        if first is not None and place in ("L", "U"):
            found.append((_span(tags, edges, first, n), first, n))
            first = None
    return found


def _span(tags: Sequence[str], edges: Sequence[tuple[int, int]], first: int, last: int) -> Span:
    return Span(tags[first].partition("-")[2], edges[first][0], edges[last][1])


def shape(token: str) -> str:
    """The token, numbers by their length only."""
    if token[0].isdigit():
        return f"0x{min(len(token), 12)}"
    return token.lower()


@functools.lru_cache(maxsize=20_000)
def sound(char: str) -> str:
    """Pinyin of a character by itself, without its tone; what has none is its own."""
    return str(lazy_pinyin(char)[0])


def features(
    text: str,
    edges: Sequence[tuple[int, int]],
    rules: Iterable[Span],
    values: Iterable[Span],
    cutter: jieba.Tokenizer,
) -> list[list[str]]:
    """[tokens][features]; `rules`: what the spaCy pipeline found, `values`: what numbers mean, `cutter`: the
    dictionary."""
    tokens = [text[start:end] for start, end in edges]
    chars = [shape(token) for token in tokens]
    sounds = [sound(char) if len(char) == 1 else char for char in chars]
    cuts, words = _words(text, edges, cutter)
    by_rule, by_value = marks(rules, edges), marks(values, edges)
    columns = (("c", chars, 3), ("s", sounds, 1), ("w", words, 1), ("k", cuts, 1), ("r", by_rule, 1))
    columns += (("v", by_value, 1),)
    size = len(tokens)
    rows: list[list[str]] = []
    for n in range(size):
        row = ["bias"]
        for name, column, reach in columns:
            for step in range(-reach, reach + 1):
                value = column[n + step] if 0 <= n + step < size else "^"
                if value != OUTSIDE:
                    row.append(f"{name}{step}={value}")
        around = ["^", "^", *chars, "^", "^"]
        at = n + 2
        row += [
            f"c-1,0={around[at - 1]}{around[at]}",
            f"c0,1={around[at]}{around[at + 1]}",
            f"c-2,-1={around[at - 2]}{around[at - 1]}",
            f"c1,2={around[at + 1]}{around[at + 2]}",
            f"c-1..1={around[at - 1]}{around[at]}{around[at + 1]}",
            f"c-2..0={around[at - 2]}{around[at - 1]}{around[at]}",
            f"c0..2={around[at]}{around[at + 1]}{around[at + 2]}",
            f"s-1,0={sounds[n - 1] if n else '^'},{sounds[n]}",
            f"s0,1={sounds[n]},{sounds[n + 1] if n + 1 < size else '^'}",
        ]
        row += _ahead(n, chars, by_rule)
        rows.append(row)
    return rows


def _ahead(n: int, chars: list[str], by_rule: list[str]) -> list[str]:
    """What follows further on: the end of an address, the next rule."""
    row = []
    for step in range(1, 6):
        if n + step < len(chars) and chars[n + step] in HOUSE_ENDS:
            row.append(f"end+{step}")
            break
    for step in range(2, 6):
        if n + step < len(chars) and by_rule[n + step] != OUTSIDE:
            row.append(f"rule+{step}={by_rule[n + step]}")
            break
    return row


def _words(
    text: str, edges: Sequence[tuple[int, int]], cutter: jieba.Tokenizer
) -> tuple[list[str], list[str]]:
    """For every token where it stands in the dictionary's word, and the word."""
    cuts: list[str] = []
    words: list[str] = []
    spans = [(start, end) for _, start, end in cutter.tokenize(text, HMM=False)]
    place = 0
    for start, end in edges:
        while place < len(spans) - 1 and spans[place][1] <= start:
            place += 1
        left, right = spans[place]
        size = min(right - left, 5)
        cuts.append(f"{'B' if start <= left else 'E' if end >= right else 'M'}{size}")
        words.append(text[left:right] if not text[left].isdigit() else "0")
    return cuts, words
