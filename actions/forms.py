"""What the forms of domain.yml share: who calls is known first, all that was said is checked every time,
and a form that cannot go on says why.

Rasa extracts values by the mappings of domain.yml, runs `validate_<form>`, and asks for the slot it names.
A turn that holds nothing for the form is left to the rules; `action_go_on` brings the form back.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction

from actions import conversation, identity, requests
from actions.clients.store import CrmUnavailable
from actions.requests import Ended

MOST_ANSWERS = 3  # in a row that were of no use; then a human is offered

NOT_CONFIRMED = (SlotSet("confirmed", None),)


class RequestForm(FormValidationAction):
    """A form behind which a request stands. Subclasses give `form`, `slots` and `missing`."""

    form = ""
    slots: tuple[str, ...] = ()
    needs_identity = True

    def name(self) -> str:
        """Rasa's name."""
        return f"validate_{self.form}"

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """The slot to ask for, or None when all is there.

        Values that cannot be are taken out of `tracker.slots`, and why is said. `fresh` holds what this turn
        brought. Raises Ended, CrmUnavailable.
        """
        raise NotImplementedError

    async def _extract_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        fresh = {
            slot: value
            for slot, value in tracker.slots_to_validate().items()
            if slot in self.slots and value is not None
        }
        if not tracker.get_slot(REQUESTED_SLOT):
            fresh = {}  # the form opens: Rasa shows what is known already
        unknown = self.needs_identity and not tracker.get_slot("identity_verified")
        given = unknown and identity.given(tracker)
        if not fresh and not given and conversation.is_first_look(tracker, self.form):
            return []  # nothing for this form: Rasa lets the rules answer
        before, asked_before = dict(tracker.slots), tracker.get_slot(REQUESTED_SLOT)
        asked: str | None = None
        ended: list[EventType] = []
        try:
            asked = await self._next(dispatcher, tracker, fresh, bool(unknown))
            if asked and asked == asked_before and (fresh or given):
                ended = self._in_vain(dispatcher, tracker)
        except CrmUnavailable:
            asked, ended = None, [*NOT_CONFIRMED, *requests.system_busy(dispatcher)]
        except Ended as end:
            asked, ended = None, [*NOT_CONFIRMED, *end.events]
        changed = [SlotSet(slot, value) for slot, value in tracker.slots.items() if value != before.get(slot)]
        events = [*changed, *ended, SlotSet(REQUESTED_SLOT, asked)]
        return events if asked else [*events, ActiveLoop(None)]

    async def _next(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any], unknown: bool
    ) -> str | None:
        if tracker.get_slot("request") == requests.ANSWERED:
            raise Ended
        asked = await identity.check(dispatcher, tracker) if unknown else None
        return asked or await self.missing(dispatcher, tracker, fresh)

    def _in_vain(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        """The answer was of no use: count it; the last time, put the request off and offer a human."""
        if conversation.failures_in_a_row(tracker.events) + 1 < MOST_ANSWERS:
            return [conversation.failed(tracker)]
        later = requests.put_off(tracker, self.form)
        raise Ended([SlotSet("later", later), *requests.offer_human(dispatcher, "utter_no_progress")])


class ValidateIdentityForm(RequestForm):
    """Who calls, and nothing else."""

    form = "identity_form"

    async def missing(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, fresh: dict[str, Any]
    ) -> str | None:
        """Nothing more."""
        return None


def confirmation(tracker: Tracker, fresh: dict[str, Any]) -> bool | None:
    """The answer to what was read back; none when a value came with it, which is read back anew."""
    if set(fresh) - {"confirmed"}:
        tracker.slots["confirmed"] = None
    confirmed = tracker.get_slot("confirmed")
    return None if confirmed is None else bool(confirmed)
