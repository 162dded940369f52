"""What a recognition stream needs to go on after its connection broke. No I/O, no clock: time is an argument.

`TurnAudio` keeps the audio that no final has covered, and tells which results are new. Positions are
in samples since the beginning of the turn. `Patience` says when to try again.
"""

from __future__ import annotations

LONGEST_S = 30.0  # of audio that is kept: no utterance lasts longer
LEAD_S = 0.32  # sent again from before a final that came in silence: in it the next word may have begun
_BYTES = 2  # a sample
_WAITS_S = (0.05, 0.1, 0.2, 0.4)  # before the first tries; the last one before all further


class TurnAudio:
    """The audio of one customer turn, as it goes over one connection after another."""

    def __init__(self, rate: int) -> None:
        """`rate` in Hz; audio is 16-bit PCM."""
        self._rate = rate
        self._kept = bytearray()
        self._kept_from = 0
        self._covered = 0  # by finals
        self._base = 0  # where the present connection began
        self._sent = 0
        self._told = 0  # how far the audio went of which a partial was told
        self._changed = 0  # how far it went when the words last grew
        self._lead = 0  # of the audio before `_covered` that is sent again
        self._is_unsure = False

    @property
    def end(self) -> int:
        """How much audio the turn has."""
        return self._kept_from + len(self._kept) // _BYTES

    @property
    def is_covered(self) -> bool:
        """Whether the finals cover all audio: nothing is left to recognise."""
        return self.end > 0 and self._covered >= self.end

    def write(self, pcm: bytes) -> None:
        """More audio. What is older than can be kept goes."""
        self._kept += pcm
        self._drop(self.end - round(LONGEST_S * self._rate))

    def connect(self) -> bool:
        """A connection begins. False when what it would have to repeat is gone, or it is not known what the
        finals covered: then words would be lost, or come twice."""
        start = max(0, self._covered - self._lead)
        self._base = self._sent = self._changed = start
        return start >= self._kept_from and not self._is_unsure

    def take(self, longest_s: float) -> bytes:
        """The next audio to send on the present connection, b"" when there is none."""
        first = max(0, self._sent - self._kept_from) * _BYTES
        data = bytes(self._kept[first : first + round(longest_s * self._rate) * _BYTES])
        self._sent = max(self._sent, self._kept_from) + len(data) // _BYTES
        return data

    def partial(self, processed_s: float) -> bool:
        """Whether a partial transcript of so much of the connection's audio is to be told: not while replayed
        audio has not come to where the caller was before."""
        at = self._changed = self._base + round(processed_s * self._rate)
        if at < self._told:
            return False
        self._told = at
        return True

    def final(self, processed_s: float) -> None:
        """A final transcript covers so much of the connection's audio."""
        if processed_s <= 0:
            self._is_unsure = True  # a server that does not say how far it is
            return
        lead = round(LEAD_S * self._rate)
        self._covered = max(self._covered, min(self.end, self._base + round(processed_s * self._rate)))
        # A final may also come right behind a word, which would be heard twice.
        self._lead = lead if self._covered - self._changed >= 2 * lead else 0
        self._told, self._changed = max(self._told, self._covered), self._covered
        self._drop(min(self._sent, self._covered - lead))

    def _drop(self, before: int) -> None:
        if before > self._kept_from:
            del self._kept[: (before - self._kept_from) * _BYTES]
            self._kept_from = before


class Patience:
    """How long a broken stream is taken up again; one that went on for longer than that begins anew. `now` is
    in seconds of any monotonic clock."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._until: float | None = None
        self._tried_at = 0.0
        self._tries = 0

    def trying(self, now: float) -> None:
        """A stream is opened."""
        self._tried_at = now

    def broke(self, now: float, pushback_s: float | None = None) -> float | None:
        """Seconds to wait before the next try, None to give up. `pushback_s` is what the server asked for."""
        if self._until is None or now - self._tried_at > self._limit_s:
            self._until, self._tries = now + self._limit_s, 0
        wait_s = _WAITS_S[min(self._tries, len(_WAITS_S) - 1)] if pushback_s is None else pushback_s
        self._tries += 1
        return wait_s if now + wait_s <= self._until else None

    def left_s(self, now: float) -> float:
        """How long a try may still take to find the server."""
        return 0.0 if self._until is None else max(0.0, self._until - now)
