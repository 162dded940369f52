"""What the law wants of the first words, and of who does not want to be called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.check_actions import Said
from scripts.check_project import Project
from yingda.explain.written import Step, Written

STARTED = "EXTERNAL_call_started"
IS_A_MACHINE = re.compile("智能|语音助手|机器人|人工智能|虚拟|AI|自动语音")
IS_RECORDED = re.compile("录音")
# intents that every conversation of ours must have an answer to from its first question on
MUST_BE_HEARD = ("opt_out", "wrong_person", "deny")
# these do nothing about it
IDLE = re.compile("utter_.*|action_(hang_up|ask_more|go_on|listen)")


def problems(project: Project, said: Said) -> Iterator[str]:
    """One line each."""
    openings = [rule for rule in project.rules if _intent(rule) == STARTED]
    known = STARTED in project.names.intents
    if known and not openings:
        told = f"no rule answers {STARTED}, so nothing is disclosed; add one to data/rules/call.yml"
        yield f"{_domain(project)}: intents, {told}"
    for item in (*openings, *(story for story in project.stories if _intent(story) == STARTED)):
        yield from _disclosure(item, project, said)
    for rule in openings:
        for intent in MUST_BE_HEARD:
            if intent in project.names.intents:
                yield from _heard(rule, intent, project)


def _disclosure(item: Written, project: Project, said: Said) -> Iterator[str]:
    first_turn = []
    for step in item.steps[1:]:
        if step.kind == "intent":
            break
        first_turn += [name for name in step.names if step.kind == "action"]
    if any(name in project.names.forms for name in first_turn):
        return
    texts = [text for action in first_turn for text in _texts(action, project, said)]
    missing = [
        what
        for what, look in (
            ("that a machine speaks", IS_A_MACHINE),
            ("that the call is recorded", IS_RECORDED),
        )
        if not any(variants and all(look.search(text) for text in variants) for variants in texts)
    ]
    if missing:
        told = f"the first turn of the bot does not say {' nor '.join(missing)}"
        todo = "begin with utter_disclosure, or say it in every variant of the response"
        yield f'{item.place}: {item.kind} "{item.name}", {told}; {todo}'


def _texts(action: str, project: Project, said: Said) -> list[list[str]]:
    """The variants of each response that an action of the first turn says."""
    names = {action} if action.startswith("utter_") else said.of_action.get(action, set())
    return [response.texts for response in project.responses if response.name in names]


def _heard(opening: Written, intent: str, project: Project) -> Iterator[str]:
    rules = [rule for rule in project.rules if _intent(rule) == intent and _fits(rule, opening)]
    about = f'{opening.place}: rule "{opening.name}", key steps'
    if not rules:
        todo = "add a rule for it that holds in this conversation (data/rules/)"
        yield f"{about}: {intent} has no answer here; {todo}"
    elif intent == "opt_out" and not any(_acts(rule) for rule in rules):
        rule = rules[0]
        told = "opt_out is answered but nothing is done about it; add the action that records it"
        yield f'{rule.place}: rule "{rule.name}", key steps: {told}'


def _fits(rule: Written, opening: Written) -> bool:
    """Whether the rule holds in a conversation that began so: its conditions are those of the opening."""
    return all(need in opening.needs for need in rule.needs)


def _acts(rule: Written) -> bool:
    actions = [name for step in rule.steps if step.kind == "action" for name in step.names]
    return any(not IDLE.fullmatch(name) for name in actions)


def _intent(item: Written) -> str:
    first: Step | None = item.steps[0] if item.steps else None
    return first.names[0] if first and first.kind == "intent" else ""


def _domain(project: Project) -> str:
    return project.domains[0][0] if project.domains else "domain.yml"
