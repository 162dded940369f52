"""What is to be done: the commands that a TurnMachine gives, in the imperative."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeardTurn:
    """How much of a bot turn was heard; ``heard`` is a prefix of ``intended``."""

    generation: int
    intended: str
    heard: str
    interrupted: bool


@dataclass(frozen=True)
class StartDialogue:
    """Tell the dialogue that the call has begun, or (``resumed``) that it goes on after the link was lost."""

    generation: int
    resumed: bool = False


@dataclass(frozen=True)
class EndDialogue:
    """Tell the dialogue that the call is over, and let go of it."""

    reason: str
    heard: HeardTurn | None


@dataclass(frozen=True)
class StartRecognition:
    """Open a stream and send it the audio from ``since`` (seconds) on, with these words favoured."""

    recognition: int
    since: float
    boost: tuple[str, ...] = ()


@dataclass(frozen=True)
class FinishRecognition:
    """Half-close the stream: no more audio, the final transcript is wanted now."""

    recognition: int


@dataclass(frozen=True)
class CancelRecognition:
    """Drop the stream; whatever it would say is of no interest."""

    recognition: int


@dataclass(frozen=True)
class SendTurn:
    """Send the dialogue one customer turn; milliseconds count from the connection of the call.

    ``replaces`` is the number of an earlier turn, sent too early, whose words this one begins with.
    """

    generation: int
    turn: int
    text: str
    confidence: float
    started_ms: int
    ended_ms: int
    heard: HeardTurn | None
    replaces: int | None = None


@dataclass(frozen=True)
class SendSilence:
    """Tell the dialogue that nobody spoke, for the ``count``-th time in a row."""

    generation: int
    count: int
    heard: HeardTurn | None


@dataclass(frozen=True)
class SendDigits:
    """Send the dialogue the keys that were pressed."""

    generation: int
    digits: str
    heard: HeardTurn | None


@dataclass(frozen=True)
class Synthesise:
    """Make audio of ``text`` and append it to the line as ``clip``."""

    clip: int
    generation: int
    text: str


@dataclass(frozen=True)
class PlayFallback:
    """Append the fixed prompt ``prompt_key`` to the line as ``clip``; it needs no other service."""

    clip: int
    generation: int
    prompt_key: str


@dataclass(frozen=True)
class PausePlayback:
    """Silence the line at once and keep the place."""


@dataclass(frozen=True)
class ResumePlayback:
    """Go on from where the line was paused."""


@dataclass(frozen=True)
class StopPlayback:
    """Silence the line at once, drop all audio queued and being made."""


@dataclass(frozen=True)
class NoteBotTurn:
    """A bot turn is over; this is what of it was heard (for the record)."""

    heard: HeardTurn


@dataclass(frozen=True)
class NoteTransfer:
    """The dialogue has handed the call over (for the record)."""

    target: str
    mode: str
    summary: str


@dataclass(frozen=True)
class HangUp:
    """End the call."""

    reason: str


Command = (
    StartDialogue
    | EndDialogue
    | StartRecognition
    | FinishRecognition
    | CancelRecognition
    | SendTurn
    | SendSilence
    | SendDigits
    | Synthesise
    | PlayFallback
    | PausePlayback
    | ResumePlayback
    | StopPlayback
    | NoteBotTurn
    | NoteTransfer
    | HangUp
)
