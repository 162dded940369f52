"""The steps that the actions of the turn machine are made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.bot_turn import BotTurn, Clip
from yingda.sansio.turns.facts import Facts, Pending
from yingda.sansio.turns.guards import customer_may_go_on
from yingda.sansio.turns.markup import pieces
from yingda.sansio.turns.settings import TurnSettings

_TALK_OVER_PROTECTED_S = 1.0
_OUTAGE_KNOWN_S = 0.2
_LONGEST_PAUSE_S = 2.0


class Steps:
    """Facts, deadlines and the commands given; see actions.Actions."""

    def __init__(self, settings: TurnSettings, prompts: Mapping[str, str], commands: deque[cmd.Command]):
        self.facts = Facts()
        self.timers: dict[str, float] = {}
        self._settings, self._prompts = settings, prompts
        self._fillers = [key for key in prompts if key.startswith("filler")]
        self._give = commands.append
        self._silence_due = 0.0

    def _next_generation(self) -> None:
        self.facts.generation += 1
        self.facts.bot = BotTurn(self.facts.generation)
        self.facts.pending = None
        self.facts.hang_up_reason = None
        self.facts.replaces = None

    def _send(self, message: Pending, now: float) -> None:
        f = self.facts
        self._give(message)
        f.pending, f.last_heard, f.cut = message, None, None
        f.asked_hints, f.hints = f.hints, ev.Hints()
        f.sent = message if isinstance(message, cmd.SendTurn) else None
        f.partial = f.keys = ""
        self._keep_words("")
        self._cancel_all()
        self._await_filler(now)
        self.timers["dialogue"] = now + self._settings.dialogue_deadline_s
        if "dialogue" in f.services_gone:
            self.timers["outage"] = now + _OUTAGE_KNOWN_S
        if f.is_speaking:
            self.timers["barge_in"] = now + self._settings.barge_in_ms / 1000

    def _say(self, text: str, interruptible: bool) -> None:
        for piece in pieces(text):
            clip = self._new_clip(piece.words, interruptible)
            clip.markup = piece.markup
            self._give(cmd.Synthesise(clip.number, self.facts.generation, piece.markup))

    def _play(self, prompt_key: str, is_filler: bool = False) -> None:
        clip = self._new_clip(self._prompts.get(prompt_key, ""), interruptible=prompt_key != "outage")
        clip.prompt_key, clip.is_filler = prompt_key, is_filler
        self._give(cmd.PlayFallback(clip.number, self.facts.generation, prompt_key))

    def _new_clip(self, text: str, interruptible: bool) -> Clip:
        self.facts.last_clip += 1
        clip = Clip(self.facts.last_clip, text, interruptible)
        self.facts.bot.clips.append(clip)
        return clip

    def _say_ourselves(self, prompt_key: str, now: float, is_failure: bool = True) -> None:
        """A bot turn that needs no service; what the dialogue would still say to the old one is stale."""
        f = self.facts
        self._drop_recognition()
        hints = f.hints if f.pending is None else f.asked_hints
        self._end_bot_turn(now)
        self._cancel_all()
        self._next_generation()
        f.hints = hints
        f.failures += is_failure
        f.bot.is_complete = True
        self._play(prompt_key)

    def _await_sound(self, now: float) -> None:
        """The clip that is due must sound in time."""
        if any(clip.is_playing for clip in self.facts.bot.clips):
            return
        self._await_filler(now)
        self.timers.setdefault("synthesis", now + self._settings.synthesis_deadline_s)

    def _await_filler(self, now: float) -> None:
        """One filler a turn, when nothing is heard of the answer in time, whoever is slow."""
        after_ms = self._settings.filler_after_ms
        if after_ms and self._fillers and not any(clip.is_filler for clip in self.facts.bot.clips):
            self.timers.setdefault("filler", now + after_ms / 1000)

    def _end_bot_turn(self, now: float) -> None:
        """Write down what was heard and silence what is left of it."""
        bot = self.facts.bot
        self._note_heard(bot, now)
        if bot.unfinished or bot.paused_at is not None:
            self._give(cmd.StopPlayback())
            self.facts.cut = bot
        bot.is_complete = True
        self.facts.sent = None
        self._cancel("dialogue", "filler", "synthesis", "barge_in", "false_barge_in")

    def _note_heard(self, bot: BotTurn, now: float) -> None:
        heard = bot.heard(now)
        if heard is not None and heard != self.facts.last_heard:
            self.facts.last_heard = heard
            self._give(cmd.NoteBotTurn(heard))

    def _take_floor(self, now: float) -> None:
        """The turn is the customer's now."""
        f = self.facts
        hints = f.hints if f.pending is None else f.asked_hints
        self._end_bot_turn(now)
        self._cancel_all()
        self._next_generation()
        f.bot.is_complete = True
        f.hints = hints

    def _hear(self, now: float, keep_words: bool = False) -> None:
        f = self.facts
        if f.is_recognising and not f.is_half_closed:
            return
        self._drop_recognition()
        speech_from = max(f.speech_from, now - _TALK_OVER_PROTECTED_S)
        f.recognition += 1
        f.is_recognising, f.is_half_closed, f.partial, f.turn_from = True, False, "", speech_from
        if not keep_words:
            self._keep_words("")
        hints = f.hints if f.pending is None else f.asked_hints
        since = self._audio_since(now, speech_from, is_same_turn=keep_words)
        self._give(cmd.StartRecognition(f.recognition, since, hints.boost))

    def _audio_since(self, now: float, speech_from: float, is_same_turn: bool) -> float:
        """Between two streams of one turn no audio is lost, and none that holds words is heard twice."""
        f = self.facts
        since = speech_from - self._settings.preroll_ms / 1000
        if is_same_turn or customer_may_go_on(f, self._settings):
            since = min(since, max(f.finished_at, now - _LONGEST_PAUSE_S))
        return max(since, f.finished_at if f.was_cut else f.quiet_since)

    def _keep_words(self, words: str, confidence: float = 1.0) -> None:
        self.facts.kept_words, self.facts.kept_confidence = words, confidence

    def _drop_recognition(self) -> None:
        if self.facts.is_recognising:
            self.facts.is_recognising = False
            self._give(cmd.CancelRecognition(self.facts.recognition))

    def _ms(self, moment: float) -> int:
        return max(0, round((moment - self.facts.connected_at) * 1000))

    def _cancel(self, *names: str) -> None:
        for name in names:
            self.timers.pop(name, None)

    def _cancel_all(self) -> None:
        self._cancel(*(name for name in list(self.timers) if name != "max_call"))
