"""Words of one call that recognition shall favour in every turn: the customer's name and products.

Actions send them once they are known (`{"type": "hotwords", "words": [...]}`). Pure; messages for the log
hold numbers only, never a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MOST_WORDS = 200
SHORTEST, LONGEST = 2, 32  # characters: one alone would be heard everywhere


class CallWords:
    """The words so far, in the order in which they came."""

    def __init__(self) -> None:
        self._words: dict[str, None] = {}

    def add(self, given: Any) -> list[str]:
        """Take what an action sent; what is wrong with it, for the log."""
        if not isinstance(given, list):
            return [f"hotwords: got words of type {type(given).__name__}, expected a list of texts; dropped"]
        words = [word.strip() for word in given if isinstance(word, str)]
        words = [word for word in words if SHORTEST <= len(word) <= LONGEST]
        told = []
        if len(words) < len(given):
            count = len(given) - len(words)
            expected = f"texts of {SHORTEST}-{LONGEST} characters"
            told.append(f"hotwords: {count} of {len(given)} are no {expected}; dropped")
        new = [word for word in dict.fromkeys(words) if word not in self._words]
        room = MOST_WORDS - len(self._words)
        if len(new) > room:
            limit = f"a call has at most {MOST_WORDS} words"
            told.append(f"hotwords: {len(new) - room} too many, {limit}; dropped")
        self._words.update(dict.fromkeys(new[:room]))
        return told

    def beside(self, expected: Iterable[str]) -> tuple[str, ...]:
        """The words that the last question expects, then those of the call."""
        return tuple(dict.fromkeys((*expected, *self._words)))
