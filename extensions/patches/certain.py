"""Ask policies in the order of their priority, and no further once one is certain.

Rasa 3.6.21 asks every policy at every prediction, and then takes the one that is surest, of equals the one
of higher priority. A policy that is certain (confidence 1) can be overruled by none that comes after it, so
TED's network need not run where a rule decides; the same is predicted. Where a policy learned from words
instead of intents (end-to-end stories), it may overrule rules, and all are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected
from rasa.shared.core.trackers import DialogueStateTracker

WORDS = "precomputations"  # what such a policy needs beside the conversation

Given = Callable[[str], Any]


def inputs(schema: GraphSchema, name: str, nodes: Mapping[str, GraphNode], given: Given) -> list[Any]:
    """What the node `name` is given by its parents; nothing by a policy whose word would not count."""
    needs = list(schema.nodes[name].needs.values())
    policies = [parent for parent in needs if parent in nodes and _is_policy(schema, parent)]
    ensemble = schema.nodes[name].uses is DefaultPolicyPredictionEnsemble
    if not ensemble or not _in_turn(schema, policies, given(schema.nodes[name].needs["tracker"])[1]):
        return [given(parent) for parent in needs]
    asked: dict[str, Any] = {}
    for policy in sorted(policies, key=lambda one: -_priority(nodes[one])):
        asked[policy] = given(policy)
        if _is_certain(asked[policy][1]):
            break
    return [asked.get(parent, (parent, None)) if parent in policies else given(parent) for parent in needs]


def _in_turn(schema: GraphSchema, policies: list[str], tracker: DialogueStateTracker) -> bool:
    """Whether the order of priority decides: nobody listens to words, and no action was just refused."""
    if any(WORDS in schema.nodes[policy].needs for policy in policies):
        return False
    actions = (ActionExecuted, ActionExecutionRejected)
    latest = next((event for event in reversed(tracker.events) if isinstance(event, actions)), None)
    return not isinstance(latest, ActionExecutionRejected)


def _is_policy(schema: GraphSchema, name: str) -> bool:
    return issubclass(schema.nodes[name].uses, Policy)


def _priority(node: GraphNode) -> int:
    return int(getattr(node._component, "priority", 0))


def _is_certain(prediction: Any) -> bool:
    return isinstance(prediction, PolicyPrediction) and prediction.max_confidence >= 1.0
