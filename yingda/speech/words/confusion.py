"""How likely one tonal syllable is heard for another: costs in nats, 0 for itself, infinite beyond a limit.

The cost of a pair is the sum of what its initials, its finals and its tones differ in. The groups are
those that listeners and recognisers mix up on the telephone, where nothing above 3.4 kHz tells z from zh
or f from h.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_INITIALS = (
    "zh",
    "ch",
    "sh",
    "b",
    "p",
    "m",
    "f",
    "d",
    "t",
    "n",
    "l",
    "g",
    "k",
    "h",
    "j",
    "q",
    "x",
    "r",
    "z",
    "c",
    "s",
)
_SYLLABLE = re.compile(rf"({'|'.join(_INITIALS)}|)([a-zü:]+)([1-5])")

TONE, TONE_NEUTRAL = 2.2, 1.6
NEAR, FAR, OTHER = 2.2, 3.6, 6.0
_NEAR_INITIALS = """
    z zh, c ch, s sh, n l, f h, l r, b p, d t, g k, j q, z c, zh ch, q x, s x
"""
_FAR_INITIALS = """
    zh j, ch q, sh x, m n, c s, ch sh, z s, zh sh, r sh, k h, g h, p t, b d, j x, j z, q c, f s, b m, d
    n, d l, t k, x h, sh f, g d
"""
_NEAR_FINALS = """
    an ang, en eng, in ing, ian iang, uan uang, un ong, iu iou, ui ei, e er, uo o, ie ian, ou uo, ao ou,
    ai ei, ian in, v i, ve ie, van ian, ia iang, a ang, a an, i in, i ing, u uo, u ou, uai ui, ing eng,
    ong eng, ong ou, iong ong, iao iu, iao ao
"""
_FAR_FINALS = """
    a e, a ai, a ao, e ei, e en, e o, u o, u ong, i ei, an en, ang eng, an ai, uan an, uan un, ua a, uo
    e, i ie, iu ou, ia a, ia ian, iang ang, ao an, ang ong, u un, ei en, v u, vn in, vn un, van uan, ua
    uan, ao ang, en un, u e, i e
"""


def parts(syllable: str) -> tuple[str, str, int] | None:
    """("zh", "ang", 4) for zhang4; None for what is no tonal syllable. y and w belong to the final."""
    match = _SYLLABLE.fullmatch(syllable.replace("ü", "v").replace("u:", "v"))
    if match is None:
        return None
    initial, final, tone = match.groups()
    if not initial:
        final = _glide(final)
    elif initial in "jqx" and final.startswith("u"):
        final = "v" + final[1:]
    return initial, final, int(tone)


def _glide(final: str) -> str:
    """Finals that are spelled with y or w: yan -> ian, yuan -> van, wen -> un, you -> iu, wei -> ui."""
    spelled = {
        "you": "iu",
        "wei": "ui",
        "wen": "un",
        "yan": "ian",
        "ye": "ie",
        "weng": "ueng",
        "yong": "iong",
    }
    if final in spelled:
        return spelled[final]
    if final.startswith("yu"):
        return "v" + final[2:]
    if final.startswith("yi"):
        return final[1:]
    if final.startswith("y"):
        return "i" + final[1:]
    if final.startswith("wu"):
        return final[1:]
    return "u" + final[1:] if final.startswith("w") else final


def _costs(names: Sequence[str], near: str, far: str) -> npt.NDArray[np.float32]:
    table = np.full((len(names), len(names)), OTHER, np.float32)
    index = {name: i for i, name in enumerate(names)}
    for pairs, cost in ((far, FAR), (near, NEAR)):
        for a, b in (pair.split() for pair in pairs.split(",")):
            if a in index and b in index:
                table[index[a], index[b]] = table[index[b], index[a]] = cost
    np.fill_diagonal(table, 0)
    return table


class Confusions:
    """For each syllable of an inventory, what may have been meant when it was heard."""

    def __init__(
        self, syllables: Sequence[str], weight: float = 1.0, limit: float = 6.0, most: int = 12
    ) -> None:
        """`syllables`: the inventory; its indices are the ids. `limit` bounds a cost in nats before
        weighting, `most` the number of alternatives of one syllable."""
        split = [parts(s) or ("?" + s, "?" + s, 0) for s in syllables]
        self._weight, self._limit, self._most = weight, limit, most
        initials = sorted({p[0] for p in split} | set(_INITIALS) | {""})
        finals = sorted({p[1] for p in split})
        self._initial_costs = _costs(initials, _NEAR_INITIALS, _FAR_INITIALS)
        self._final_costs = _costs(finals, _NEAR_FINALS, _FAR_FINALS)
        self._tone_costs = np.full((6, 6), TONE, np.float32)
        self._tone_costs[5, :] = self._tone_costs[:, 5] = TONE_NEUTRAL
        np.fill_diagonal(self._tone_costs, 0)
        self._at_initial = {x: i for i, x in enumerate(initials)}
        self._at_final = {x: i for i, x in enumerate(finals)}
        self._parts = np.array([self._numbers(p) for p in split])
        self._made: dict[str, tuple[tuple[int, float], ...]] = {}

    def _numbers(self, split: tuple[str, str, int]) -> tuple[int, int, int]:
        return self._at_initial[split[0]], self._at_final[split[1]], split[2]

    def alternatives(self, heard: str) -> tuple[tuple[int, float], ...]:
        """(syllable id, cost in nats), the cheapest first; empty for what is no syllable."""
        made = self._made.get(heard)
        if made is None:
            made = self._made[heard] = self._make(heard)
        return made

    def _make(self, heard: str) -> tuple[tuple[int, float], ...]:
        split = parts(heard)
        if split is None or split[0] not in self._at_initial or split[1] not in self._at_final:
            return ()
        mine = self._numbers(split)
        cost = (
            self._initial_costs[mine[0]][self._parts[:, 0]]
            + self._final_costs[mine[1]][self._parts[:, 1]]
            + self._tone_costs[mine[2]][self._parts[:, 2]]
        )
        order = np.argsort(cost, kind="stable")[: self._most]
        return tuple((int(i), float(cost[i]) * self._weight) for i in order if cost[i] <= self._limit)
