"""What a customer makes of being called: recorded, because campaigns go by it, and answered.

Whether somebody may be called again is decided elsewhere; here the word is taken down. A word that cannot be
written yet waits in the outbox.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import call_end, conversation, going_on, knowledge, requests
from actions.clients import deeds
from actions.forms import RequestForm

LOWEST, HIGHEST = 0, 10
LONGEST = 100  # characters of a rating in words
FURTHEST_PROMISE = timedelta(days=90)
SAID = ("date", "amount", "time")


class ActionRecordOutcome(Action):
    """Take down what the intent says: interested, call_later, wrong_person, already_paid, opt_out ..."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_record_outcome"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with what is said."""
        what = conversation.intent(tracker)
        if _called_us(tracker) and await knowledge.answered_first(dispatcher, tracker):  # 怎么删除我的信息
            return going_on.end_turn(dispatcher, tracker)
        if what == "rate_service":
            await _record(tracker, "rating_in_words", conversation.text(tracker)[:LONGEST])
            return []
        if what == "opt_out":
            await _suppress(tracker)
        value = {name: conversation.entity(tracker, name) for name in SAID}
        await _record(tracker, what, {name: said for name, said in value.items() if said is not None} or True)
        return []


class ValidatePromiseForm(RequestForm):
    """A day on which will be paid; from today on, and not next year."""

    form = "promise_form"
    slots = ("promise_day",)
    needs_identity = False

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """The day; a month alone will do."""
        day = str(conversation.last_of(tracker.get_slot("promise_day")) or "")
        day = day if re.match(r"\d{4}-\d{2}", day) else ""  # 过几天 is no day
        today = requests.today(tracker)
        tracker.slots["promise_day"] = day or None
        if not day:
            return "promise_day"
        if not today.isoformat()[: len(day)] <= day <= (today + FURTHEST_PROMISE).isoformat():
            dispatcher.utter_message(response="utter_promise_impossible")
            tracker.slots["promise_day"] = None
            return "promise_day"
        return None


class ActionFinishPromise(Action):
    """Record the promise and read it back."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_finish_promise"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Nothing when the form ended without a day."""
        day, cents = tracker.get_slot("promise_day"), tracker.get_slot("promise_cents")
        if not day:
            return []
        await _record(tracker, "promise_to_pay", {"date": day} | ({"cents": cents} if cents else {}))
        dispatcher.utter_message(response="utter_promise_recorded", day=_spoken(str(day)))
        return []


class ValidateRatingForm(RequestForm):
    """A score from 0 to 10."""

    form = "rating_form"
    slots = ("score",)
    needs_identity = False

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """The score; keyed digits are text."""
        text = str(conversation.last_of(tracker.get_slot("score")))
        score = float(text) if text.replace(".", "", 1).isdigit() else -1
        if LOWEST <= score <= HIGHEST:
            tracker.slots["score"] = score
            return None
        tracker.slots["score"] = None
        return "score"


class ActionFinishRating(Action):
    """Record the score and say thank you."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_finish_rating"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Nothing when the form ended without a score."""
        score = tracker.get_slot("score")
        if score is None:
            return []
        await _record(tracker, "score", score)
        dispatcher.utter_message(response="utter_thank_for_score")
        return []


class ActionAbuse(Action):
    """Warn once, then end the call; with a human in reach for who is angry and not abusive."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_abuse"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A yes to the offer leads to a human. A question in rough words is a question."""
        if await knowledge.answered_first(dispatcher, tracker):
            return going_on.end_turn(dispatcher, tracker)
        earlier = sum(1 for event in tracker.events if event.get("name") == self.name())
        if earlier:
            dispatcher.utter_message(response="utter_abuse_goodbye")
            return requests.hang_up(dispatcher, tracker, "abuse")
        return [*requests.offer_human(dispatcher, "utter_abuse_warning"), *requests.set_aside(tracker)]


def _called_us(tracker: Tracker) -> bool:
    """Whom we call has their word taken down, whatever else it may mean."""
    return conversation.call(tracker).get("direction") != "outbound"


async def _suppress(tracker: Tracker) -> None:
    """From this word on."""
    word = call_end.opt_out(tracker)
    if word is not None:
        await call_end.keep(deeds.opt_out(word))


async def _record(tracker: Tracker, what: str, value: Any) -> None:
    number = str(conversation.call(tracker).get("customer_number") or "")
    await call_end.keep(
        deeds.outcome(tracker.sender_id, tracker.get_slot("customer_id"), number, what, value)
    )


def _spoken(day: str) -> str:
    """2026-11-03 -> 11月3日; a month stays a month."""
    parts = [int(part) for part in day.split("-")[1:] if part.isdigit()]
    return "".join(f"{part}{unit}" for part, unit in zip(parts, "月日", strict=False)) or day
