"""What the rows of the table do: give commands, set deadlines, keep the facts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.bot_turn import BotTurn, Clip
from yingda.sansio.turns.facts import Facts, Pending
from yingda.sansio.turns.settings import TurnSettings
from yingda.sansio.turns.wording import looks_complete, sentences

_CLOSING_S = 12.0
_MIN_SILENCE_AFTER_NOISE_S = 2.0
_TALK_OVER_PROTECTED_S = 1.0
_OUTAGE_KNOWN_S = 0.2


class Actions:
    """``do(name, event, now)`` runs the method ``_do_<name>``."""

    def __init__(self, settings: TurnSettings, prompts: Mapping[str, str], commands: deque[cmd.Command]):
        self.facts = Facts()
        self.timers: dict[str, float] = {}
        self._settings, self._prompts = settings, prompts
        self._give = commands.append
        self._silence_due = 0.0

    def do(self, name: str, event: ev.Event, now: float) -> None:
        action: Callable[[ev.Event, float], None] = getattr(self, f"_do_{name}")
        action(event, now)

    def after_note(self, event: ev.Event, now: float) -> None:
        """Consequences that are the same in every state."""
        f = self.facts
        if isinstance(event, ev.TransferRequested):
            self._give(cmd.NoteTransfer(event.target, event.mode, event.summary))
        elif isinstance(event, ev.PlaybackStopped) and f.cut and f.cut.find(event.clip):
            self._note_heard(f.cut, now)
        elif isinstance(event, ev.DialogueRestored) and not isinstance(f.pending, cmd.StartDialogue):
            self._give(cmd.StartDialogue(f.generation, resumed=True))
        if isinstance(event, ev.DialogueRestored | ev.SpeechServiceRestored) and not f.services_gone:
            self._cancel("outage")

    # The dialogue's turn

    def _do_start_dialogue(self, event: ev.Event, now: float) -> None:
        self.facts.connected_at = now
        self.timers["max_call"] = now + self._settings.max_call_s
        self._next_generation()
        self._send(cmd.StartDialogue(self.facts.generation), now)
        self.timers.pop("filler", None)  # "one moment" is no way to answer the telephone

    def _do_say(self, event: ev.Event, now: float) -> None:
        assert isinstance(event, ev.BotSaid)
        self.facts.pending = None
        self._cancel("filler", "outage")
        self._say(event.text, event.interruptible)
        self._do_await_dialogue(event, now)
        self._await_sound(now)

    def _do_await_dialogue(self, event: ev.Event, now: float) -> None:
        self.timers["dialogue"] = now + self._settings.dialogue_deadline_s

    def _do_play_filler(self, event: ev.Event, now: float) -> None:
        self._play("filler", is_filler=True)

    def _do_note_sound(self, event: ev.Event, now: float) -> None:
        assert isinstance(event, ev.PlaybackStarted)
        clip = self.facts.bot.find(event.clip)
        if clip is None or clip.is_filler:
            return
        self._cancel("synthesis", "synthesis_filler")
        if not clip.prompt_key:
            self.facts.failures = 0

    def _do_await_next_clip(self, event: ev.Event, now: float) -> None:
        if self.facts.bot.unfinished:
            self._await_sound(now)
        else:
            self._do_await_dialogue(event, now)
        if self.facts.is_speaking:
            self.timers["barge_in"] = now + self._settings.barge_in_ms / 1000

    def _do_apologise(self, event: ev.Event, now: float) -> None:
        self._say_ourselves("apology", now)

    def _do_ask_again(self, event: ev.Event, now: float) -> None:
        self._say_ourselves("ask_again", now)

    def _do_listen(self, event: ev.Event, now: float) -> None:
        self._drop_recognition()
        self._end_bot_turn(now)
        self.timers["silence"] = self._silence_due = now + self._settings.silence_s
        if self.facts.services_gone:
            self._do_await_recovery(event, now)

    def _do_listen_on(self, event: ev.Event, now: float) -> None:
        self.facts.keys = ""
        self.facts.kept_words = ""
        self.timers["silence"] = max(self._silence_due, now + _MIN_SILENCE_AFTER_NOISE_S)

    def _do_send_silence(self, event: ev.Event, now: float) -> None:
        self.facts.silences += 1
        self._next_generation()
        self._send(cmd.SendSilence(self.facts.generation, self.facts.silences, self.facts.last_heard), now)

    # The customer's turn

    def _do_suspect_barge_in(self, event: ev.Event, now: float) -> None:
        self._cancel("endpoint")
        self.timers["barge_in"] = self.facts.speech_from + self._settings.barge_in_ms / 1000

    def _do_pause(self, event: ev.Event, now: float) -> None:
        self._give(cmd.PausePlayback())
        self.facts.bot.pause(now)
        self._hear(now)
        self.timers["false_barge_in"] = now + self._settings.false_barge_in_s

    def _do_resume(self, event: ev.Event, now: float) -> None:
        f = self.facts
        self._give(cmd.ResumePlayback())
        f.bot.resume(now)
        self._cancel("false_barge_in")
        self._do_await_dialogue(event, now)
        if f.bot.unfinished:
            self._await_sound(now)
        elif f.bot.is_complete and f.bot.has_words:
            self.timers["dialogue"] = now  # it had just said its last word

    def _do_stop_bot(self, event: ev.Event, now: float) -> None:
        self._take_floor(now)
        self.timers["max_turn"] = now + self._settings.max_turn_s
        if not self.facts.is_speaking:
            self._do_await_endpoint(event, now)

    def _do_stop_bot_and_send(self, event: ev.Event, now: float) -> None:
        self._take_floor(now)
        self._do_send_turn(event, now)

    def _do_end_bot_turn_and_hear(self, event: ev.Event, now: float) -> None:
        self._end_bot_turn(now)
        self._silence_due = now + self._settings.silence_s
        self._hear(now)
        self.timers["max_turn"] = now + self._settings.max_turn_s

    def _do_end_bot_turn_and_finish(self, event: ev.Event, now: float) -> None:
        self._end_bot_turn(now)
        self._silence_due = now + self._settings.silence_s
        self._do_finish_recognition(event, now)

    def _do_hear(self, event: ev.Event, now: float) -> None:
        self._cancel("silence", "outage")
        self._hear(now)
        self.timers["max_turn"] = now + self._settings.max_turn_s

    def _do_hear_on(self, event: ev.Event, now: float) -> None:
        self._cancel("endpoint")

    def _do_await_endpoint(self, event: ev.Event, now: float) -> None:
        hints, s = self.facts.hints, self._settings
        is_whole = looks_complete(self.facts.words, hints.expect, hints.max_digits)
        wait_ms = s.endpoint_complete_ms if is_whole else s.endpoint_ms(hints.expect)
        self.timers["endpoint"] = self.facts.quiet_since + wait_ms / 1000

    def _do_finish_recognition(self, event: ev.Event, now: float) -> None:
        self._cancel("endpoint", "max_turn")
        self.facts.finished_at = now
        self.timers["recognition"] = now + self._settings.recognition_deadline_s
        if self.facts.is_recognising and not self.facts.is_half_closed:
            self.facts.is_half_closed = True
            self._give(cmd.FinishRecognition(self.facts.recognition))

    def _do_keep_words_and_hear(self, event: ev.Event, now: float) -> None:
        f = self.facts
        f.kept_words, f.partial = f.words, ""
        turn_from = f.turn_from
        self._cancel("recognition")
        self._hear(now, keep_words=True)
        f.turn_from = turn_from
        self.timers["max_turn"] = now + self._settings.max_turn_s

    def _do_send_turn(self, event: ev.Event, now: float) -> None:
        f = self.facts
        text = f.words
        self._drop_recognition()
        self._next_generation()
        f.turn += 1
        f.silences = 0
        confidence = f.confidence if isinstance(event, ev.FinalTranscribed) else 0.5
        times = self._ms(f.turn_from), self._ms(now if f.is_speaking else f.quiet_since)
        self._send(cmd.SendTurn(f.generation, f.turn, text, confidence, *times, f.last_heard), now)

    def _do_take_floor_by_key(self, event: ev.Event, now: float) -> None:
        self._drop_recognition()
        self._take_floor(now)
        self._do_await_key(event, now)
        limit = self.facts.hints.max_digits
        if self.facts.keys.endswith("#") or (limit and len(self.facts.keys) >= limit):
            self.timers["digits"] = now

    def _do_await_key(self, event: ev.Event, now: float) -> None:
        self.timers["digits"] = now + self._settings.digit_gap_s

    def _do_send_digits(self, event: ev.Event, now: float) -> None:
        f = self.facts
        digits, f.keys, f.silences = f.keys.rstrip("#") or "#", "", 0
        self._next_generation()
        self._send(cmd.SendDigits(f.generation, digits, f.last_heard), now)

    # Trouble

    def _do_await_recovery(self, event: ev.Event, now: float) -> None:
        self.timers.setdefault("outage", now + self._settings.outage_apology_s)

    def _do_apologise_and_wait(self, event: ev.Event, now: float) -> None:
        f = self.facts
        f.unsaid = [(clip.text, clip.interruptible) for clip in f.bot.unfinished if not clip.prompt_key]
        was_complete = f.bot.is_complete
        self._drop_recognition()
        self._end_bot_turn(now)
        self._cancel_all()
        f.bot = BotTurn(f.generation, is_complete=was_complete)
        self._play("outage")
        self.timers["outage"] = now + self._settings.outage_wait_s
        self.timers["give_up"] = now + self._settings.outage_give_up_s

    def _do_keep_for_later(self, event: ev.Event, now: float) -> None:
        assert isinstance(event, ev.BotSaid)
        self.facts.pending = None
        self.facts.unsaid.append((event.text, event.interruptible))

    def _do_ask_to_wait(self, event: ev.Event, now: float) -> None:
        self._play("please_wait")
        self.timers["outage"] = now + self._settings.outage_wait_s

    def _do_send_again(self, event: ev.Event, now: float) -> None:
        f = self.facts
        assert f.pending is not None
        self._cancel("give_up")
        hints, pending = f.asked_hints, f.pending
        self._next_generation()
        self._send(replace(pending, generation=f.generation), now)
        f.asked_hints = hints

    def _do_go_on(self, event: ev.Event, now: float) -> None:
        f = self.facts
        self._cancel("give_up", "outage")
        if not f.unsaid:
            self._say_ourselves("go_on", now, is_failure=False)
            return
        f.bot = BotTurn(f.generation, is_complete=f.bot.is_complete)
        for text, interruptible in f.unsaid:
            self._say(text, interruptible)
        f.unsaid = []
        self._do_await_dialogue(event, now)
        self._await_sound(now)

    # The end

    def _do_give_up(self, event: ev.Event, now: float) -> None:
        self._close("goodbye_failure", "failed", now)

    def _do_say_goodbye(self, event: ev.Event, now: float) -> None:
        self._close("goodbye", getattr(event, "reason", "customer_silent"), now)

    def _do_hang_up(self, event: ev.Event, now: float) -> None:
        reason = self.facts.hang_up_reason or "bot_hung_up"
        self._leave(reason, now)
        self._give(cmd.HangUp(reason))

    def _do_end(self, event: ev.Event, now: float) -> None:
        self._leave(getattr(event, "reason", "customer_hung_up"), now)

    def _leave(self, reason: str, now: float) -> None:
        self._drop_recognition()
        self._end_bot_turn(now)
        self._cancel_all()
        self.timers.clear()
        self._give(cmd.EndDialogue(reason, self.facts.last_heard))

    def _close(self, prompt_key: str, reason: str, now: float) -> None:
        self._say_ourselves(prompt_key, now)
        self._cancel_all()
        self.facts.hang_up_reason = reason
        self.timers["closing"] = now + _CLOSING_S

    # Steps

    def _next_generation(self) -> None:
        self.facts.generation += 1
        self.facts.bot = BotTurn(self.facts.generation)
        self.facts.pending = None
        self.facts.hang_up_reason = None

    def _send(self, message: Pending, now: float) -> None:
        f = self.facts
        self._give(message)
        f.pending, f.last_heard, f.cut = message, None, None
        f.asked_hints, f.hints = f.hints, ev.Hints()
        f.kept_words = f.partial = f.keys = ""
        self._cancel_all()
        self.timers["filler"] = now + self._settings.dialogue_filler_s
        self.timers["dialogue"] = now + self._settings.dialogue_deadline_s
        if "dialogue" in f.services_gone:
            self.timers["outage"] = now + _OUTAGE_KNOWN_S
        if f.is_speaking:
            self.timers["barge_in"] = now + self._settings.barge_in_ms / 1000

    def _say(self, text: str, interruptible: bool) -> None:
        for sentence in sentences(text):
            clip = self._new_clip(sentence, interruptible)
            self._give(cmd.Synthesise(clip.number, self.facts.generation, sentence))

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
        self.timers.setdefault("synthesis_filler", now + self._settings.synthesis_filler_s)
        self.timers.setdefault("synthesis", now + self._settings.synthesis_deadline_s)

    def _end_bot_turn(self, now: float) -> None:
        """Write down what was heard and silence what is left of it."""
        bot = self.facts.bot
        self._note_heard(bot, now)
        if bot.unfinished or bot.paused_at is not None:
            self._give(cmd.StopPlayback())
            self.facts.cut = bot
        bot.is_complete = True
        self._cancel("dialogue", "filler", "synthesis", "synthesis_filler", "barge_in", "false_barge_in")

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
            f.kept_words = ""
        since = speech_from - self._settings.preroll_ms / 1000
        self._give(cmd.StartRecognition(f.recognition, since, f.hints.boost))

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
