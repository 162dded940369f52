"""The call is over, whoever ended it: what became of it is written back to the CRM."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import backends, conversation, report, requests
from actions.clients.calls import OptOut
from actions.clients.store import CrmUnavailable

logger = logging.getLogger(__name__)

TRY_AGAIN_AFTER_S = (1.0, 5.0)  # nobody is waiting any more
NO_CALLS = "all"  # what an opt-out that is said on the telephone means: 别再打了


class ActionCallEnded(Action):
    """Write the report, and an opt-out once more in case it could not be written when it was said."""

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
            await _write(tracker, "the opt-out", lambda: backends.calls().opt_out(word))
        await _write(tracker, "the report", lambda: backends.calls().finish(told))
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


async def _write(tracker: Tracker, what: str, work: Callable[[], None]) -> None:
    for wait in (*TRY_AGAIN_AFTER_S, None):
        try:
            return await backends.ask(work)
        except CrmUnavailable as error:
            if wait is None:
                logger.error("call %s: %s could not be written: %s", tracker.sender_id, what, error)
                return
        await asyncio.sleep(wait)
