"""Validate answers of the action server with a validator that is built once.

Rasa 3.6.21 calls jsonschema.validate() for every action, which first checks the constant schema itself:
more than half of the CPU of a message. The check of the answer stays the same.
"""

from __future__ import annotations

import logging
from typing import Any

import rasa
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction

logger = logging.getLogger(__name__)

WRITTEN_FOR = "3.6.21"


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if rasa.__version__ != WRITTEN_FOR:
        logger.warning(
            "patch action_response is for Rasa %s, this is %s: not applied", WRITTEN_FOR, rasa.__version__
        )
        return False
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)

    def validate(self: RemoteAction, result: dict[str, Any]) -> bool:
        validator.validate(result)
        return True

    RemoteAction._validate_action_result = validate
    return True
