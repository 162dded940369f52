"""Who has the floor: the turn machine as a table.

The theory, in seven rules:

1. At any moment one state says who has the floor: the bot owes an answer (WAITING), the bot speaks
   (SPEAKING), nobody does (LISTENING), the customer does (HEARING, FINISHING, KEYING), or it is disputed
   (PAUSED: the customer made a sound in the bot's turn; the line is silent until words decide whose it is).
2. Every bot turn has a number, the generation.  Taking the floor from the bot raises it; what still arrives
   for an older one is dropped before it reaches this table.
3. Sound only pauses the bot, words stop it.  A cough is followed by the rest of the sentence.  嗯, 对, 好的
   answer a question and are a nod at any other time.  A prompt that may not be interrupted is not paused.
4. Silence ends a customer's turn; how much of it depends on what was asked (endpointing).
5. Every wait has a deadline, and every deadline has words: a filler, an apology, a goodbye.
6. A turn that was sent too early is taken back.  A customer who goes on before the answer is heard (or in the
   first moments of it) cancels it: one turn with all the words goes to the dialogue (continuation).
7. A service that is gone (RECOVERING) is apologised for, its work is kept, and the call goes on with it.

Facts (who makes sound, which clip plays, the last partial) are noted before the table is asked, so a row
says only what changes hands.  For an event the first row of the state whose guard holds is taken, then the
rows of ANY; an event without a row changes nothing.  A guard is an entry of guards.GUARDS, an action the
method ``_do_<action>`` of actions.Actions, ``timer <name>`` the deadline of that name.  docs/turns.md is
drawn from this table.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class State(Enum):
    """Who has the floor."""

    IDLE = "not connected yet"
    WAITING = "the dialogue owes an answer"
    SPEAKING = "the bot speaks"
    PAUSED = "sound in the bot's turn; the line is silent"
    LISTENING = "nobody speaks"
    HEARING = "the customer speaks"
    FINISHING = "the customer has spoken; the final transcript is due"
    KEYING = "the customer presses keys"
    RECOVERING = "a service is gone; the bot has apologised"
    CLOSING = "the bot says goodbye"
    ENDED = "over"


class Row(NamedTuple):
    """In ``state``, when ``event`` happens and ``guard`` holds, do ``action`` and go to ``target``."""

    state: State
    event: str
    guard: str
    action: str
    target: State


IDLE, WAITING, SPEAKING, PAUSED, LISTENING, HEARING, FINISHING, KEYING, RECOVERING, CLOSING, ENDED = State


TABLE: tuple[Row, ...] = (
    Row(IDLE, "CallConnected", "", "start_dialogue", WAITING),
    #
    # The dialogue owes an answer.
    Row(WAITING, "BotSaid", "", "say", SPEAKING),
    Row(WAITING, "BotTurnDone", "hang_up_asked", "hang_up", ENDED),
    Row(WAITING, "BotTurnDone", "patience", "apologise", SPEAKING),
    Row(WAITING, "BotTurnDone", "", "give_up", CLOSING),
    Row(WAITING, "DialogueFailed", "patience", "apologise", SPEAKING),
    Row(WAITING, "DialogueFailed", "", "give_up", CLOSING),
    Row(WAITING, "timer filler", "customer_speaks", "delay_filler", WAITING),
    Row(WAITING, "timer filler", "", "play_filler", WAITING),
    Row(WAITING, "timer dialogue", "patience", "apologise", SPEAKING),
    Row(WAITING, "timer dialogue", "", "give_up", CLOSING),
    Row(WAITING, "SpeechStarted", "", "suspect_barge_in", WAITING),
    Row(WAITING, "timer barge_in", "customer_speaks", "pause", PAUSED),
    Row(WAITING, "SpeechEnded", "recognition_open", "await_endpoint", WAITING),
    Row(WAITING, "timer endpoint", "", "finish_recognition", WAITING),
    Row(WAITING, "timer recognition", "", "forget_recognition", WAITING),
    Row(WAITING, "PartialTranscribed", "customer_goes_on", "join_turn", HEARING),
    Row(WAITING, "PartialTranscribed", "words_interrupt", "stop_bot", HEARING),
    Row(WAITING, "FinalTranscribed", "customer_goes_on", "join_turn_and_send", WAITING),
    Row(WAITING, "FinalTranscribed", "words_interrupt", "stop_bot_and_send", WAITING),
    Row(WAITING, "DigitReceived", "", "take_floor_by_key", KEYING),
    #
    # The bot speaks.
    Row(SPEAKING, "BotSaid", "", "say", SPEAKING),
    Row(SPEAKING, "BotTurnDone", "bot_still_speaks", "", SPEAKING),
    Row(SPEAKING, "BotTurnDone", "hang_up_asked", "hang_up", ENDED),
    Row(SPEAKING, "BotTurnDone", "customer_speaks", "end_bot_turn_and_hear", HEARING),
    Row(SPEAKING, "BotTurnDone", "", "listen", LISTENING),
    Row(SPEAKING, "DialogueFailed", "bot_still_speaks", "", SPEAKING),
    Row(SPEAKING, "DialogueFailed", "", "listen", LISTENING),
    Row(SPEAKING, "DialogueLost", "bot_still_sounds", "", SPEAKING),
    Row(SPEAKING, "DialogueLost", "", "listen", LISTENING),
    Row(SPEAKING, "PlaybackStarted", "", "note_sound", SPEAKING),
    Row(SPEAKING, "PlaybackFinished", "bot_still_speaks", "await_next_clip", SPEAKING),
    Row(SPEAKING, "PlaybackFinished", "hang_up_asked", "hang_up", ENDED),
    Row(SPEAKING, "PlaybackFinished", "keys_waiting", "take_floor_by_key", KEYING),
    Row(SPEAKING, "PlaybackFinished", "customer_speaks", "end_bot_turn_and_hear", HEARING),
    Row(SPEAKING, "PlaybackFinished", "recognition_open", "end_bot_turn_and_finish", FINISHING),
    Row(SPEAKING, "PlaybackFinished", "", "listen", LISTENING),
    Row(SPEAKING, "timer dialogue", "bot_still_sounds", "await_dialogue", SPEAKING),
    Row(SPEAKING, "timer dialogue", "hang_up_asked", "hang_up", ENDED),
    Row(SPEAKING, "timer dialogue", "", "listen", LISTENING),
    Row(SPEAKING, "SpeechStarted", "", "suspect_barge_in", SPEAKING),
    Row(SPEAKING, "SpeechEnded", "recognition_open", "await_endpoint", SPEAKING),
    Row(SPEAKING, "timer barge_in", "may_be_barge_in", "pause", PAUSED),
    Row(SPEAKING, "PartialTranscribed", "customer_goes_on", "join_turn", HEARING),
    Row(SPEAKING, "PartialTranscribed", "words_interrupt", "stop_bot", HEARING),
    Row(SPEAKING, "FinalTranscribed", "customer_goes_on", "join_turn_and_send", WAITING),
    Row(SPEAKING, "FinalTranscribed", "words_interrupt", "stop_bot_and_send", WAITING),
    Row(SPEAKING, "timer endpoint", "", "finish_recognition", SPEAKING),
    Row(SPEAKING, "timer recognition", "", "forget_recognition", SPEAKING),
    Row(SPEAKING, "timer filler", "customer_speaks", "delay_filler", SPEAKING),
    Row(SPEAKING, "timer filler", "", "play_filler", SPEAKING),
    Row(SPEAKING, "timer synthesis", "patience", "apologise", SPEAKING),
    Row(SPEAKING, "timer synthesis", "", "give_up", CLOSING),
    Row(SPEAKING, "SynthesisFailed", "clip_is_not_wanted", "", SPEAKING),
    Row(SPEAKING, "SynthesisFailed", "service_gone", "apologise_and_wait", RECOVERING),
    Row(SPEAKING, "SynthesisFailed", "patience", "apologise", SPEAKING),
    Row(SPEAKING, "SynthesisFailed", "", "give_up", CLOSING),
    Row(SPEAKING, "DigitReceived", "bot_may_be_interrupted", "take_floor_by_key", KEYING),
    #
    # Sound in the bot's turn: a customer who takes the floor, a nod, or a noise?
    Row(PAUSED, "BotSaid", "", "say", PAUSED),
    Row(PAUSED, "PartialTranscribed", "customer_goes_on", "join_turn", HEARING),
    Row(PAUSED, "PartialTranscribed", "words_interrupt", "stop_bot", HEARING),
    Row(PAUSED, "FinalTranscribed", "customer_goes_on", "join_turn_and_send", WAITING),
    Row(PAUSED, "FinalTranscribed", "words_interrupt", "stop_bot_and_send", WAITING),
    Row(PAUSED, "FinalTranscribed", "bot_has_clips", "resume", SPEAKING),
    Row(PAUSED, "FinalTranscribed", "", "resume", WAITING),
    Row(PAUSED, "timer filler", "", "delay_filler", PAUSED),
    Row(PAUSED, "SpeechStarted", "", "hear_on", PAUSED),
    Row(PAUSED, "SpeechEnded", "", "await_endpoint", PAUSED),
    Row(PAUSED, "timer endpoint", "", "finish_recognition", PAUSED),
    Row(PAUSED, "timer false_barge_in", "talks_on", "hold_on", PAUSED),
    Row(PAUSED, "timer false_barge_in", "bot_has_clips", "resume", SPEAKING),
    Row(PAUSED, "timer false_barge_in", "", "resume", WAITING),
    Row(PAUSED, "RecognitionFailed", "bot_has_clips", "resume", SPEAKING),
    Row(PAUSED, "RecognitionFailed", "", "resume", WAITING),
    Row(PAUSED, "SpeechServiceFailed", "bot_has_clips", "resume", SPEAKING),
    Row(PAUSED, "SpeechServiceFailed", "", "resume", WAITING),
    Row(PAUSED, "DigitReceived", "", "take_floor_by_key", KEYING),
    #
    # Nobody speaks.
    Row(LISTENING, "SpeechStarted", "", "hear", HEARING),
    Row(LISTENING, "BotSaid", "", "say", SPEAKING),
    Row(LISTENING, "DigitReceived", "", "take_floor_by_key", KEYING),
    Row(LISTENING, "timer silence", "may_ask_again", "send_silence", WAITING),
    Row(LISTENING, "timer silence", "", "say_goodbye", CLOSING),
    #
    # The customer speaks.
    Row(HEARING, "SpeechStarted", "", "hear_on", HEARING),
    Row(HEARING, "SpeechEnded", "", "await_endpoint", HEARING),
    Row(HEARING, "PartialTranscribed", "customer_pauses", "await_endpoint", HEARING),
    Row(HEARING, "timer endpoint", "nothing_new", "send_turn", WAITING),
    Row(HEARING, "timer endpoint", "", "finish_recognition", FINISHING),
    Row(HEARING, "timer max_turn", "", "finish_recognition", FINISHING),
    Row(HEARING, "FinalTranscribed", "has_words", "send_turn", WAITING),
    Row(HEARING, "FinalTranscribed", "patience", "ask_again", SPEAKING),
    Row(HEARING, "FinalTranscribed", "", "give_up", CLOSING),
    Row(HEARING, "RecognitionFailed", "patience", "ask_again", SPEAKING),
    Row(HEARING, "RecognitionFailed", "", "give_up", CLOSING),
    Row(HEARING, "SpeechServiceFailed", "", "apologise_and_wait", RECOVERING),
    Row(HEARING, "DigitReceived", "", "take_floor_by_key", KEYING),
    Row(FINISHING, "FinalTranscribed", "spoke_again", "keep_words_and_hear", HEARING),
    Row(FINISHING, "FinalTranscribed", "may_be_unfinished", "keep_words_and_wait", HEARING),
    Row(FINISHING, "FinalTranscribed", "has_words", "send_turn", WAITING),
    Row(FINISHING, "FinalTranscribed", "was_short", "listen_on", LISTENING),
    Row(FINISHING, "FinalTranscribed", "patience", "ask_again", SPEAKING),
    Row(FINISHING, "FinalTranscribed", "", "give_up", CLOSING),
    Row(FINISHING, "timer recognition", "spoke_again", "keep_words_and_hear", HEARING),
    Row(FINISHING, "timer recognition", "has_words", "send_turn", WAITING),
    Row(FINISHING, "timer recognition", "patience", "ask_again", SPEAKING),
    Row(FINISHING, "timer recognition", "", "give_up", CLOSING),
    Row(FINISHING, "RecognitionFailed", "spoke_again", "keep_words_and_hear", HEARING),
    Row(FINISHING, "RecognitionFailed", "has_words", "send_turn", WAITING),
    Row(FINISHING, "RecognitionFailed", "patience", "ask_again", SPEAKING),
    Row(FINISHING, "RecognitionFailed", "", "give_up", CLOSING),
    Row(FINISHING, "SpeechServiceFailed", "", "apologise_and_wait", RECOVERING),
    Row(FINISHING, "DigitReceived", "", "take_floor_by_key", KEYING),
    Row(KEYING, "DigitReceived", "keys_complete", "send_digits", WAITING),
    Row(KEYING, "DigitReceived", "", "await_key", KEYING),
    Row(KEYING, "timer digits", "keys_waiting", "send_digits", WAITING),
    Row(KEYING, "timer digits", "", "listen_on", LISTENING),
    #
    # A service is gone.  It may come back before anybody notices; then nothing is said.
    Row(WAITING, "DialogueLost", "", "await_recovery", WAITING),
    Row(LISTENING, "DialogueLost", "", "await_recovery", LISTENING),
    Row(LISTENING, "SpeechServiceFailed", "", "await_recovery", LISTENING),
    Row(WAITING, "timer outage", "service_gone", "apologise_and_wait", RECOVERING),
    Row(LISTENING, "timer outage", "service_gone", "apologise_and_wait", RECOVERING),
    Row(RECOVERING, "BotSaid", "", "keep_for_later", RECOVERING),
    Row(RECOVERING, "SpeechServiceRestored", "service_gone", "", RECOVERING),
    Row(RECOVERING, "SpeechServiceRestored", "turn_unanswered", "send_again", WAITING),
    Row(RECOVERING, "SpeechServiceRestored", "", "go_on", SPEAKING),
    Row(RECOVERING, "DialogueRestored", "service_gone", "", RECOVERING),
    Row(RECOVERING, "DialogueRestored", "turn_unanswered", "send_again", WAITING),
    Row(RECOVERING, "DialogueRestored", "", "go_on", SPEAKING),
    Row(RECOVERING, "timer outage", "", "ask_to_wait", RECOVERING),
    Row(RECOVERING, "timer give_up", "", "give_up", CLOSING),
    Row(WAITING, "DialogueRestored", "turn_unanswered", "send_again", WAITING),
    #
    # The end.
    Row(CLOSING, "PlaybackFinished", "bot_still_speaks", "", CLOSING),
    Row(CLOSING, "PlaybackFinished", "", "hang_up", ENDED),
    Row(CLOSING, "timer closing", "", "hang_up", ENDED),
)

# These hold in every state but IDLE, CLOSING and ENDED, after the rows above.
ANY: tuple[tuple[str, str, str, State], ...] = (
    ("CloseRequested", "", "say_goodbye", CLOSING),
    ("timer max_call", "", "say_goodbye", CLOSING),
)
# And this one everywhere.
ALWAYS: tuple[tuple[str, str, str, State], ...] = (("CustomerHungUp", "", "end", ENDED),)


def rows(state: State, event: str) -> list[Row]:
    """The rows to try for ``event`` in ``state``, in order."""
    return _BY_KEY.get((state, event), [])


def _by_key() -> dict[tuple[State, str], list[Row]]:
    table: dict[tuple[State, str], list[Row]] = {}
    general = [Row(s, *rest) for s in State if s not in (IDLE, CLOSING, ENDED) for rest in ANY]
    always = [Row(s, *rest) for s in State if s is not ENDED for rest in ALWAYS]
    for row in (*TABLE, *general, *always):
        table.setdefault((row.state, row.event), []).append(row)
    return table


_BY_KEY = _by_key()
