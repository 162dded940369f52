"""Questions that an article answers. What no article answers is not answered, and a human is offered.

An action that hears what it did not expect calls `answered`: when an article answers it, that is said, and
the rule goes on with what is open.
"""

from __future__ import annotations

import functools
import os
from datetime import date
from pathlib import Path

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation, questions, requests, wording
from actions.clients.knowledge_base import Answer, Found, KnowledgeBase

FOLDER = "YINGDA_KNOWLEDGE"  # environment: another folder than the repository's
SURE = 0.7  # of confidence: enough in the middle of a form, or in place of a request
RATHER_SURE = 0.5  # enough in place of a request when it is plainly a question
VERY_SURE = 0.9  # enough in place of what is told without a question
TOLD = ("report_fault", "request_human")  # 光猫亮红灯: advice comes first; 有人冒充你们客服: wants nobody
# of likelihood that a sentence asks; chosen on tests/data/knowledge, without `test`
ASKING, ASKING_WITHOUT_A_QUESTION = 0.3, 0.25
PLAINLY_ASKING = ASKING_IN_A_WISH = 0.7


@functools.lru_cache(maxsize=1)
def base() -> KnowledgeBase:
    """That of the repository. The first call begins to learn it, in a thread."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get(FOLDER) or root / "knowledge")
    made = KnowledgeBase(folder, utterances=root / "data/nlu")
    made.refresh()
    return made


def answer(text: str, today: date) -> Answer | None:
    """The article that answers `text`; None when none does, or when two are as likely."""
    return base().answer(text, today)


async def answered(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Answer the latest message if an article does. While a question of ours is open the match must be sure
    and the message must ask something: it may be an answer that was not understood."""
    said = conversation.text(tracker)
    found = Found() if questions.is_own(said) else find(said)
    is_open = conversation.open_form(tracker) or conversation.awaiting(tracker) in requests.QUESTIONS
    sure = found.answer is not None and found.answer.confidence >= SURE
    if is_open and not (sure and questions.asks(said)):
        return False
    if found.answer is not None:
        await say(dispatcher, tracker, found.answer)
        return True
    if found.choices:
        ask_which(dispatcher, found)
    return bool(found.choices)


async def answered_instead(dispatcher: CollectingDispatcher, tracker: Tracker, said: str) -> bool:
    """Answer what was taken for something else and asks about it: sure, and not for what is one's own."""
    least = _least(conversation.intent(tracker), said)
    if least is None:
        return False
    found = find(said)
    if found.answer is None or found.answer.confidence < least:
        return False
    await say(dispatcher, tracker, found.answer)
    return True


async def answered_first(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """The same for the whole sentence, at the start of a rule; not while anything of ours is open."""
    if conversation.open_form(tracker) or conversation.awaiting(tracker) in requests.QUESTIONS:
        return False
    if conversation.pieces(tracker):
        return False
    return await answered_instead(dispatcher, tracker, conversation.text(tracker))


def _least(intent: str, said: str) -> float | None:
    """How sure an article must be in place of what the intent asks for; None where none will do."""
    if questions.is_own(said) or questions.wants_deed(said):
        return None
    if intent == "request_human" and questions.wants_human(said):
        return None
    asking = base().asks(said)
    if not questions.asks(said):
        told = intent in TOLD and not questions.has_tried(said) and asking >= ASKING_WITHOUT_A_QUESTION
        return VERY_SURE if told else None
    if asking < (ASKING_IN_A_WISH if questions.wishes(said) else ASKING):
        return None
    return SURE if asking < PLAINLY_ASKING else RATHER_SURE


def say_article(dispatcher: CollectingDispatcher, intent: str) -> list[EventType]:
    """The article of an intent that was put off, as it stands."""
    own = base().about(intent, requests.today())
    if own is None:
        return requests.offer_human(dispatcher, "utter_no_article")
    _utter(dispatcher, Answer(own, 1.0), own.answer, wording.BY_ARTICLE)
    return []


async def say(dispatcher: CollectingDispatcher, tracker: Tracker, chosen: Answer) -> None:
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


def find(text: str) -> Found:
    """What is known about a question today."""
    return Found() if text.startswith("/") else base().find(text, requests.today())


def ask_which(dispatcher: CollectingDispatcher, found: Found) -> None:
    """Which of two. Titles are among what is learned, so the name of one is an answer."""
    first, second = found.choices
    dispatcher.utter_message(response="utter_which_article", first=first.title, second=second.title)
