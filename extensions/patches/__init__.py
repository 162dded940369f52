"""Changes to Rasa itself, each applied only to the version it was written for."""

from __future__ import annotations

from extensions.patches import (
    action_response,
    action_session,
    debug_copies,
    default_actions,
    event_kinds,
    graph_runner,
    last_action,
    past_states,
    rules,
    tracker_copy,
)

PATCHES = (
    action_response,
    action_session,
    debug_copies,
    default_actions,
    event_kinds,
    graph_runner,
    last_action,
    past_states,
    rules,
    tracker_copy,
)


def apply_all() -> list[str]:
    """Apply what belongs to this version of Rasa; the names of what was applied."""
    return [patch.__name__.rpartition(".")[2] for patch in PATCHES if patch.apply()]
