"""What a sentence asks for: which form a request needs, and what was said of it already.

One sentence may hold several (extensions/nlu/several.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker

from actions import account, appointments, conversation, tickets

QUESTION = ""  # no form: an article answers
FORMS = {
    "query_balance": ("identity_form", "balance"),
    "query_bill": ("identity_form", "bill"),
    "fee_dispute": ("identity_form", "dispute"),
    "query_plan": ("identity_form", "plan"),
    "report_fault": ("identity_form", "fault"),
    "query_ticket": ("identity_form", "ticket"),
    **{kind: ("service_form", kind) for kind in ("open_service", "cancel_service")},
    **{
        kind: ("order_form", kind)
        for kind in (
            "query_order",
            "query_logistics",
            "cancel_order",
            "change_address",
            "return_goods",
            "exchange_goods",
        )
    },
    **{
        kind: ("appointment_form", kind)
        for kind in ("book_appointment", "change_appointment", "cancel_appointment")
    },
    "promise_to_pay": ("promise_form", "promise"),
    "rate_service": ("rating_form", "rating"),
}  # by intent


@dataclass(frozen=True)
class Said:
    """A sentence or a piece of one, with the values in it."""

    text: str
    entities: tuple[dict[str, Any], ...]

    def value(self, kind: str) -> Any:
        """The last value of a kind."""
        return conversation.value_of(self.entities, kind)

    def cents(self) -> int | None:
        """The amount."""
        return conversation.cents_of(self.entities)


def whole(tracker: Tracker) -> Said:
    """The customer's last sentence."""
    return Said(conversation.text(tracker), tuple(tracker.latest_message.get("entities") or ()))


def first(tracker: Tracker) -> Said:
    """The piece of it that the intent stands for."""
    said, pieces = whole(tracker), conversation.pieces(tracker)
    return _piece(said, pieces[0]) if pieces else said


def others(tracker: Tracker) -> list[dict[str, Any]]:
    """What else the sentence asks for, as items of the slot `later`: the next one stands last."""
    said, items = whole(tracker), []
    for piece in conversation.pieces(tracker)[:0:-1]:
        form, request = FORMS.get(piece["intent"], (QUESTION, piece["intent"]))
        slots = slots_of(request, _piece(said, piece), tracker) if form else {}
        items.append({"form": form, "request": request, "slots": slots})
    return items


def slots_of(request: str, said: Said, tracker: Tracker) -> dict[str, Any]:
    """What was said of a request, as values of the slots of its form."""
    if request in ("bill", "dispute"):
        return account.slots_of(request, said.text, said.value("date"), said.cents(), tracker)
    if request in ("open_service", "cancel_service"):
        return {"service": said.value("service")}
    if request == "fault":
        return {"matter": said.text[: tickets.LONGEST]}
    if request.endswith("_appointment"):
        what = said.value("service") or appointments.ANYTHING
        return {
            "appointment_day": said.value("date"),
            "appointment_time": said.value("time"),
            "matter": what,
        }
    if request == "promise":
        return {"promise_day": said.value("date"), "promise_cents": said.cents()}
    if request == "rating":
        return {"score": said.value("score")}
    if FORMS.get(request, ("",))[0] == "order_form":
        return _of_order(request, said)
    return {}


def _of_order(request: str, said: Said) -> dict[str, Any]:
    """What was bought is looked for in all that was said: the CRM knows its name better than a model.
    Without a number the order that was talked about stays meant."""
    number, street = said.value("order_number"), said.value("address")
    city = said.value("city") or ""
    slots: dict[str, Any] = {"product": None if number else said.text}
    slots["new_address"] = f"{city}{street}" if street and request == "change_address" else None
    return slots | ({"order_number": str(number)} if number else {})


def _piece(said: Said, piece: dict[str, Any]) -> Said:
    """That piece of the sentence; a value without a place belongs to all of it."""
    inside = [x for x in said.entities if piece["start"] <= x.get("start", piece["start"]) < piece["end"]]
    return Said(str(piece["text"]), tuple(inside))
