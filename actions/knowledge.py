"""Questions that an article answers. What no article answers is not answered, and a human is offered."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation, intake, requests
from actions.clients.articles import Articles

FOLDER = Path(__file__).resolve().parent.parent / "knowledge"


@functools.lru_cache(maxsize=1)
def articles() -> Articles:
    """Those of the repository."""
    return Articles(FOLDER)


class ActionAnswerQuestion(Action):
    """Say the article of the latest intent."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_answer_question"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """What else the sentence asks for is put off."""
        others = intake.others(tracker)
        later = [*(tracker.get_slot("later") or ()), *others]
        answered = say_article(dispatcher, conversation.intent(tracker))
        if answered:
            return [*answered, *requests.set_aside(tracker)]
        return [SlotSet("later", later)] if others else []


def say_article(dispatcher: CollectingDispatcher, intent: str) -> list[EventType]:
    """Its source stands beside the sentence in the record of the call."""
    article = articles().about(intent, requests.today())
    if article is None:
        return requests.offer_human(dispatcher, "utter_no_article")
    dispatcher.utter_message(response="utter_article", answer=article.answer, source=article.source)
    return []
