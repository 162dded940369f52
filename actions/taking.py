"""A request is taken up: begun with what was said of it, or answered when it is a question after all."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation, intake, knowledge, requests

NEVER_QUESTIONS = ("promise_to_pay", "rate_service")


class ActionTakeRequest(Action):
    """Begin what the intent asks for; the rule goes on with the form that it needs."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_take_request"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots of the request. When an article answered, the form that follows is over at once."""
        intent, said = conversation.intent(tracker), intake.first(tracker)
        if intent not in NEVER_QUESTIONS and await knowledge.answered_instead(dispatcher, tracker, said.text):
            return _answered(tracker)
        form, request = intake.FORMS[intent]
        slots = intake.slots_of(request, said, tracker)
        return requests.begin(tracker, form, request, slots, intake.others(tracker))


def _answered(tracker: Tracker) -> list[EventType]:
    opened = conversation.open_form(tracker)
    later = requests.put_off(tracker, opened) if opened else list(tracker.get_slot("later") or ())
    slots = {"request": requests.ANSWERED, "confirmed": None, "later": [*later, *intake.others(tracker)]}
    return [*(SlotSet(name, value) for name, value in slots.items()), conversation.await_answer("nothing")]
