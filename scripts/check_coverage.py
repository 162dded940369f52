"""What is missing or never used: rules for intents, utterances, responses, values; and what stands twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from scripts.check_actions import Said
from scripts.check_project import RASA_INTENTS, Project
from yingda.explain.written import Step, Written

LEAST_UTTERANCES = 40
_ANNOTATION = re.compile(r"\[([^\[\]]+)\](?:\([^()]+\)|\{[^{}]+\})")
_PART = re.compile(r"\{([A-Za-z_]\w*)\}")
_SILENT = re.compile(r"[\s，。？！；：、,.?!;:…~～]")
LEARNED = "a sentence can only be learned for one"


def mistakes(project: Project, said: Said) -> Iterator[str]:
    """What would go wrong in a call."""
    yield from _twice(project)
    yield from _contradictions(project)
    yield from _against_rules(project)
    yield from _values(project, said)


def advice(project: Project, said: Said) -> Iterator[str]:
    """What is not finished, but can be tried."""
    yield from _few_utterances(project)
    yield from _unanswered(project)
    yield from _never_said(project, said)


def _twice(project: Project) -> Iterator[str]:
    first: dict[str, tuple[str, str]] = {}
    for example in project.examples:
        key = _SILENT.sub("", _ANNOTATION.sub(r"\1", example.text)).lower()
        intent, place = first.setdefault(key, (example.intent, f"{example.path}:{example.line}"))
        if intent != example.intent:
            told = f"'{example.text}' of {example.intent} stands under {intent} too ({place}); {LEARNED}"
            yield f"{example.path}:{example.line}: nlu, key examples: {told}"


def _few_utterances(project: Project) -> Iterator[str]:
    counts: dict[str, int] = {}
    places: dict[str, str] = {}
    for example in project.examples:
        intent = example.intent.split("/")[0]
        counts[intent] = counts.get(intent, 0) + 1
        places.setdefault(intent, f"{example.path}:{example.line}")
    for intent in sorted(project.names.intents - RASA_INTENTS):
        if intent.startswith("EXTERNAL_") or counts.get(intent, 0) >= LEAST_UTTERANCES:
            continue
        place = places.get(intent, project.domains[0][0])
        told = f"{counts.get(intent, 0)} utterances, expected at least {LEAST_UTTERANCES} varied ones"
        yield f"{place}: intent {intent}, key examples: {told}"


def _unanswered(project: Project) -> Iterator[str]:
    answered = {
        name.split("/")[0]
        for item in (*project.rules, *project.stories)
        for step, after in pairwise(item.steps)
        if step.kind == "intent" and after.kind != "intent"
        for name in step.names
    }
    for intent in sorted(project.names.intents - RASA_INTENTS - answered):
        told = "has no rule and no story, so the bot will not know what to do"
        yield f"{project.domains[0][0]}: intent {intent}, {told}; add a rule to data/rules/"


def _never_said(project: Project, said: Said) -> Iterator[str]:
    used = {
        name
        for item in (*project.rules, *project.stories)
        for step in item.steps
        if step.kind == "action"
        for name in step.names
    }
    for form, slots in project.names.forms.items():
        used |= {f"utter_ask_{form}_{slot}" for slot in slots} | {f"utter_ask_{slot}" for slot in slots}
    for response in project.responses:
        if response.name not in used and not said.says(response.name):
            told = "no rule, story, form or action says it; use it, or take it out"
            yield response.block.problem(response.node, told)


def _contradictions(project: Project) -> Iterator[str]:
    """Two rules that begin alike and go on differently: Rasa refuses to train them, minutes later."""
    seen: dict[tuple[object, ...], tuple[str, Written]] = {}
    told: set[tuple[str, str]] = set()
    for rule in project.rules:
        for steps in _unfolded(rule.steps):
            for place, step in enumerate(steps):
                if step.kind != "action" or (place == 0 and not rule.needs):
                    continue
                key = (rule.at_start, frozenset(rule.needs), steps[:place])
                action, other = seen.setdefault(key, (step.names[0], rule))
                if action != step.names[0] and (other.place, rule.place) not in told:
                    told.add((other.place, rule.place))
                    theirs = f'the rule "{other.name}" ({other.place}) goes on with {action}'
                    yield (
                        f'{rule.place}: rule "{rule.name}", key steps: goes on with {step.names[0]} where '
                        f"{theirs}; give one of them a condition"
                    )


def _against_rules(project: Project) -> Iterator[str]:
    """A story that does otherwise than a rule that always holds; conditions are left to Rasa to weigh."""
    always: dict[str, tuple[str, Written]] = {}
    sometimes: set[tuple[str, str]] = set()
    for rule in project.rules:
        for steps in _unfolded(rule.steps):
            kinds = [step.kind for step in steps[:2]]
            if kinds == ["intent", "action"]:
                pair = (steps[0].names[0], steps[1].names[0])
                sometimes.add(pair)
                if not rule.needs and not steps[0].entities:
                    always[pair[0]] = (pair[1], rule)
    for story in project.stories:
        loop = False
        for step, after in pairwise(story.steps):
            loop = step.names[0] != "" if step.kind == "loop" else loop
            if loop or step.kind != "intent" or after.kind != "action":
                continue
            for intent in step.names:
                action, rule = always.get(intent, (after.names[0], None))
                if rule and action != after.names[0] and (intent, after.names[0]) not in sometimes:
                    told = f'where the rule "{rule.name}" ({rule.place}) answers with {action}'
                    about = f'{story.place}: story "{story.name}", key steps'
                    yield f"{about}: answers {intent} with {after.names[0]} {told}; change one of them"


def _unfolded(steps: tuple[Step, ...]) -> list[tuple[Step, ...]]:
    """Every reading of a rule with `or`."""
    found: list[tuple[Step, ...]] = [()]
    for step in steps:
        choices = [step]
        if step.kind == "intent":
            choices = [Step("intent", (name,), step.entities) for name in step.names]
        found = [(*before, choice) for before in found for choice in choices]
    return found


def _values(project: Project, said: Said) -> Iterator[str]:
    """Parts of responses that nothing fills: the caller would hear the braces or the word None."""
    slots = set(project.names.slots)
    by_rule = {
        name: item
        for item in (*project.rules, *project.stories)
        for step in item.steps
        if step.kind == "action"
        for name in step.names
    }
    for response in project.responses:
        parts = {part for text in response.texts for part in _PART.findall(text)} - slots
        if not parts:
            continue
        given = said.always_given(response.name)
        missing = parts - said.values
        if response.name in by_rule:
            missing, item = parts, by_rule[response.name]
            todo = f'{item.kind} "{item.name}" ({item.place}) says it without an action; use a slot'
        elif given is not None:
            missing = parts - given
            todo = "the actions that say it give " + (", ".join(sorted(given)) or "nothing")
        else:
            todo = "no action gives it"
        for part in sorted(missing):
            told = f"key text: {{{part}}} is no slot, and {todo}"
            yield response.block.problem(response.node, told)
