"""Questions that an article answers. What no article answers is not answered, and a human is offered.

An action that hears what it did not expect calls `answered`: when an article answers it, that is said, and
the rule goes on with what is open.
"""

from __future__ import annotations

import functools
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation, intake, requests, wording
from actions.clients.knowledge_base import Answer, Found, KnowledgeBase

FOLDER = "YINGDA_KNOWLEDGE"  # environment: another folder than the repository's
SURE = 0.7  # of confidence: enough in the middle of a form, or in place of an intent's own article
_ASKS = re.compile(
    "[吗么呢?？]|什么|怎么|咋|啥|多少|多久|哪|几|谁|能不能|可不可以|是不是|有没有|要不要|会不会"
)
_DO_IT = re.compile("[帮给替]我|麻烦你|我要|我想")


@functools.lru_cache(maxsize=1)
def base() -> KnowledgeBase:
    """That of the repository. The first call begins to learn it, in a thread."""
    ours = Path(__file__).resolve().parent.parent / "knowledge"
    made = KnowledgeBase(Path(os.environ.get(FOLDER) or ours))
    made.refresh()
    return made


def answer(text: str, today: date) -> Answer | None:
    """The article that answers `text`; None when none does, or when two are as likely."""
    return base().answer(text, today)


class ActionAnswerQuestion(Action):
    """Say the article that was meant; it may be a closer one than the latest intent's own."""

    def __init__(self) -> None:
        """The action server makes one of each action when it starts: time to learn before the first call."""
        base()
        wording.prepare()

    def name(self) -> str:
        """Rasa's name."""
        return "action_answer_question"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """What else the sentence asks for is put off."""
        others = intake.others(tracker)
        later = [*(tracker.get_slot("later") or ()), *others]
        found = _found(_asked(tracker))
        own = base().about(conversation.intent(tracker), requests.today())
        close = found.answer
        if own is not None and (close is None or close.confidence < SURE):
            close = Answer(own, 1.0)
        if close is not None:
            await _say(dispatcher, tracker, close)
        elif found.choices:
            _ask_which(dispatcher, found)
        else:
            offer = requests.offer_human(dispatcher, "utter_no_article")
            return [*offer, *requests.set_aside(tracker)]
        return [SlotSet("later", later)] if others else []


async def answered(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Answer the latest message if an article does. While a question of ours is open the match must be sure
    and the message must ask something: it may be an answer that was not understood."""
    found = _found(conversation.text(tracker))
    if conversation.open_form(tracker) or conversation.awaiting(tracker) in requests.QUESTIONS:
        asks = bool(_ASKS.search(conversation.text(tracker)))
        if found.answer is None or found.answer.confidence < SURE or not asks:
            return False
    if found.answer is not None:
        await _say(dispatcher, tracker, found.answer)
        return True
    if found.choices:
        _ask_which(dispatcher, found)
    return bool(found.choices)


async def answered_instead(dispatcher: CollectingDispatcher, tracker: Tracker, said: str) -> bool:
    """Answer what was taken for a request and is a question about it: sure, and not asking us to do it."""
    found = _found(said)
    if found.answer is None or found.answer.confidence < SURE:
        return False
    if not _ASKS.search(said) or _DO_IT.search(said):
        return False
    await _say(dispatcher, tracker, found.answer)
    return True


def say_article(dispatcher: CollectingDispatcher, intent: str) -> list[EventType]:
    """The article of an intent that was put off, as it stands."""
    own = base().about(intent, requests.today())
    if own is None:
        return requests.offer_human(dispatcher, "utter_no_article")
    _utter(dispatcher, Answer(own, 1.0), own.answer, wording.BY_ARTICLE)
    return []


async def _say(dispatcher: CollectingDispatcher, tracker: Tracker, chosen: Answer) -> None:
    """The article, or what the generator made of it (off by default)."""
    _utter(dispatcher, chosen, *await wording.of(chosen, conversation.text(tracker)))


def _utter(dispatcher: CollectingDispatcher, chosen: Answer, text: str, by: str) -> None:
    """Its evidence stands beside the sentence in the record of the call."""
    dispatcher.utter_message(
        response="utter_article",
        answer=text,
        source=chosen.article.source,
        evidence={**chosen.evidence(), "worded_by": by},
    )


def _asked(tracker: Tracker) -> str:
    """The latest message, or the first piece of it when it holds several requests."""
    text, pieces = conversation.text(tracker), conversation.pieces(tracker)
    return str(pieces[0].get("text") or text) if pieces else text


def _found(text: str) -> Found:
    return Found() if text.startswith("/") else base().find(text, requests.today())


def _ask_which(dispatcher: CollectingDispatcher, found: Found) -> None:
    """Titles are among what is learned, so the name of one is an answer."""
    first, second = found.choices
    dispatcher.utter_message(response="utter_which_article", first=first.title, second=second.title)
