"""Handing the call to a human: said, recorded with a summary, and sent down as a transfer."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import call_end, conversation, going_on, knowledge, requests
from actions.clients import deeds

TARGET = "service"  # the queue of the human colleagues
REASONS = {
    "requested": "客户要求转人工",
    "not_understood": "连续多次未听懂",
    "identity_failed": "身份核实未通过",
    "complaint": "客户投诉",
}


class ActionHandoff(Action):
    """The customer asked for a human, or accepted the offer of one."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_handoff"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Nothing more is awaited."""
        if await knowledge.answered_first(dispatcher, tracker):  # 怎么知道打来的是不是你们客服
            return going_on.end_turn(dispatcher, tracker)
        dispatcher.utter_message(response="utter_handoff")
        return await hand_over(dispatcher, tracker, "requested")


class ActionOfferHuman(Action):
    """What was just said ended in the offer of a human."""

    def name(self) -> str:
        """Rasa's name."""
        return "action_offer_human"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """A yes leads to one from here; an open form waits."""
        return [conversation.await_answer("human"), *requests.set_aside(tracker)]


async def hand_over(dispatcher: CollectingDispatcher, tracker: Tracker, reason: str) -> list[EventType]:
    """Record the handoff and send the transfer; without the CRM the transfer still takes place."""
    text = summary(tracker, reason)
    await call_end.keep(deeds.handoff(tracker.sender_id, reason, text, tracker.get_slot("customer_id")))
    dispatcher.utter_message(
        json_message={"type": "transfer", "target": TARGET, "mode": "cold", "summary": text}
    )
    return [conversation.await_answer("nothing"), *requests.close(tracker)]


def summary(tracker: Tracker, reason: str) -> str:
    """What the colleague must know in one breath."""
    who = tracker.get_slot("customer_title") or "来电号码未登记的客户"
    verified = "身份已核实" if tracker.get_slot("identity_verified") else "身份未核实"
    parts = [f"{who}，{verified}"]
    if asked := requests.NAMES.get(str(tracker.get_slot("request"))):
        parts.append(f"诉求：{asked}")
    if line := tracker.get_slot("disputed_line"):
        parts.append(f"争议项目：{line['name']}{conversation.spoken_amount(line['cents'])}")
    parts.append(f"转接原因：{REASONS[reason]}")
    return "；".join(parts) + "。"
