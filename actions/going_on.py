"""Returning to what is open, and asking for more when nothing is."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import conversation, knowledge, requests


class ActionGoOn(Action):
    """Return to what is open: the question of a form, a yes-or-no question, or a request that was put off."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_go_on"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """An open form is made active again, and asks."""
        return go_on(dispatcher, tracker)


class ActionAskMore(Action):
    """The same; and when nothing is open, ask whether there is anything else."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_ask_more"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A no ends the call from here."""
        return ask_more(dispatcher, tracker)


class ActionKeepQuiet(Action):
    """What was just said needs no question after it: an open form waits without asking again."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_keep_quiet"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The next turn is the form's."""
        return keep_quiet(tracker)


def keep_quiet(tracker: Tracker) -> list[EventType]:
    """To Rasa it looks as if the form had just asked."""
    form = conversation.open_form(tracker)
    return [ActionExecuted(form)] if form else []


def ask_more(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Go on with what is open, or ask whether there is anything else."""
    if conversation.has_left(tracker.events) or conversation.was_asked(tracker.events):
        return []
    events = go_on(dispatcher, tracker)
    opened = any(event["event"] == "active_loop" for event in events)
    if opened or conversation.awaiting(tracker) in requests.QUESTIONS:
        return events
    dispatcher.utter_message(response="utter_anything_else")
    return [*events, conversation.await_answer("more")]


def end_turn(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """All was said: the same, and the rest of the rule is left out."""
    events = ask_more(dispatcher, tracker)
    form = next((event["name"] for event in events if event["event"] == "active_loop"), None)
    return [*events, FollowupAction(form or "action_listen")]


def go_on(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Events that make an open form ask again; nothing when nothing is open."""
    if conversation.has_left(tracker.events):
        return []
    form = conversation.open_form(tracker)
    if form:
        return [ActiveLoop(form)]
    if conversation.was_asked(tracker.events):
        return []
    again = requests.QUESTIONS.get(conversation.awaiting(tracker))
    if again:
        dispatcher.utter_message(response=again)
        return []
    return _next_of_later(dispatcher, tracker)


def _next_of_later(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Questions are answered at once; the first request that needs a form opens it."""
    later = list(tracker.get_slot("later") or ())
    if not later:
        return []
    while later:
        item = later.pop()
        if not item["form"]:
            knowledge.say_article(dispatcher, item["request"])
            continue
        name = requests.NAMES.get(item["request"], "事情")
        if not item.get("again"):  # the form that has just ended, and has to ask once more
            dispatcher.utter_message(
                response="utter_back_to" if item.get("begun") else "utter_then", what=name
            )
        slots = {"later": later, "request": item["request"], "confirmed": None, **item["slots"]}
        return [*(SlotSet(name, value) for name, value in slots.items()), ActiveLoop(item["form"])]
    return [SlotSet("later", [])]
