"""The call is over, whoever ended it: what became of it is written back to the CRM."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, report, requests
from actions.clients import deeds
from actions.clients.calls import OptOut
from actions.clients.store import CrmUnavailable

logger = logging.getLogger(__name__)

NO_CALLS = "all"  # what an opt-out that is said on the telephone means: 别再打了


class ActionCallEnded(Action):
    """Write the report, and an opt-out once more in case nothing could keep it when it was said."""

    def __init__(self) -> None:
        """The action server makes one of each action when it starts: what waits for the CRM is delivered from
        now on."""
        backends.outbox().start()

    def name(self) -> str:
        """Rasa's name."""
        return "action_call_ended"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """The open form asks no more: else the policies, asked what comes next, would say something."""
        call = conversation.call(tracker)
        told = report.of_call(tracker.sender_id, call, tracker.slots, tracker.events, names(domain))
        word = opt_out(tracker) if told.outcome == "opted_out" else None
        if word:
            await keep(deeds.opt_out(word))
        await keep(deeds.report(told))
        return requests.close(tracker)


def names(domain: dict[str, Any]) -> dict[str, str]:
    """What intents are called: the responses utter_name_... of domain.yml."""
    responses = domain.get("responses") or {}
    begin = "utter_name_"
    return {
        name[len(begin) :]: found[0]["text"] for name, found in responses.items() if name.startswith(begin)
    }


def opt_out(tracker: Tracker) -> OptOut | None:
    """The word of this call's customer; None when the number is withheld, and nobody can be called by it."""
    number = str(conversation.call(tracker).get("customer_number") or "")
    if not any(char.isdigit() for char in number):
        return None
    now = datetime.now(timezone.utc)
    return OptOut(number, NO_CALLS, tracker.sender_id, now, tracker.get_slot("customer_id"))


async def keep(deed: deeds.Deed) -> None:
    """Write it now or later; the call goes on whatever becomes of it."""
    try:
        await backends.keep(deed)
    except CrmUnavailable as error:
        logger.error("call %s: the %s could not be written: %s", deed.call_id, deed.kind, error)
