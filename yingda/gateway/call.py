"""One call: its turn machine, its leg, its links.  Decides nothing; carries events in and commands out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from yingda.gateway import media_events as media
from yingda.gateway.call_record import CallRecord, Recorder
from yingda.gateway.dialogue_link import DialogueLink
from yingda.gateway.latency import AudioHistory, ResponseClock
from yingda.gateway.media import MediaLeg
from yingda.gateway.metrics import Metrics
from yingda.gateway.prompts import Prompts
from yingda.gateway.settings import GatewaySettings
from yingda.gateway.speech_link import Recognition, SpeechLink, SpeechUnavailable
from yingda.gateway.vad import VoiceChange
from yingda.gateway.voice_out import VoiceOut
from yingda.messages import dialogue
from yingda.plumbing.recording.vault import Vault
from yingda.sansio.turns import State, TurnMachine
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.markup import pieces

log = logging.getLogger(__name__)

_FILLERS = ("filler_", "please_wait")  # with these, keys of prompts begin that answer nothing


@dataclass(frozen=True)
class Services:
    """What all calls share."""

    settings: GatewaySettings
    speech: SpeechLink
    prompts: Prompts
    recorder: Recorder
    history: AudioHistory
    metrics: Metrics
    vault: Vault | None = None  # of recordings; None where they are off


@dataclass(frozen=True)
class Parties:
    """Who talks to whom; ``direction`` is inbound or outbound."""

    call_id: str
    direction: dialogue.Direction
    customer_number: str
    our_number: str
    record: bool = True


class Call:
    """``on_hang_up(reason)`` is called when the bot ends the call."""

    def __init__(
        self, services: Services, parties: Parties, leg: MediaLeg, on_hang_up: Callable[[str], None]
    ) -> None:
        self.parties, self.leg = parties, leg
        self._services = services
        self._on_hang_up = on_hang_up
        self._loop = asyncio.get_running_loop()
        self._machine = TurnMachine(services.settings.turns, services.prompts.texts)
        self._voice = VoiceOut(leg, services.speech, services.prompts, self.feed)
        self._record = CallRecord(
            services.recorder, parties.call_id, parties.direction, parties.customer_number, parties.our_number
        )
        self._link: DialogueLink | None = None
        self._recognition: Recognition | None = None
        self._clock = ResponseClock()
        self._inbox: deque[ev.Event] = deque()
        self._is_pumping = False
        self._timer: asyncio.TimerHandle | None = None
        self._clips: dict[int, tuple[int, bool]] = {}  # clip -> generation, is a filler
        self._sounded: set[int] = set()  # generations that have been heard
        self._connected_ms = 0.0
        self._quiet_ms = 0.0
        self._outcome: str | None = None
        self._is_secret = False  # the customer's words and keys are not to be kept
        self._secret_tail: asyncio.TimerHandle | None = None

    @property
    def state(self) -> str:
        """Who has the floor, for lists."""
        return self._machine.state.name.lower()

    @property
    def is_listening(self) -> bool:
        """A recognition stream wants audio."""
        return self._recognition is not None

    # What happens

    def connected(self) -> None:
        """Answered, and audio flows."""
        self._connected_ms = self._loop.time() * 1000
        path = self.leg.recording_path
        self._record.answered(str(path) if path else None)
        self._link = DialogueLink(
            self._services.settings.dialogue,
            self.parties.call_id,
            self._take_message,
            lambda: self.feed(ev.DialogueLost()),
            lambda: self.feed(ev.DialogueRestored()),
        )
        self.feed(ev.CallConnected())
        if not self._services.speech.is_up:
            self.feed(ev.SpeechServiceFailed())

    def ended(self, reason: str, code: int | None = None) -> None:
        """The SIP side is over."""
        self.feed(ev.CustomerHungUp(reason))
        self._outcome = self._outcome or reason
        if self._timer is not None:
            self._timer.cancel()
        self._voice.stop()
        if self._secret_tail is not None:
            self._secret_tail.cancel()
        if self._is_secret:
            self._record.secret_over(self._ms())
        self._record.ended(self._outcome, {}, code)
        self.leg.close()

    def close_politely(self, reason: str) -> None:
        """Say goodbye and hang up."""
        self.feed(ev.CloseRequested(reason))

    def speech_changed(self, is_up: bool) -> None:
        self.feed(ev.SpeechServiceRestored() if is_up else ev.SpeechServiceFailed())

    def voice_changed(self, change: VoiceChange) -> None:
        if change.is_speech:
            self.feed(ev.SpeechStarted(change.at_ms / 1000))
        else:
            self._quiet_ms = change.at_ms
            self.feed(ev.SpeechEnded(change.at_ms / 1000))

    def hear(self, pcm: media.Int16Array) -> None:
        """A frame, while ``is_listening``."""
        if self._recognition is not None:
            self._recognition.write(pcm)

    def media_happened(self, event: media.MediaEvent) -> None:
        match event:
            case media.PlaybackStarted(_, clip, at_ms):
                self._note_sound(clip, at_ms)
                self.feed(ev.PlaybackStarted(clip, at_ms / 1000))
            case media.PlaybackFinished(_, clip):
                self.feed(ev.PlaybackFinished(clip))
            case media.PlaybackStopped(_, clip, played_ms):
                self.feed(ev.PlaybackStopped(clip, played_ms))
            case media.DigitReceived(_, digit):
                self.feed(ev.DigitReceived(digit))

    def _take_message(self, message: dialogue.Down) -> None:
        match message:
            case dialogue.Say(generation, text, interruptible):
                if message.evidence:
                    self._record.bot_rests_on(generation, message.evidence)
                if pieces(text):
                    self.feed(ev.BotSaid(generation, text, interruptible))
            case dialogue.Listen(generation, expect, max_digits, boost, secret):
                self._keep_secret(secret)
                self.feed(ev.BotListened(generation, ev.Hints(expect, max_digits, boost)))
            case dialogue.StopRecording(_, erase):
                self.leg.stop_recording(erase)
                self._record.recording_stopped(erase)
            case dialogue.TurnDone(generation):
                self.feed(ev.BotTurnDone(generation))
            case dialogue.HangUp(generation, reason):
                self.feed(ev.HangUpRequested(generation, reason))
            case dialogue.Transfer(generation, target, mode, summary):
                self.feed(ev.TransferRequested(generation, target, mode, summary))
            case dialogue.Error(generation, reason):
                log.warning("call %s: the dialogue failed: %s", self.parties.call_id, reason)
                self.feed(ev.DialogueFailed(generation))

    def _keep_secret(self, secret: bool) -> None:
        if self._secret_tail is not None:
            self._secret_tail.cancel()
            self._secret_tail = None
        if secret and not self._is_secret:
            self._is_secret = True
            self.leg.keep_secret(True)
            self._record.secret_began(self._ms())
        elif not secret and self._is_secret:
            # the last key's tone is still in the jitter buffer
            tail_s = self._services.settings.recordings.secret_tail_ms / 1000
            self._secret_tail = self._loop.call_later(tail_s, self._secret_over)

    def _secret_over(self) -> None:
        self._is_secret, self._secret_tail = False, None
        self.leg.keep_secret(False)
        self._record.secret_over(self._ms())

    # The machine

    def feed(self, event: ev.Event) -> None:
        """Tell the machine, and do what it commands; also when called from within a command."""
        self._inbox.append(event)
        if self._is_pumping:
            return
        self._is_pumping = True
        try:
            while self._inbox:
                self._machine.receive(self._inbox.popleft(), self._loop.time())
                self._obey()
        finally:
            self._is_pumping = False
        self._set_timer()

    def _obey(self) -> None:
        while (command := self._machine.next_command()) is not None:
            self._do(command)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._machine.get_timer()
        self._timer = None if due is None else self._loop.call_at(due, self._timer_due)

    def _timer_due(self) -> None:
        self._is_pumping = True
        self._machine.handle_timer(self._loop.time())
        self._obey()
        self._is_pumping = False
        if self._inbox:
            self.feed(self._inbox.popleft())
        else:
            self._set_timer()

    def _do(self, command: cmd.Command) -> None:
        match command:
            case cmd.Synthesise(clip, generation, text):
                self._clips[clip] = (generation, False)
                self._voice.say(clip, text)
            case cmd.PlayFallback(clip, generation, prompt_key):
                self._clips[clip] = (generation, prompt_key.startswith(_FILLERS))
                self._services.metrics.count(f"prompt_{prompt_key.rstrip('_0123456789')}")
                self._voice.play_prompt(clip, prompt_key)
            case cmd.PausePlayback():
                self._voice.pause()
            case cmd.ResumePlayback():
                self._services.metrics.count("false_barge_ins")
                self._voice.resume()
            case cmd.StopPlayback():
                self._voice.stop()
            case cmd.StartRecognition(number, since, boost):
                self._start_recognition(number, since, boost)
            case cmd.FinishRecognition():
                if self._recognition is not None:
                    self._recognition.finish()
            case cmd.CancelRecognition():
                self._end_recognition()
            case cmd.HangUp(reason):
                self._outcome = reason
                self._on_hang_up(reason)
            case _:
                self._do_for_dialogue(command)

    def _do_for_dialogue(self, command: cmd.Command) -> None:
        send = self._link.send if self._link else lambda message: None
        match command:
            case cmd.StartDialogue(generation, resumed):
                send(self._call_started(generation, resumed))
            case cmd.SendTurn(generation, turn, text, confidence, started_ms, ended_ms, heard, replaces):
                self._customer_finished()
                if replaces is not None:
                    self._services.metrics.count("joined_turns")
                times = (started_ms, ended_ms)
                kept = "" if self._is_secret else text
                self._record.customer_turn(turn, kept, confidence, *times, replaces, self._is_secret)
                send(dialogue.CustomerTurn(turn, generation, text, confidence, *times, _heard(heard)))
            case cmd.SendSilence(generation, count, heard):
                self._record.silence(count, self._ms())
                send(dialogue.Silence(generation, count, _heard(heard)))
            case cmd.SendDigits(generation, digits, heard):
                self._record.digits("" if self._is_secret else digits, self._ms(), self._is_secret)
                send(dialogue.Keypad(generation, digits, _heard(heard)))
            case cmd.EndDialogue(reason, heard):
                self._outcome = self._outcome or reason
                send(dialogue.CallEnded(reason, _heard(heard)))
                if self._link is not None:
                    self._closing = asyncio.create_task(self._link.close())
            case cmd.NoteBotTurn(heard):
                self._record.bot_heard(heard, self._ms())
            case cmd.NoteTransfer(target, mode, summary):
                self._record.transfer(target, mode, summary)

    def _call_started(self, generation: int, resumed: bool) -> dialogue.CallStarted:
        who = self.parties
        numbers = (who.direction, who.customer_number, who.our_number)
        return dialogue.CallStarted(who.call_id, *numbers, self._record.started_at, generation, resumed)

    # Recognition

    def _start_recognition(self, number: int, since: float, boost: tuple[str, ...]) -> None:
        self._end_recognition()
        try:
            self._recognition = self._services.speech.recognise(
                boost,
                lambda text: self.feed(ev.PartialTranscribed(number, text)),
                lambda text, confidence: self._finish(ev.FinalTranscribed(number, text, confidence)),
                lambda: self._finish(ev.RecognitionFailed(number)),
            )
        except SpeechUnavailable:
            self.feed(ev.SpeechServiceFailed())
            return
        for frame in self._services.history.since(self.leg.leg_id, since * 1000):
            self._recognition.write(frame)

    def _finish(self, event: ev.FinalTranscribed | ev.RecognitionFailed) -> None:
        self._recognition = None
        self.feed(event)

    def _end_recognition(self) -> None:
        if self._recognition is not None:
            self._recognition.cancel()
            self._recognition = None

    # Measuring

    def _customer_finished(self) -> None:
        heard_until = self._quiet_ms or self._loop.time() * 1000
        self._clock.customer_finished(self._services.history.last_voiced_ms(self.leg.leg_id, heard_until))

    def _note_sound(self, clip: int, at_ms: float) -> None:
        generation, is_filler = self._clips.get(clip, (0, False))
        latency = self._clock.bot_sounded(at_ms, is_filler)
        if is_filler or generation in self._sounded:
            return
        self._sounded.add(generation)
        answer_ms = latency.answer_ms if latency else None
        if answer_ms is not None:
            self._services.metrics.response(answer_ms)
        filler_ms = latency.filler_ms if latency else None
        self._record.bot_spoke(generation, round(at_ms - self._connected_ms), answer_ms, filler_ms)

    def _ms(self) -> int:
        return max(0, round(self._loop.time() * 1000 - self._connected_ms))

    @property
    def is_over(self) -> bool:
        """The machine has ended the call."""
        return self._machine.state is State.ENDED


def _heard(heard: cmd.HeardTurn | None) -> dialogue.Heard | None:
    if heard is None:
        return None
    return dialogue.Heard(heard.generation, heard.intended, heard.heard, heard.interrupted)
