"""Find the class of an event by its name in a table.

Rasa 3.6.21 goes through all subclasses of Event, and asks each whether it is abstract, for every event that
an action returns or that is read from a store.
"""

from __future__ import annotations

from rasa.shared.core.events import Event

from extensions.patches import guard


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("event_kinds"):
        return False
    found_by_rasa = Event.resolve_by_type
    known: dict[str, type[Event]] = {}

    def resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
        kind = known.get(type_name)
        if kind is not None:
            return kind
        kind = found_by_rasa(type_name, default)
        if kind is not None and kind.type_name == type_name:
            known[type_name] = kind
        return kind

    Event.resolve_by_type = staticmethod(resolve_by_type)
    return True
