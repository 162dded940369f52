"""Several requests in one sentence: where it falls apart, and what each piece asks for. No I/O.

帮我查一下余额，再把耳机的订单取消了 asks for two things. A piece counts when its intent is one of the
requests and is sure; with two different ones the first is answered and the others are kept for afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SHORTEST = 3  # characters of a piece
MOST = 3
_BREAK = re.compile(
    r"[，,。；;！!？?]+|(?=还有[^没多]|另外|顺便|顺道|然后|再帮|再给|再把|再查|再问|同时|以及|完了再|接着再|对了)"
)


@dataclass(frozen=True)
class Piece:
    """What one piece of a sentence asks for; `start` and `end` are places in the sentence."""

    intent: str
    confidence: float
    text: str
    start: int
    end: int

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the parsed message."""
        return asdict(self)


def pieces(text: str) -> list[tuple[int, str]]:
    """Places and texts of the pieces that are long enough."""
    found, start = [], 0
    for mark in [*_BREAK.finditer(text), None]:
        end = mark.start() if mark else len(text)
        piece = text[start:end].strip()
        if len(piece) >= SHORTEST:
            found.append((text.index(piece, start), piece))
        start = mark.end() if mark else end
    return found


def requests(
    text: str,
    understand: Callable[[list[str]], Sequence[tuple[str, float]]],
    known: Sequence[str],
    sure: float,
) -> list[Piece]:
    """The different requests of a sentence in their order, when there are at least two; else nothing.

    `understand` gives intent and confidence of each text; `known` are the intents that are requests; `sure`
    is the least confidence that counts.
    """
    parts = pieces(text)
    if len(parts) < 2:
        return []
    found: dict[str, Piece] = {}
    for (start, piece), (intent, confidence) in zip(parts, understand([x for _, x in parts]), strict=True):
        if intent in known and confidence >= sure and intent not in found:
            found[intent] = Piece(intent, confidence, piece, start, start + len(piece))
    return list(found.values())[:MOST] if len(found) > 1 else []
