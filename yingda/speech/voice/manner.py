"""How a text is to be said: by which voice, how fast, how high, how loud; and what wishes mean in sum."""

from __future__ import annotations

from dataclasses import dataclass

SLOWEST, FASTEST = 0.25, 4.0  # pace
LOWEST, HIGHEST = -6.0, 6.0  # pitch in semitones; beyond it nobody sounds like a person
SOFTEST_DB, LOUDEST_DB = -96.0, 12.0  # volume; the softest is silence


class MannerError(ValueError):
    """Wishes that cannot be met, each alone or in sum; the text says which and what is possible."""


@dataclass(frozen=True)
class Manner:
    """`voice`: its name, empty for the one that would speak anyway. `pace` multiplies, the others add."""

    voice: str = ""
    pace: float = 1.0
    pitch_semitones: float = 0.0
    volume_db: float = 0.0

    def with_inner(self, inner: Manner) -> Manner:
        """What holds for a part of the text that has wishes of its own."""
        return Manner(
            inner.voice or self.voice,
            self.pace * inner.pace,
            self.pitch_semitones + inner.pitch_semitones,
            max(SOFTEST_DB, self.volume_db + inner.volume_db),
        )

    def check(self, where: str) -> None:
        """Raises MannerError for a sum outside the limits; `where` tells what was added up."""
        for name, value, low, high in (
            ("pace", self.pace, SLOWEST, FASTEST),
            ("pitch in semitones", self.pitch_semitones, LOWEST, HIGHEST),
            ("volume in dB", self.volume_db, SOFTEST_DB, LOUDEST_DB),
        ):
            if not low <= value <= high:
                raise MannerError(f"{name} {where} is {value:g}, expected {low:g} to {high:g}")


AS_SET = Manner()
"""No wishes: as the settings have it."""
