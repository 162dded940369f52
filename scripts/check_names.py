"""Names that no domain knows, and values that a slot cannot have: in rules, stories, examples, the domain."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from scripts.check_project import Block, Names, Project, Response, unknown
from yingda.explain import yaml_nodes as nodes
from yingda.sansio.numerals import normalise

STEP_KEYS = {
    "intent", "user", "entities", "action", "bot", "or", "slot_was_set", "active_loop", "checkpoint",
}  # fmt: skip
_ANNOTATION = re.compile(r"\[[^\[\]]+\](?:\(([^()]+)\)|\{([^{}]+)\})")
_ENTITY = re.compile(r'"entity"\s*:\s*"([^"]+)"')


def problems(project: Project) -> Iterator[str]:
    """One line each."""
    names = project.names
    for shown, tree in (*project.data, *project.tests):
        for key, kind in (("rules", "rule"), ("stories", "story")):
            for item in nodes.items(nodes.get(tree, key)):
                block = Block(shown, f'{kind} "{nodes.text(nodes.get(item, kind))}"')
                for part in ("condition", "steps"):
                    for step in nodes.items(nodes.get(item, part)):
                        yield from _step(block, step, names)
        for item in nodes.items(nodes.get(tree, "nlu")):
            intent = nodes.get(item, "intent")
            if intent is not None:
                yield from _name(Block(shown, "nlu"), "intent", intent, names)
    yield from _examples(project)
    for shown, tree in project.domains:
        yield from _twice(shown, tree)
        yield from _forms(shown, tree, names)
        yield from _mappings(shown, tree, names)
    for response in project.responses:
        yield from _conditions(response, names)


def _step(block: Block, step: nodes.Node, names: Names) -> Iterator[str]:
    for key in nodes.keys(step):
        name = nodes.text(key)
        if name not in STEP_KEYS:
            near = difflib.get_close_matches(name, STEP_KEYS, 1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            yield block.problem(key, f"key {name}: is none of a step{hint}; expected intent, action, ...")
    for option in nodes.items(nodes.get(step, "or")):
        yield from _step(block, option, names)
    for key in ("intent", "action"):
        value = nodes.get(step, key)
        if value is not None:
            yield from _name(block, key, value, names)
    loop = nodes.get(step, "active_loop")
    if loop is not None and not nodes.is_null(loop):
        yield from _name(block, "form", loop, names)
    for entity in nodes.items(nodes.get(step, "entities")):
        yield from _name(block, "entity", nodes.first(entity), names)
    for slot in nodes.items(nodes.get(step, "slot_was_set")):
        yield from _name(block, "slot", nodes.first(slot), names)
        for name, value in nodes.pairs(slot):
            allowed = names.slots.get(name)
            if allowed and not nodes.is_null(value) and nodes.text(value) not in allowed:
                listed = ", ".join(sorted(allowed))
                told = f"key slot_was_set.{name}: got '{nodes.text(value)}', expected one of {listed}"
                yield block.problem(value, told)


def _name(block: Block, kind: str, node: nodes.Node, names: Names) -> Iterator[str]:
    told = unknown(kind, nodes.text(node).split("/")[0], names)
    if told:
        yield block.problem(node, told)


def _examples(project: Project) -> Iterator[str]:
    for example in project.examples:
        block = Block(example.path, "nlu")
        if example.text != (read := normalise(example.text)):
            yield block.problem(
                example.line,
                f"key examples: got '{example.text}', expected '{read}'; write numbers as the pipeline does",
            )
        if "[" not in example.text:
            continue
        for plain, mapping in _ANNOTATION.findall(example.text):
            found = _ENTITY.findall("{" + mapping + "}") if mapping else [plain.split(":")[0]]
            for name in found:
                if told := unknown("entity", name, project.names):
                    yield block.problem(example.line, told)


def _twice(shown: str, tree: nodes.Node | None) -> Iterator[str]:
    """YAML takes the last of two and says nothing."""
    for section in ("responses", "slots", "forms"):
        seen: dict[str, int] = {}
        for key in nodes.keys(nodes.get(tree, section)):
            name, line = nodes.text(key), nodes.line(key)
            if name in seen:
                told = f"stands there twice, first in line {seen[name]}; join the two"
                yield f"{shown}:{line}: {section}, key {name}: {told}"
            seen[name] = line


def _forms(shown: str, tree: nodes.Node | None, names: Names) -> Iterator[str]:
    for form, about in nodes.pairs(nodes.get(tree, "forms")):
        block = Block(shown, f"form {form}")
        for slot in nodes.items(nodes.get(about, "required_slots")):
            yield from _name(block, "slot", slot, names)
            asked = (f"utter_ask_{form}_{nodes.text(slot)}", f"utter_ask_{nodes.text(slot)}")
            asks = (f"action_ask_{form}_{nodes.text(slot)}", f"action_ask_{nodes.text(slot)}")
            if nodes.text(slot) in names.slots and not (
                names.responses & {*asked} or names.actions & {*asks, f"validate_{form}"}
            ):
                told = (
                    f"nothing asks for the slot {nodes.text(slot)}; add a response {asked[1]} to domain.yml"
                )
                yield block.problem(slot, told)
        for intent in nodes.items(nodes.get(about, "ignored_intents")):
            yield from _name(block, "intent", intent, names)


def _mappings(shown: str, tree: nodes.Node | None, names: Names) -> Iterator[str]:
    for slot, about in nodes.pairs(nodes.get(tree, "slots")):
        block = Block(shown, f"slot {slot}")
        for mapping in nodes.items(nodes.get(about, "mappings")):
            entity = nodes.get(mapping, "entity")
            if entity is not None:
                yield from _name(block, "entity", entity, names)
            for key in ("intent", "not_intent"):
                value = nodes.get(mapping, key)
                for intent in nodes.items(value) or ([value] if value is not None else []):
                    yield from _name(block, "intent", intent, names)
            for condition in nodes.items(nodes.get(mapping, "conditions")):
                loop = nodes.get(condition, "active_loop")
                if loop is not None and not nodes.is_null(loop):
                    yield from _name(block, "form", loop, names)


def _conditions(response: Response, names: Names) -> Iterator[str]:
    for variant in response.variants:
        for condition in nodes.items(nodes.get(variant, "condition")):
            name = nodes.get(condition, "name")
            if name is not None:
                yield from _name(response.block, "slot", name, names)
