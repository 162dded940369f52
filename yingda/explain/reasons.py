"""Which rule or story stands behind a decision.

Rasa records the policy and not the rule. What RulePolicy does is done here again on the files: a rule fits
when its steps are the end of the conversation and its conditions held at each of them; the longest one wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yingda.explain.turns import LISTEN, Conversation, Decision, Happened, State
from yingda.explain.written import ANY, DialogueFiles, Step, Written

BY_RASA = ("action_restart", "action_back", "action_session_start")


@dataclass(frozen=True)
class Reason:
    """Why, in words, and the rule or story where it was found."""

    words: str
    source: Written | None = None


def why(decision: Decision, conversation: Conversation, files: DialogueFiles) -> Reason:
    """The reason for one decision of the conversation."""
    before = conversation.history[: decision.at]
    happened = conversation.history[decision.at : decision.at + 1]
    state = happened[0].before if happened and decision.action != LISTEN else _last_state(conversation)
    if decision.action in BY_RASA:
        return Reason("Rasa's own answer to this intent")
    if not decision.policy:
        return Reason("no policy was asked")
    if decision.policy != "RulePolicy":
        found = _longest(files.stories, before, state, decision.action, whole=False)
        return Reason("as in" if found else "learned from the stories", found)
    if decision.action == state.loop:
        return Reason(f"the form {state.loop} is open, and takes what is said first")
    found = _longest(files.rules, before, state, decision.action, whole=True)
    if found:
        return Reason("", found)
    if decision.action == "action_default_fallback":
        return Reason("no rule fits this intent here, and no policy is sure enough; write a rule for it")
    return Reason("no rule was found for it; was the assistant trained on these files?")


def _last_state(conversation: Conversation) -> State:
    turn = conversation.turns[-1]
    return State(turn.slots, turn.loop)


def _longest(
    written: Sequence[Written], before: Sequence[Happened], state: State, action: str, whole: bool
) -> Written | None:
    fitting = [
        (size, item)
        for item in written
        for size in _sizes(item, before, state, action, whole)
        if size is not None
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _sizes(
    item: Written, before: Sequence[Happened], state: State, action: str, whole: bool
) -> Iterator[tuple[int, int]]:
    """How much of the conversation each place of `item` that leads to `action` accounts for."""
    flat = [(step, needs) for step, needs in _with_needs(item) if step.kind in ("intent", "action")]
    ends = [place for place, (step, _) in enumerate(flat) if _is(step, "action", action)]
    if action == LISTEN:
        ends.append(len(flat))
    for end in ends:
        needs = flat[end][1] if end < len(flat) else _after(item)
        if end == 0 or not _hold(needs, state):
            continue
        agreed = 0
        for place in range(end - 1, -1, -1):
            at = len(before) - (end - place)
            if at < 0 or not _agrees(flat[place], before[at], first=place == 0):
                break
            agreed += 1
        if agreed == end or (not whole and agreed >= 2):
            yield agreed, len(needs)


def _agrees(written: tuple[Step, tuple[Step, ...]], happened: Happened, first: bool) -> bool:
    step, needs = written
    if not _is(step, happened.kind, happened.name):
        return False
    if any(entity not in happened.entities for entity in step.entities):
        return False
    return first or _hold(needs, happened.before)


def _is(step: Step, kind: str, name: str) -> bool:
    return step.kind == kind and any(name == one or name == one.split("/")[0] for one in step.names)


def _with_needs(item: Written) -> Iterator[tuple[Step, tuple[Step, ...]]]:
    """Each step with what must hold when it is taken: the condition, changed by the slots set on the way."""
    needs = item.needs
    for step in item.steps:
        yield step, needs
        needs = _changed(needs, step)


def _after(item: Written) -> tuple[Step, ...]:
    needs = item.needs
    for step in item.steps:
        needs = _changed(needs, step)
    return needs


def _changed(needs: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    if step.kind == "slot":
        return (*(need for need in needs if need.kind != "slot" or need.names[0] != step.names[0]), step)
    if step.kind == "loop":
        return (*(need for need in needs if need.kind != "loop"), step)
    return needs


def _hold(needs: Sequence[Step], state: State) -> bool:
    return all(_holds(need, state) for need in needs)


def _holds(need: Step, state: State) -> bool:
    if need.kind == "loop":
        return need.names[0] == state.loop
    name, wanted = need.names[0], need.names[1]
    value = state.slots.get(name)
    if wanted == ANY:
        return value is not None
    if isinstance(value, bool):
        return str(value).lower() == wanted.lower()
    return ("" if value is None else str(value)) == wanted
