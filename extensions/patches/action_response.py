"""Check answers of the action server with validators that are built once, an event by its own kind's alone.

Rasa 3.6.21 calls jsonschema.validate() for every action, which first checks the constant schema itself, and
then tries every event against the schemas of all 23 kinds: more than half of the CPU of a message. What
passes and what does not stays the same.
"""

from __future__ import annotations

from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction

from extensions.patches import guard


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("action_response"):
        return False
    whole = RemoteAction.action_response_format_spec()
    kind_of_schema = validator_for(whole)
    kind_of_schema.check_schema(whole)
    everything = kind_of_schema(whole)
    events = whole["properties"]["events"]
    outside = kind_of_schema({**whole, "properties": {**whole["properties"], "events": {"type": "array"}}})
    by_kind = {name: kind_of_schema(schema) for name, schema in _kinds(events["items"]).items()}

    def validate(self: RemoteAction, result: dict[str, Any]) -> bool:
        outside.validate(result)
        for event in result.get("events", ()):
            name = event.get("event") if isinstance(event, dict) else None
            validator = by_kind.get(name) if isinstance(name, str) else None
            if validator is None or not validator.is_valid(event):
                everything.validate(result)  # raises, with Rasa's own words
                break
        return True

    RemoteAction._validate_action_result = validate
    return True


def _kinds(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schema of an event of each kind: what all have in common, and its own part of `oneOf`."""
    common = {key: value for key, value in event.items() if key != "oneOf"}
    return {kind["properties"]["event"]["const"]: {**common, "allOf": [kind]} for kind in event["oneOf"]}
