"""Character errors by slice, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bench._errors import distance
from bench.speech._asr_set import Utterance, same_words, slices

_DRAWS = 400
HEAD = f"{'voice':8}{'text':8}{'kind':10}{'n':>5}{'SER %':>8}{'CER %':>8}   95 % interval of CER"


def errors(u: Utterance, heard: str | None = None) -> int:
    """Characters wrong in what was heard."""
    return distance(same_words(u.said), same_words(u.heard.text if heard is None else heard))


def rate(rows: Sequence[tuple[int, int]]) -> float:
    """Percent, of (errors, characters)."""
    return 100 * sum(e for e, _ in rows) / max(1, sum(n for _, n in rows))


def interval(rows: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """95 % bootstrap interval of the rate, by sentence."""
    rng, table = np.random.RandomState(0), np.array(rows)
    drawn = [table[rng.randint(len(table), size=len(table))].sum(0) for _ in range(_DRAWS)]
    low, high = np.percentile([100 * e / max(1, n) for e, n in drawn], [2.5, 97.5])
    return float(low), float(high)


def pairs(utterances: Sequence[Utterance]) -> list[tuple[int, int]]:
    """(errors, characters) of each."""
    return [(errors(u), len(u.said)) for u in utterances]


def print_cells(utterances: Sequence[Utterance]) -> None:
    """Voice by text by kind, with the syllables that are wrong before the lexicon."""
    from pypinyin import Style, lazy_pinyin

    cells: dict[tuple[str, str, str], list[Utterance]] = defaultdict(list)
    for u in utterances:
        cells[u.cell].append(u)
        cells["all", "all", "all"].append(u)
    print(HEAD)
    for cell in sorted(cells):
        rows = pairs(cells[cell])
        wrong = sum(
            distance(lazy_pinyin(u.said, style=Style.TONE3, neutral_tone_with_five=True), u.heard_raw.split())
            for u in cells[cell]
        )
        ser = 100 * wrong / sum(n for _, n in rows)
        low, high = interval(rows)
        name = "".join(f"{part:{width}}" for part, width in zip(cell, (8, 8, 10), strict=True))
        print(f"{name}{len(rows):5}{ser:8.1f}{rate(rows):8.1f}   {low:.1f}-{high:.1f}")


def print_slices(utterances: Sequence[Utterance]) -> None:
    """By blend, tempo, length and topic; strings of words apart from what customers say."""
    found: dict[tuple[str, str], list[Utterance]] = defaultdict(list)
    for u in utterances:
        for name, value in slices(u).items():
            if name == "topic" or u.item["kind"] != "open":
                found[name, value].append(u)
    print("slice, without strings of words")
    for (name, value), rows in sorted(found.items()):
        print_row(f"{name}: {value}", pairs(rows))


def print_row(name: str, rows: Sequence[tuple[int, int]]) -> None:
    """One slice's line."""
    low, high = interval(rows)
    print(f"  {name:32}{len(rows):5}{rate(rows):8.1f}   {low:.1f}-{high:.1f}", flush=True)


def print_scene_clips(utterances: Sequence[Utterance]) -> None:
    """One line for each clip that is not always heard as it was said."""
    clips: dict[str, list[Utterance]] = defaultdict(list)
    for u in utterances:
        clips[u.item["clip"]].append(u)
    for name, rows in clips.items():
        wrong = sorted({u.heard.text for u in rows if errors(u)})
        if wrong:
            right = sum(not errors(u) for u in rows)
            print(f"  {name}: {right} of {len(rows)}: {rows[0].said} heard as {', '.join(wrong)}")
    right = sum(not errors(u) for u in utterances)
    print(f"recorded caller: {right} of {len(utterances)} heard word for word, 8 places in a chunk")
