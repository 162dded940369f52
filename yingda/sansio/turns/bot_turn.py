"""One bot turn as it is played: which clips, how far, and so which words the customer has heard."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from yingda.sansio.turns.commands import HeardTurn
from yingda.sansio.turns.wording import prefix

# Used only while the length of a clip is not yet known: slow telephone Mandarin, 4.5 characters a second.
_MS_PER_CHARACTER = 220


@dataclass
class Clip:
    """One piece of audio.  ``prompt_key`` names a fixed prompt; a filler does not belong to what is said.

    ``markup`` is what the speech server is given for the words of ``text``.
    """

    number: int
    text: str
    interruptible: bool = True
    markup: str = ""
    prompt_key: str = ""
    is_filler: bool = False
    total_ms: int | None = None
    started_at: float | None = None
    held_s: float = 0.0
    played_ms: int | None = None
    is_finished: bool = False

    @property
    def is_playing(self) -> bool:
        return self.started_at is not None and not self.is_finished

    def share_played(self, now: float) -> float:
        """0-1, by the player's own count where it has given one, else by the clock."""
        if self.is_finished:
            return 1.0
        played = self.played_ms
        if played is None:
            played = 0 if self.started_at is None else int((now - self.started_at - self.held_s) * 1000)
        total = self.total_ms or max(1, len(self.text)) * _MS_PER_CHARACTER
        return max(0.0, min(1.0, played / total))


@dataclass
class BotTurn:
    """All clips of one generation, in the order they are played."""

    generation: int
    clips: list[Clip] = field(default_factory=list)
    is_complete: bool = False  # the dialogue has said TurnDone
    paused_at: float | None = None

    def find(self, number: int) -> Clip | None:
        return next((clip for clip in self.clips if clip.number == number), None)

    @property
    def unfinished(self) -> list[Clip]:
        return [clip for clip in self.clips if not clip.is_finished]

    @property
    def has_words(self) -> bool:
        return any(not clip.is_filler for clip in self.clips)

    @property
    def current(self) -> Clip | None:
        """The clip on the line, or the next one due."""
        return next(iter(self.unfinished), None)

    @property
    def is_interruptible(self) -> bool:
        return self.current is None or self.current.interruptible

    @property
    def is_on_last_clip(self) -> bool:
        return self.is_complete and len(self.unfinished) <= 1

    def pause(self, now: float) -> None:
        if self.paused_at is None:
            self.paused_at = now

    def resume(self, now: float) -> None:
        if self.paused_at is not None and self.current is not None and self.current.started_at is not None:
            self.current.held_s += now - max(self.paused_at, self.current.started_at)
        self.paused_at = None

    def break_off(self, now: float) -> list[Clip]:
        """Take out and give back what is not said to its end; the part that was heard of it stays."""
        moment = now if self.paused_at is None else self.paused_at
        rest, kept = self.unfinished, []
        for clip in self.clips:
            said = clip.text if clip.is_finished else prefix(clip.text, clip.share_played(moment))
            if said:
                kept.append(replace(clip, text=said, is_finished=True))
        self.clips, self.paused_at = kept, None
        return rest

    def let_finish(self) -> None:
        """What is on the line will be heard to its end; what is not yet there will not be."""
        self.clips = [clip for clip in self.clips if clip.is_finished or clip.is_playing]
        for clip in self.clips:
            clip.is_finished = True

    def heard(self, now: float) -> HeardTurn | None:
        """What was heard so far; None when the turn holds no words."""
        if not self.has_words:
            return None
        words = [clip for clip in self.clips if not clip.is_filler]
        moment = now if self.paused_at is None else self.paused_at
        intended = "".join(clip.text for clip in words)
        heard = "".join(prefix(clip.text, clip.share_played(moment)) for clip in words)
        return HeardTurn(self.generation, intended, heard, interrupted=heard != intended)
