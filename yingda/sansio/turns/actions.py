"""What the rows of the table do: give commands, set deadlines, keep the facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.guards import words_are_unfinished
from yingda.sansio.turns.steps import Steps
from yingda.sansio.turns.wording import digits_are_missing, looks_complete

_CLOSING_S = 12.0
_MIN_SILENCE_AFTER_NOISE_S = 2.0
_HOLD_S = 2.0
_FILLER_LATER_S = 0.4


class Actions(Steps):
    """``do(name, event, now)`` runs the method ``_do_<name>``."""

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
        self._cancel("outage")
        self._say(event.text, event.interruptible)
        self._do_await_dialogue(event, now)
        self._await_sound(now)

    def _do_await_dialogue(self, event: ev.Event, now: float) -> None:
        self.timers["dialogue"] = now + self._settings.dialogue_deadline_s

    def _do_play_filler(self, event: ev.Event, now: float) -> None:
        """The answer queues behind it: words that break off in the middle sound worse than half a second."""
        self._play(self._fillers[self.facts.fillers % len(self._fillers)], is_filler=True)
        self.facts.fillers += 1

    def _do_delay_filler(self, event: ev.Event, now: float) -> None:
        """Never over the customer's voice."""
        self.timers["filler"] = now + _FILLER_LATER_S

    def _do_note_sound(self, event: ev.Event, now: float) -> None:
        assert isinstance(event, ev.PlaybackStarted)
        clip = self.facts.bot.find(event.clip)
        if clip is None or clip.is_filler:
            return
        self._cancel("synthesis", "filler")
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
        self._keep_words("")
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
        self._hear(now)
        self.facts.bot.pause(now)
        self.facts.paused_by, self.facts.has_held = self.facts.speech_from, False
        self.timers["false_barge_in"] = now + self._settings.false_barge_in_s

    def _do_hold_on(self, event: ev.Event, now: float) -> None:
        self.facts.has_held = True
        self.timers["false_barge_in"] = now + _HOLD_S

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
        self._hear_out(event, now)

    def _hear_out(self, event: ev.Event, now: float) -> None:
        self.timers["max_turn"] = now + self._settings.max_turn_s
        if not self.facts.is_speaking:
            self._do_await_endpoint(event, now)

    def _do_stop_bot_and_send(self, event: ev.Event, now: float) -> None:
        self._take_floor(now)
        self._do_send_turn(event, now)

    def _do_join_turn(self, event: ev.Event, now: float) -> None:
        self._join(now)
        self._hear_out(event, now)

    def _do_join_turn_and_send(self, event: ev.Event, now: float) -> None:
        self._join(now)
        self._do_send_turn(event, now)

    def _join(self, now: float) -> None:
        """The answer is cancelled; the words that it was for are the beginning of the present turn."""
        f = self.facts
        sent, hints = f.sent, f.asked_hints
        assert sent is not None
        self._take_floor(now)
        f.hints, f.replaces, f.joins = hints, sent.turn, f.joins + 1
        f.turn_from = f.connected_at + sent.started_ms / 1000
        self._keep_words(sent.text, sent.confidence)

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
        if digits_are_missing(self.facts.words, hints.expect, hints.max_digits):
            wait_ms = max(wait_ms, s.endpoint_more_digits_ms)
        if words_are_unfinished(self.facts, s):
            wait_ms = max(wait_ms, s.endpoint_unfinished_ms)
        self.timers["endpoint"] = self.facts.quiet_since + wait_ms / 1000

    def _do_finish_recognition(self, event: ev.Event, now: float) -> None:
        self._cancel("endpoint", "max_turn")
        self.facts.finished_at, self.facts.was_cut = now, self.facts.is_speaking
        self.timers["recognition"] = now + self._settings.recognition_deadline_s
        if self.facts.is_recognising and not self.facts.is_half_closed:
            self.facts.is_half_closed = True
            self._give(cmd.FinishRecognition(self.facts.recognition))

    def _do_forget_recognition(self, event: ev.Event, now: float) -> None:
        self._drop_recognition()

    def _do_keep_words_and_hear(self, event: ev.Event, now: float) -> None:
        f = self.facts
        self._keep_words(f.words, self._confidence(event))
        f.partial, turn_from = "", f.turn_from
        self._cancel("recognition")
        self._hear(now, keep_words=True)
        f.turn_from = turn_from
        self.timers["max_turn"] = turn_from + self._settings.max_turn_s

    def _do_keep_words_and_wait(self, event: ev.Event, now: float) -> None:
        self._do_keep_words_and_hear(event, now)
        self._do_await_endpoint(event, now)

    def _do_send_turn(self, event: ev.Event, now: float) -> None:
        f = self.facts
        text, replaces, confidence = f.words, f.replaces, self._confidence(event)
        self._drop_recognition()
        self._next_generation()
        f.turn += 1
        f.silences = 0
        f.joins = 0 if replaces is None else f.joins
        times = self._ms(f.turn_from), self._ms(now if f.is_speaking else f.quiet_since)
        self._send(cmd.SendTurn(f.generation, f.turn, text, confidence, *times, f.last_heard, replaces), now)

    def _confidence(self, event: ev.Event) -> float:
        """Of all words so far; a partial that had to be taken for the final one is as likely wrong."""
        f = self.facts
        is_partial = not isinstance(event, ev.FinalTranscribed) and f.partial
        return min(f.kept_confidence, 0.5 if is_partial else f.confidence)

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
        was_complete = f.bot.is_complete
        self._drop_recognition()
        self._end_bot_turn(now)
        self._cancel_all()
        f.unsaid = [(clip.markup, clip.interruptible) for clip in f.bot.break_off(now) if not clip.prompt_key]
        f.bot.is_complete = was_complete
        self._play("outage")  # part of the same turn: the record tells all that was said in it
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
        f.bot.let_finish()
        self._note_heard(f.bot, now)
        self._next_generation()
        self._send(replace(pending, generation=f.generation), now)
        f.asked_hints = hints

    def _do_go_on(self, event: ev.Event, now: float) -> None:
        f = self.facts
        self._cancel("give_up", "outage")
        if not f.unsaid:
            self._say_ourselves("go_on", now, is_failure=False)
            return
        f.bot.let_finish()
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
