"""What the turn machine knows; events are noted here before the table is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from yingda.sansio.turns import events as ev
from yingda.sansio.turns.bot_turn import BotTurn
from yingda.sansio.turns.commands import HeardTurn, SendDigits, SendSilence, SendTurn, StartDialogue

Pending = StartDialogue | SendTurn | SendSilence | SendDigits


@dataclass
class Facts:
    """Moments are seconds on the clock of ``now``."""

    connected_at: float = 0.0
    generation: int = 0
    turn: int = 0
    last_clip: int = 0
    # The customer's voice.
    is_speaking: bool = False
    speech_from: float = 0.0
    quiet_since: float = 0.0
    finished_at: float = 0.0  # the last stream was given all audio until then
    was_cut: bool = False  # and the customer was still speaking
    turn_from: float = 0.0
    # Recognition: the present stream, what it has given, and words kept from the stream before it.
    recognition: int = 0
    is_recognising: bool = False
    is_half_closed: bool = False
    partial: str = ""
    confidence: float = 0.0
    kept_words: str = ""
    kept_confidence: float = 1.0
    keys: str = ""
    # Continuation: the turn that the bot is about to answer, and the one that the present turn replaces.
    sent: SendTurn | None = None
    replaces: int | None = None
    joins: int = 0
    paused_by: float = 0.0  # where the sound began that paused the bot
    has_held: bool = False
    # The bot.
    bot: BotTurn = field(default_factory=lambda: BotTurn(0))
    cut: BotTurn | None = None
    last_heard: HeardTurn | None = None
    hints: ev.Hints = field(default_factory=ev.Hints)
    asked_hints: ev.Hints = field(default_factory=ev.Hints)
    hang_up_reason: str | None = None
    unsaid: list[tuple[str, bool]] = field(default_factory=list)
    fillers: int = 0
    # Trouble.
    pending: Pending | None = None
    silences: int = 0
    failures: int = 0
    services_gone: set[str] = field(default_factory=set)

    @property
    def words(self) -> str:
        """All words of the customer's present turn so far."""
        return self.kept_words + self.partial

    def is_stale(self, event: ev.Event) -> bool:
        """The event belongs to a bot turn or a recognition that is over."""
        generation = getattr(event, "generation", self.generation)
        recognition = getattr(event, "recognition", self.recognition)
        gone = not self.is_recognising and hasattr(event, "recognition")
        return bool(generation != self.generation or recognition != self.recognition or gone)

    def note(self, event: ev.Event) -> None:
        """Write down what the event says; decide nothing."""
        match event:
            case ev.SpeechStarted(at):
                self.is_speaking, self.speech_from = True, at
            case ev.SpeechEnded(at):
                self.is_speaking, self.quiet_since = False, at
            case ev.PartialTranscribed(_, text):
                self.partial = text
            case ev.FinalTranscribed(_, text, confidence):
                self.confidence = confidence if text else 0.5 if self.partial else 1.0
                self.partial = text or self.partial  # the last final of a stream may be empty
                self.is_recognising = False
            case ev.RecognitionFailed():
                self.is_recognising = False
            case ev.DigitReceived(digit):
                self.keys += digit
            case ev.SpeechServiceFailed():
                self.services_gone.add("speech")
                self.is_recognising = False
            case ev.SpeechServiceRestored():
                self.services_gone.discard("speech")
            case ev.DialogueLost():
                self.services_gone.add("dialogue")
                self.bot.is_complete = self.bot.is_complete or self.bot.has_words
            case ev.DialogueRestored():
                self.services_gone.discard("dialogue")
            case _:
                self._note_bot(event)

    def _note_bot(self, event: ev.Event) -> None:
        match event:
            case ev.BotListened(_, hints):
                self.hints = hints
            case ev.BotTurnDone():
                self.bot.is_complete = True
            case ev.DialogueFailed():
                self.bot.is_complete = self.bot.has_words
            case ev.BotSaid(_, _, interruptible):
                self.sent = self.sent if interruptible else None  # this answer stands
            case ev.HangUpRequested(_, reason):
                self.hang_up_reason, self.sent = reason, None
            case ev.TransferRequested():
                self.sent = None
            case ev.SynthesisFinished(number, total_ms):
                self._change_clip(number, total_ms=total_ms)
            case ev.PlaybackStarted(number, at):
                self._change_clip(number, started_at=at)
            case ev.PlaybackFinished(number):
                self._change_clip(number, is_finished=True)
            case ev.PlaybackStopped(number, played_ms):
                self._change_clip(number, played_ms=played_ms)

    def _change_clip(self, number: int, **values: object) -> None:
        for turn in (self.bot, self.cut):
            for i, clip in enumerate(turn.clips if turn else ()):
                if turn and clip.number == number:
                    turn.clips[i] = replace(clip, **values)  # type: ignore[arg-type]
