"""Requests in JSON, checked key by key: every message names the key, what came, and what was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from yingda.plumbing.settings import shown
from yingda.speech.api.refusals import BadRequest

T = TypeVar("T")


def wrong(key: str, value: Any, expected: str) -> BadRequest:
    """The refusal of one key's value."""
    got = "it is missing" if value is None else f"got {shown(value)}"
    return BadRequest(f"{key}: {got}, expected {expected}")


class Fields:
    """The keys of one JSON object."""

    def __init__(self, text: str | bytes, known: Sequence[str]) -> None:
        """Raises BadRequest for what is no JSON object, and for a key that is not `known`."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise BadRequest("expected a JSON object, got what is not JSON") from None
        if not isinstance(data, dict):
            raise BadRequest(f"expected a JSON object, got {shown(data)}")
        unknown = next((key for key in data if key not in known), None)
        if unknown is not None:
            raise BadRequest(f"{shown(unknown)}: unknown key, expected {', '.join(known)}")
        self.data: dict[str, Any] = data

    def text(self, key: str) -> str:
        """Text that is there, and is text that can be written down."""
        value = self.data.get(key)
        if not isinstance(value, str) or not _is_writable(value):
            raise wrong(key, value, "a text")
        return value

    def choice(self, key: str, choices: Mapping[Any, T], default: T | None = None) -> T:
        """One of some values; it has to be there if there is no `default`."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        found = None if isinstance(value, (bool, float, list, dict)) else choices.get(value)
        if found is None:
            raise wrong(key, value, " or ".join(str(choice) for choice in choices))
        return found

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise wrong(key, value, "true or false")
        return value

    def number(self, key: str, low: float, high: float, default: float) -> float:
        """A number within [low, high]."""
        value = self.data.get(key)
        return default if value is None else number(key, value, low, high)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int | None:
        """A whole number within [low, high]."""
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise wrong(key, value, f"an integer {low}-{high}")
        return value


def number(key: str, value: Any, low: float, high: float) -> float:
    """`value`, which stands under `key`, as a number within [low, high]. Raises BadRequest."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # NaN is refused here too
        raise wrong(key, value, f"a number {low:g}-{high:g}")
    return float(value)


def _is_writable(text: str) -> bool:
    """Whether no half of a surrogate pair is in it, which JSON can hold and UTF-8 cannot."""
    return not any("\ud800" <= c <= "\udfff" for c in text)
