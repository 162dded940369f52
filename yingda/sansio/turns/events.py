"""What has happened: the events that a TurnMachine is told, in the past tense.

Moments are seconds on the clock that also gives ``now``; durations carry their unit in the name.
``clip`` numbers one piece of bot audio, ``recognition`` one recognition stream, ``generation`` one bot turn:
all three are given out by the machine, and an event with a number that it no longer follows is stale.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CallConnected:
    """The call is answered and audio flows."""


@dataclass(frozen=True)
class SpeechStarted:
    """The customer's voice began at ``at`` (the first voiced frame)."""

    at: float


@dataclass(frozen=True)
class SpeechEnded:
    """The customer has been quiet since ``at`` (the end of the last voiced frame)."""

    at: float


@dataclass(frozen=True)
class PartialTranscribed:
    """What recognition makes of the turn so far; may change."""

    recognition: int
    text: str


@dataclass(frozen=True)
class FinalTranscribed:
    """The whole turn; will not change."""

    recognition: int
    text: str
    confidence: float = 1.0


@dataclass(frozen=True)
class RecognitionFailed:
    """This recognition stream broke; another may well work."""

    recognition: int


@dataclass(frozen=True)
class SpeechServiceFailed:
    """The speech server is gone: no recognition, no synthesis until SpeechServiceRestored."""


@dataclass(frozen=True)
class SpeechServiceRestored:
    """The speech server answers again."""


@dataclass(frozen=True)
class SynthesisFinished:
    """All audio of the clip has been made; it lasts ``total_ms``."""

    clip: int
    total_ms: int


@dataclass(frozen=True)
class SynthesisFailed:
    """No (further) audio will come for the clip."""

    clip: int


@dataclass(frozen=True)
class BotSaid:
    """The dialogue wants this said."""

    generation: int
    text: str
    interruptible: bool = True


@dataclass(frozen=True)
class Hints:
    """What the dialogue expects the customer to say next."""

    expect: str = "free"
    max_digits: int | None = None
    boost: tuple[str, ...] = ()


@dataclass(frozen=True)
class BotListened:
    """The dialogue says what it expects next."""

    generation: int
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True)
class BotTurnDone:
    """The dialogue has nothing more to say in this turn."""

    generation: int


@dataclass(frozen=True)
class DialogueFailed:
    """The dialogue could not answer this turn; the link to it is alive."""

    generation: int


@dataclass(frozen=True)
class DialogueLost:
    """The link to the dialogue is gone until DialogueRestored."""


@dataclass(frozen=True)
class DialogueRestored:
    """The link to the dialogue is up again."""


@dataclass(frozen=True)
class HangUpRequested:
    """The dialogue wants the call ended once this turn has been said."""

    generation: int
    reason: str


@dataclass(frozen=True)
class TransferRequested:
    """The dialogue hands the call over."""

    generation: int
    target: str
    mode: str
    summary: str


@dataclass(frozen=True)
class PlaybackStarted:
    """The first sample of the clip went out at ``at``."""

    clip: int
    at: float


@dataclass(frozen=True)
class PlaybackFinished:
    """The last sample of the clip went out."""

    clip: int


@dataclass(frozen=True)
class PlaybackStopped:
    """The clip was cut after ``played_ms`` of it had gone out."""

    clip: int
    played_ms: int


@dataclass(frozen=True)
class DigitReceived:
    """The customer pressed one key: 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True)
class CustomerHungUp:
    """The call is over from the other side, or its audio has died."""

    reason: str = "customer_hung_up"


@dataclass(frozen=True)
class CloseRequested:
    """The operator ends the call politely (a drain, an API call)."""

    reason: str = "closed_by_operator"


@dataclass(frozen=True)
class TimerFired:
    """A deadline of the machine's own has passed."""

    name: str


Event = (
    CallConnected
    | SpeechStarted
    | SpeechEnded
    | PartialTranscribed
    | FinalTranscribed
    | RecognitionFailed
    | SpeechServiceFailed
    | SpeechServiceRestored
    | SynthesisFinished
    | SynthesisFailed
    | BotSaid
    | BotListened
    | BotTurnDone
    | DialogueFailed
    | DialogueLost
    | DialogueRestored
    | HangUpRequested
    | TransferRequested
    | PlaybackStarted
    | PlaybackFinished
    | PlaybackStopped
    | DigitReceived
    | CustomerHungUp
    | CloseRequested
    | TimerFired
)
