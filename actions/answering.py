"""The action of intents that an article answers (data/rules/questions.yml)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation, intake, knowledge, questions, requests, wording
from actions.clients.knowledge_base import Answer
from actions.clients.retrieval import NOTHING

LIKELY = 0.5  # of confidence: enough in place of the intent's own article
NO_ARTICLE = 0.6  # of confidence that none answers: then the intent's own does not either
NO_PRICE = 0.5  # the same for prices, which anything under the sun has


class ActionAnswerQuestion(Action):
    """Say the article that was meant; it may be a closer one than the latest intent's own."""

    def __init__(self) -> None:
        """The action server makes one of each action when it starts: time to learn before the first call."""
        knowledge.base()
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
        said = _asked(tracker)
        found = knowledge.find(said)
        intent = conversation.intent(tracker)
        own = knowledge.base().about(intent, requests.today())
        close = found.answer
        if own is not None and _is_other_business(intent, said):
            own = None
        if own is not None and (close is None or close.confidence < LIKELY):
            close = Answer(own, 1.0)
        if close is not None:
            await knowledge.say(dispatcher, tracker, close)
        elif found.choices:
            knowledge.ask_which(dispatcher, found)
        else:
            offer = requests.offer_human(dispatcher, "utter_no_article")
            return [*offer, *requests.set_aside(tracker)]
        return [SlotSet("later", later)] if others else []


def _asked(tracker: Tracker) -> str:
    """The latest message, or the first piece of it when it holds several requests."""
    text, pieces = conversation.text(tracker), conversation.pieces(tracker)
    return str(pieces[0].get("text") or text) if pieces else text


def _is_other_business(intent: str, said: str) -> bool:
    """今天油价多少 is a question about a price, and not about one of ours."""
    hit = knowledge.base().likeliest(said)
    least = NO_PRICE if intent == "ask_price" else NO_ARTICLE
    refused = hit is not None and hit.name == NOTHING and hit.confidence >= least
    return refused and questions.asks(said) and not questions.is_of_ours(said)
