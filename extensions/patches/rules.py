"""Look at rules that can fit only: those with the conversation's latest action and intent.

Rasa 3.6.21 holds every rule against the latest state at every prediction, so each new rule makes every turn
slower. Here rules lie in drawers by their latest action and intent; what lies in the drawers in question is
held against all states as before, so the same rules are found.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

from extensions.patches import guard

State = dict[str, dict[str, Any]]
Drawers = dict[tuple[Any, Any], list[str]]
ANY = None


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("rules"):
        return False
    found_by_rasa = RulePolicy._get_possible_keys
    known: WeakKeyDictionary[RulePolicy, list[tuple[Any, int, Drawers]]] = WeakKeyDictionary()

    def possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[State]) -> set[str]:
        latest = states[-1] if states else {}
        if PREVIOUS_ACTION not in latest:  # the start of a conversation fits any rule that starts one
            return found_by_rasa(self, lookup, states)
        drawers = _of(known.setdefault(self, []), self, lookup)
        action, intent = _name(latest, PREVIOUS_ACTION, ACTION_NAME), _name(latest, USER, INTENT)
        keys = {
            key
            for drawer in {(action, intent), (action, ANY), (ANY, intent), (ANY, ANY)}
            for key in drawers.get(drawer, ())
        }
        for turn, state in enumerate(reversed(states)):
            keys = {key for key in keys if self._is_rule_applicable(key, turn, state)}
        return keys

    RulePolicy._get_possible_keys = possible_keys
    return True


def _of(made: list[tuple[Any, int, Drawers]], policy: RulePolicy, lookup: dict[str, str]) -> Drawers:
    for theirs, size, drawers in made:
        if theirs is lookup and size == len(lookup):
            return drawers
    drawers: Drawers = {}
    for key in lookup:
        latest = policy._rule_key_to_state(key)[-1]
        drawer = (_name(latest, PREVIOUS_ACTION, ACTION_NAME), _name(latest, USER, INTENT))
        drawers.setdefault(drawer, []).append(key)
    made.append((lookup, len(lookup), drawers))
    return drawers


def _name(state: State, kind: str, feature: str) -> Any:
    """A feature that must be there and the same; ANY if the rule does not ask for one."""
    wanted = state.get(kind, {}).get(feature)
    return ANY if not wanted or wanted == SHOULD_NOT_BE_SET else wanted
