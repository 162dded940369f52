"""The conditions of the table: each asks the facts one question."""

from __future__ import annotations

from collections.abc import Callable

from yingda.sansio.turns import events as ev
from yingda.sansio.turns.facts import Facts
from yingda.sansio.turns.settings import TurnSettings
from yingda.sansio.turns.wording import is_backchannel, looks_complete, looks_unfinished, spoken

# An endpoint this much early has not yet given an unfinished sentence its time.
_EARLY_S = 0.05
# Less voice than this without any recognised word was a cough, not a sentence to ask for again.
_SHORT_SOUND_S = 0.45


def _words_interrupt(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    words = spoken(getattr(event, "text", "") or facts.partial)
    if not words or not facts.bot.is_interruptible:
        return False
    if _is_asking(facts) and not customer_may_go_on(facts, settings):
        return True
    if is_backchannel(words):
        return False
    return isinstance(event, ev.FinalTranscribed) or len(words) >= settings.barge_in_characters


def customer_may_go_on(facts: Facts, settings: TurnSettings) -> bool:
    """What the customer says now belongs to the turn that was sent: its answer has hardly been heard.

    Not where that turn was a whole answer, or was cut for its length, or its answer may not be cut.
    """
    sent, asked, bot = facts.sent, facts.asked_hints, facts.bot
    if sent is None or facts.was_cut or facts.joins >= settings.continuations:
        return False
    if looks_complete(sent.text, asked.expect, asked.max_digits):
        return False
    # The bot is silent while it is paused, so the sound that paused it is the one to be judged.
    spoke_at = facts.speech_from if bot.paused_at is None else facts.paused_by
    started_at = next((c.started_at for c in bot.clips if not c.is_filler), None)
    return started_at is None or spoke_at <= started_at + settings.continuation_ms / 1000


def words_are_unfinished(facts: Facts, settings: TurnSettings) -> bool:
    """The words so far break off.  After a question for digits or yes/no the question rules instead."""
    if facts.hints.expect in ("yes_no", "digits"):
        return False
    return looks_unfinished(facts.words, settings.unfinished_openers, settings.unfinished_endings)


def _may_be_unfinished(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    waited_s = facts.finished_at - facts.quiet_since
    is_early = waited_s < settings.endpoint_unfinished_ms / 1000 - _EARLY_S
    return is_early and not facts.was_cut and words_are_unfinished(facts, settings)


def _customer_goes_on(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    return customer_may_go_on(facts, settings) and _words_interrupt(facts, settings, event)


def _talks_on(facts: Facts, settings: TurnSettings, event: ev.Event) -> bool:
    return facts.is_speaking and not facts.has_held and customer_may_go_on(facts, settings)


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
    "spoke_again": lambda f, s, e: f.is_speaking and not f.was_cut,
    "may_be_unfinished": _may_be_unfinished,
    "nothing_new": lambda f, s, e: bool(f.kept_words) and not f.partial and f.quiet_since <= f.finished_at,
    "customer_goes_on": _customer_goes_on,
    "talks_on": _talks_on,
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
