"""What to do while the CRM fails: when to ask again, and when to stop asking. A core: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_WAIT_S = 0.03
LEAST_LEFT_S = 0.02  # of the deadline: with less there is no use in asking


class Breaker:
    """Stops asking after some failures in a row, and lets one question through from time to time.

    Closed: all may ask. Open: nobody, for `open_s`. Then half open: one may, the probe; its success closes
    the breaker, its failure opens it again. A probe that is never heard of again is given up after `open_s`.
    """

    def __init__(self, failures: int, open_s: float) -> None:
        """Open after so many `failures` in a row, for `open_s` seconds."""
        self._most, self._open_s = failures, open_s
        self._failures = 0
        self._until: float | None = None  # while open: when the next may ask

    def state(self, now: float) -> str:
        """closed, open or half_open."""
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half_open"

    def admits(self, now: float) -> bool:
        """Whether to ask now. In half open only the first is told yes."""
        if self._until is None:
            return True
        if now < self._until:
            return False
        self._until = now + self._open_s  # this is the probe; the others wait for what becomes of it
        return True

    def succeeded(self) -> None:
        """It answered."""
        self._failures, self._until = 0, None

    def failed(self, now: float, fair: bool = True) -> bool:
        """It did not answer; `fair`: it was given the usual time. Who hurries learns nothing about it, so an
        unfair failure counts only while open. Returns whether the breaker opened by this."""
        if self._until is not None:
            self._until = now + self._open_s
            return False
        self._failures += 1 if fair else 0
        if self._failures < self._most:
            return False
        self._until = now + self._open_s
        return True


@dataclass(frozen=True)
class Retries:
    """How often a read is tried within its deadline. Waits double; chance spreads those of many callers."""

    attempts: int = 3

    def wait_s(self, attempt: int, left_s: float, chance: float, told_s: float = 0.0) -> float | None:
        """Seconds to wait after the failed `attempt` (1 is the first), or None to give up.

        `left_s` is left of the deadline; `chance` in [0, 1); `told_s` is what the CRM itself asked for.
        """
        wait = max(FIRST_WAIT_S * 2.0 ** (attempt - 1) * (0.5 + chance), told_s)
        if attempt >= self.attempts or wait + LEAST_LEFT_S >= left_s:
            return None
        return wait
