"""Make Rasa's own actions once, not for every action that is looked up.

Rasa 3.6.21 makes all twelve of them to find one by its name. They hold nothing but the endpoint.
"""

from __future__ import annotations

from rasa.core.actions import action
from rasa.core.actions.action import Action
from rasa.utils.endpoints import EndpointConfig

from extensions.patches import guard


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("default_actions"):
        return False
    made_by_rasa = action.default_actions

    def default_actions(action_endpoint: EndpointConfig | None = None) -> list[Action]:
        if action_endpoint is None:
            return made_by_rasa(None)
        made: list[Action] | None = getattr(action_endpoint, "_default_actions", None)
        if made is None:
            made = action_endpoint._default_actions = made_by_rasa(action_endpoint)
        return list(made)

    action.default_actions = default_actions
    return True
