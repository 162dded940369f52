"""Remember what policies see of a conversation's past, and add only what is new.

Rasa 3.6.21 replays the whole conversation for every policy at every prediction, three times in a prediction
and several predictions a turn, so a turn costs the more the longer the call has lasted. Here each
conversation is walked once: as long as the events walked so far are still those of the tracker, and the
same objects, only the new ones are walked. Anything else (an undone turn, another worker's events) is
walked from the start.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from operator import is_
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    LoopInterrupted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from extensions.patches import guard
from extensions.stores.tracker import duplicate

REMEMBERED = 2000  # conversations, times the ways in which policies look at them

SIMPLE = {UserUttered, BotUttered, SlotSet, DefinePrevUserUtteredFeaturization, LoopInterrupted}

State = dict[str, Any]


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("past_states"):
        return False
    walks: OrderedDict[Any, Walk] = OrderedDict()
    seen: OrderedDict[str, Applied] = OrderedDict()

    def states_for_tracker_history(
        self: Domain,
        tracker: DialogueStateTracker,
        omit_unset_slots: bool = False,
        ignore_rule_only_turns: bool = False,
        rule_only_data: dict[str, Any] | None = None,
    ) -> list[State]:
        only = tuple((kind, *names) for kind, names in sorted((rule_only_data or {}).items()))
        key = (tracker.sender_id, omit_unset_slots, ignore_rule_only_turns, only)
        applied = seen.setdefault(tracker.sender_id, Applied()).of(tracker)
        seen.move_to_end(tracker.sender_id)
        walk = walks.get(key)
        if walk is None or walk.domain is not self or not walk.begins(applied):
            walk = Walk(self, tracker, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
        walks[key] = walk
        walks.move_to_end(key)
        while len(walks) > REMEMBERED:
            walks.popitem(last=False)
        while len(seen) > REMEMBERED:
            seen.popitem(last=False)
        return walk.states_up_to(applied)

    Domain.states_for_tracker_history = states_for_tracker_history
    return True


def _blank(tracker: DialogueStateTracker) -> DialogueStateTracker:
    """As `tracker.init_copy()`: the same conversation before its first event."""
    blank = duplicate(tracker)
    blank.events.clear()
    blank._reset()
    blank.model_id = blank.assistant_id = None
    return blank


class Applied:
    """`tracker.applied_events()` of one conversation, found once a prediction and continued in the next.

    Most events are simply added. Where one undoes others, or a form runs again, Rasa itself is asked.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._events: list[Event] = []
        self._applied: list[Event] = []
        self._loops: set[str] = set()

    def of(self, tracker: DialogueStateTracker) -> list[Event]:
        """The caller must not change the list."""
        known, size = self._events, len(self._events)
        if tracker.events.maxlen is not None:  # then it loses its beginning
            return list(tracker.applied_events())
        begins = len(tracker.events) >= size and all(map(is_, known, tracker.events))
        fresh = list(islice(tracker.events, size, None)) if begins else []
        if begins and all(map(self._is_simple, fresh)):
            self._applied.extend(fresh)
        else:
            self._applied = tracker.applied_events()
            fresh = list(tracker.events)
            known.clear()
            self._loops = {x.name for x in fresh if isinstance(x, ActiveLoop) and x.name}
        known.extend(fresh)
        return self._applied

    def _is_simple(self, event: Event) -> bool:
        kind = type(event)
        if kind is ActionExecuted:
            return event.action_name not in self._loops
        if kind is ActiveLoop:
            return not event.name or event.name in self._loops
        return kind in SIMPLE


class Walk:
    """One conversation as one kind of policy sees it; `Domain.states_for_tracker_history`, continued."""

    def __init__(
        self,
        domain: Domain,
        tracker: DialogueStateTracker,
        omit_unset_slots: bool,
        ignore_rule_only_turns: bool,
        rule_only_data: dict[str, Any] | None,
    ) -> None:
        """At the start of `tracker`'s conversation."""
        self.domain = domain
        self._omit, self._ignore, self._only = omit_unset_slots, ignore_rule_only_turns, rule_only_data
        self._tracker = _blank(tracker)
        self._applied: list[Event] = []
        self._states: list[State] = []
        self._last_action: Any = None
        self._hidden = False
        self._message_seen = False

    def begins(self, applied: list[Event]) -> bool:
        """Whether what was walked is the beginning of these events, and all of it still holds."""
        walked = len(self._applied)
        if len(applied) < walked or any(a is not b for a, b in zip(self._applied, applied, strict=False)):
            return False
        # such an event changes how a message looks, also in the past
        seen = self._message_seen
        for event in applied[walked:]:
            if isinstance(event, UserUttered):
                seen = False
            elif isinstance(event, ActionExecuted):
                seen = True
            elif seen and isinstance(event, DefinePrevUserUtteredFeaturization):
                return False
        return True

    def states_up_to(self, applied: list[Event]) -> list[State]:
        """The state before each action, and the present one; the caller's own to change."""
        for event in applied[len(self._applied) :]:
            if isinstance(event, ActionExecuted):
                self._take(event.hide_rule_turn)
                self._message_seen = True
            elif isinstance(event, UserUttered):
                self._message_seen = False
            self._tracker.update(event)
            self._applied.append(event)
        kept = (len(self._states), self._last_action, self._hidden)
        self._take(False)
        states = [_copy(state) for state in self._states]
        del self._states[kept[0] :]
        _, self._last_action, self._hidden = kept
        return states

    def _take(self, hide_rule_turn: bool) -> None:
        """The body of Rasa's loop."""
        tracker, domain = self._tracker, self.domain
        if self._ignore:
            if not self._hidden:
                self._last_action = domain._get_prev_action_sub_state(tracker)
            if not tracker.followup_action and tracker.latest_action_name != tracker.active_loop_name:
                self._hidden = hide_rule_turn
            if self._hidden:
                return
        state = domain.get_active_state(tracker, omit_unset_slots=self._omit)
        if self._ignore:
            domain._remove_rule_only_features(state, self._only)
            if self._states:
                domain._substitute_rule_only_user_input(state, self._states[-1])
            if self._last_action:
                state["prev_action"] = self._last_action
        self._states.append(domain._clean_state(state))


def _copy(state: State) -> State:
    return {kind: dict(features) for kind, features in state.items()}
