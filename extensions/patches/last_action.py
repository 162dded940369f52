"""Have the report of a call written also when the action server is away for a moment.

Rasa 3.6.21 asks the action server once, writes an error to its log when nobody is there, and goes on. In a
call the caller may say it again. When the call is over nobody does, and what became of it would be lost while
an action server is being restarted: so in that turn every action waits, also the form that is still open and
is asked first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.shared.exceptions import RasaException

from extensions.patches import guard

logger = logging.getLogger(__name__)

LAST = "EXTERNAL_call_ended"  # the intent of the channel's last message
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 4.0
ALL_S = 45.0  # Rasa's lock of the conversation lasts 60 s


def waits() -> Iterator[float]:
    """Seconds between the tries."""
    wait, left = FIRST_WAIT_S, ALL_S
    while wait <= left:
        yield wait
        left -= wait
        wait = min(2 * wait, LONGEST_WAIT_S)


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("last_action"):
        return False
    if getattr(RemoteAction.run, "is_patient", False):
        return True
    asked_once = RemoteAction.run

    async def run(self: RemoteAction, output: Any, nlg: Any, tracker: Any, domain: Any) -> Any:
        if tracker.latest_message is not None and tracker.latest_message.intent.get("name") == LAST:
            for wait in waits():
                try:
                    return await asked_once(self, output, nlg, tracker, domain)
                except ActionExecutionRejection:
                    raise
                except RasaException:
                    logger.warning("call %s: its end waits for the action server", tracker.sender_id)
                await asyncio.sleep(wait)
        return await asked_once(self, output, nlg, tracker, domain)

    run.is_patient = True  # type: ignore[attr-defined]
    RemoteAction.run = run
    return True
