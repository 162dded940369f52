"""Text to clauses, the unit of synthesis: the first is short, so that the voice starts soon."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HARD = "。！？；"
_SOFT = "，、："
_MARKED = re.compile(f"[^{_HARD}{_SOFT}]*[{_HARD}{_SOFT}]+|[^{_HARD}{_SOFT}]+")


@dataclass(frozen=True)
class Clause:
    """What is said in one breath, with its closing mark, and how many commas' worth of silence follow."""

    text: str
    pauses: int


def split(text: str, first_chars: int = 12, other_chars: int = 28) -> list[Clause]:
    """Clauses of spoken text. A clause ends at a full stop, or at a comma once joining the next piece
    would make it longer than its limit; a piece without marks is cut at the limit. Text without Chinese
    gives none."""
    clauses: list[Clause] = []
    held = ""
    for piece in _pieces(text, other_chars):
        limit = first_chars if not clauses else other_chars
        if held and len(held) + len(piece) > limit:
            clauses.append(_clause(held))
            held = ""
        held += piece
        if held[-1] in _HARD:
            clauses.append(_clause(held))
            held = ""
    if held:
        clauses.append(_clause(held))
    return clauses


def _pieces(text: str, limit: int) -> list[str]:
    pieces = []
    for piece in _MARKED.findall(text.strip()):
        bare = piece.strip(_HARD + _SOFT)
        if not bare:
            continue
        while len(bare) > limit:
            pieces.append(bare[:limit])
            bare, piece = bare[limit:], piece[limit:]
        mark = piece.lstrip(_HARD + _SOFT)[len(bare) :][:1]
        pieces.append(bare + mark)
    return pieces


def _clause(text: str) -> Clause:
    mark = text[-1]
    return Clause(text, 2 if mark in _HARD else 1 if mark in _SOFT else 0)
