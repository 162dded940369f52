"""Which answer belongs to which request, and what a yes or a no means: the tables that join the topics."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import account, appointments, conversation, handoff, profile, requests, services, tickets

REQUESTS: dict[str, requests.Answer] = {
    "balance": account.tell_balance,
    "bill": account.tell_bill,
    "dispute": account.explain_charge,
    "plan": services.tell_plan,
    "fault": tickets.report_fault,
    "ticket": tickets.tell_ticket,
}  # those that need nothing but to know who calls


class ActionAnswerRequest(Action):
    """The customer is known: answer what was asked."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_answer_request"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Nothing when the identity could not be verified, which has been said."""
        answer = REQUESTS.get(str(tracker.get_slot("request")))
        if answer is None or not tracker.get_slot("identity_verified"):
            return []
        events = await requests.given(answer, dispatcher, tracker)
        return events + profile.tell_news(dispatcher, tracker, requests.today(tracker))


class ActionAffirm(Action):
    """Yes to the last question outside of forms."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_affirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with what is open."""
        awaited = conversation.awaiting(tracker)
        if awaited == "human":
            dispatcher.utter_message(response="utter_handoff")
            return await handoff.hand_over(dispatcher, tracker, "requested")
        if awaited == "refund":
            return await requests.given(account.open_refund, dispatcher, tracker)
        if awaited == "visit":
            return [*appointments.book_visit(tracker), ActiveLoop("appointment_form")]
        if not conversation.open_form(tracker):
            dispatcher.utter_message(response="utter_please_go_on")
        return []


class ActionDeny(Action):
    """No to the last question, or to what a form asks for: it is left. With a value it is a correction."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_deny"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The rule goes on with what else is open."""
        corrected = await take_value(dispatcher, tracker)
        if corrected is not None:
            return corrected
        awaited = conversation.awaiting(tracker)
        if awaited in requests.QUESTIONS:
            dispatcher.utter_message(response=f"utter_no_{awaited}")
            return [conversation.await_answer("nothing")]
        if conversation.open_form(tracker):
            dispatcher.utter_message(response="utter_left_as_it_is")
            return requests.close(tracker)
        if awaited == "more":
            dispatcher.utter_message(response="utter_goodbye")
            return requests.hang_up(dispatcher, tracker, "goodbye")
        dispatcher.utter_message(response="utter_what_else")
        return []


async def take_value(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """A bare value outside of forms that corrects the last answer: another amount, another month. None: it
    corrects nothing."""
    request = tracker.get_slot("request")
    if not tracker.get_slot("identity_verified") or request not in ("bill", "dispute"):
        return None
    cents = conversation.amount_cents(tracker)
    if request == "dispute" and cents is not None:
        tracker.slots.update(dispute_cents=cents, wants_refund=False)
        events = await requests.given(account.explain_charge, dispatcher, tracker)
        return [SlotSet("dispute_cents", cents), *events]
    period = account.named_period(conversation.entity(tracker, "date"), account.this_period())
    if period is None:
        return None
    tracker.slots.update(bill_period=period, request="bill")
    events = await requests.given(account.tell_bill, dispatcher, tracker)
    changed = [SlotSet("bill_period", period), SlotSet("request", "bill")]
    return [*changed, conversation.await_answer("nothing"), *events]
