"""Languages of models that have to be told which one is spoken."""

from __future__ import annotations

from collections.abc import Collection


def resolve(wanted: str, known: Collection[str]) -> str | None:
    """The name in `known` that `wanted` means: zh-CN, zh_cn and zh all mean zh-CN, where it is the first
    of zh. None when there is none."""
    if wanted in known:
        return wanted
    plain = wanted.replace("_", "-").lower()
    by_plain = {name.replace("_", "-").lower(): name for name in reversed([*known])}
    if plain in by_plain:
        return by_plain[plain]
    return next((name for name in known if name.lower().startswith(plain + "-")), None) if plain else None


def listed(known: Collection[str], most: int = 60) -> str:
    """For messages."""
    names = sorted(known)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
