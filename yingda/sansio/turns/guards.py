"""The conditions of the table: each asks the facts one question."""

from __future__ import annotations

from collections.abc import Callable

from yingda.sansio.turns import events as ev
from yingda.sansio.turns.facts import Facts
from yingda.sansio.turns.settings import TurnSettings
from yingda.sansio.turns.wording import is_backchannel, spoken

# Less voice than this without any recognised word was a cough, not a sentence to ask for again.
_SHORT_SOUND_S = 0.45


def _words_interrupt(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    words = spoken(getattr(event, "text", "") or facts.partial)
    if not words or not facts.bot.is_interruptible:
        return False
    if _is_asking(facts):
        return True
    if is_backchannel(words):
        return False
    return isinstance(event, ev.FinalTranscribed) or len(words) >= settings.barge_in_characters


def _is_asking(facts: Facts) -> bool:
    """The bot is at the question at the end of its turn, so a nod is an answer."""
    bot = facts.bot
    if not bot.clips or not bot.is_on_last_clip:
        return False
    return facts.hints.expect == "yes_no" or bot.clips[-1].text.rstrip().endswith(("？", "?", "吗", "呢"))


def _keys_complete(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    limit = facts.hints.max_digits
    return facts.keys.endswith("#") or (limit is not None and len(facts.keys) >= limit)


def _clip_is_not_wanted(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    return getattr(event, "clip", 0) not in [clip.number for clip in facts.bot.unfinished]


Guard = Callable[[Facts, TurnSettings, ev.Event], bool]

GUARDS: dict[str, Guard] = {
    "": lambda f, s, e: True,
    "hang_up_asked": lambda f, s, e: f.hang_up_reason is not None,
    "patience": lambda f, s, e: f.failures < s.failures,
    "customer_speaks": lambda f, s, e: f.is_speaking,
    "spoke_again": lambda f, s, e: f.is_speaking and f.speech_from >= f.finished_at,
    "customer_pauses": lambda f, s, e: not f.is_speaking,
    "may_be_barge_in": lambda f, s, e: f.is_speaking and f.bot.is_interruptible,
    "bot_may_be_interrupted": lambda f, s, e: f.bot.is_interruptible,
    "bot_still_speaks": lambda f, s, e: bool(f.bot.unfinished) or not f.bot.is_complete,
    "bot_still_sounds": lambda f, s, e: bool(f.bot.unfinished),
    "bot_has_clips": lambda f, s, e: f.bot.has_words,
    "clip_is_not_wanted": _clip_is_not_wanted,
    "words_interrupt": _words_interrupt,
    "has_words": lambda f, s, e: bool(spoken(f.words)),
    "was_short": lambda f, s, e: f.quiet_since - f.turn_from < _SHORT_SOUND_S,
    "recognition_open": lambda f, s, e: f.is_recognising,
    "may_ask_again": lambda f, s, e: f.silences < s.silences,
    "keys_waiting": lambda f, s, e: bool(f.keys),
    "keys_complete": _keys_complete,
    "service_gone": lambda f, s, e: bool(f.services_gone),
    "turn_unanswered": lambda f, s, e: f.pending is not None,
}
