"""Find the mistakes of designers in a fraction of a second: `make check-dialogue`, and before every start.

Rasa reports an unknown name as one warning among many, or as an empty domain. Here each mistake is one line
with file, line, key and what to do. `rasa data validate` checks more and takes longer; `make test` runs both.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import yaml

from scripts import check_hotwords, check_spoken
from yingda.messages.dialogue import Expect
from yingda.sansio.numerals import normalise

ROOT = Path(__file__).resolve().parent.parent
RASA_INTENTS = {"restart", "back", "session_start", "nlu_fallback"}
RASA_ACTIONS = {
    "action_back",
    "action_deactivate_loop",
    "action_default_ask_affirmation",
    "action_default_ask_rephrase",
    "action_default_fallback",
    "action_extract_slots",
    "action_listen",
    "action_restart",
    "action_revert_fallback_events",
    "action_session_start",
    "action_two_stage_fallback",
    "action_unlikely_intent",
}
RASA_SLOTS = {"requested_slot"}
SECTIONS = {"intent": "intents", "entity": "entities", "action": "actions or responses", "slot": "slots"}
LONGEST_WITHOUT_PAUSE = 60  # characters that the ear takes in one breath
PAUSES = "，。？！；：、"


@dataclass
class Names:
    """What the domain knows."""

    intents: set[str] = field(default_factory=lambda: set(RASA_INTENTS))
    entities: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=lambda: set(RASA_ACTIONS))
    responses: set[str] = field(default_factory=set)
    slots: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in RASA_SLOTS})

    def known(self, kind: str, name: str) -> set[str]:
        """The names of one kind; an action called utter_... must be a response."""
        if kind == "action":
            return self.responses if name.startswith("utter_") else self.actions | self.responses
        return {"intent": self.intents, "entity": self.entities, "slot": set(self.slots)}[kind]


@dataclass(frozen=True)
class Block:
    """Where a mistake is: the file, as it is shown, and the rule, story or section in it."""

    path: str
    title: str

    def problem(self, node: yaml.Node, text: str) -> str:
        return f"{self.path}:{node.start_mark.line + 1}: {self.title}, {text}"


def problems(root: Path = ROOT) -> list[str]:
    """Every mistake found under `root`, a Rasa project, one line each."""
    found: list[str] = []
    names, voices = Names(), check_spoken.voices(root)
    domains = [root / "domain.yml"] if (root / "domain.yml").exists() else _files(root / "domain")
    if not domains:
        return ["domain.yml: is missing; restore it, e.g. git checkout domain.yml"]
    for path in domains:
        tree, shown = _compose(path, root, found)
        _read_domain(tree, names)
        for name, variants in _pairs(_get(tree, "responses")):
            for variant in _items(variants):
                block = Block(shown, f"response {name}")
                found += _check_response(block, variant)
                found += [block.problem(*mistake) for mistake in check_spoken.response(variant, voices)]
    found += check_spoken.prompts(root)
    found += check_hotwords.problems(root, ROOT)
    if found:
        return found  # names cannot be judged by a domain that cannot be read
    for path in _files(root / "data") + _files(root / "tests" / "conversations"):
        tree, shown = _compose(path, root, found)
        for key, kind in (("rules", "rule"), ("stories", "story")):
            for item in _items(_get(tree, key)):
                block = Block(shown, f'{kind} "{_text(_get(item, kind))}"')
                for part in ("condition", "steps"):
                    for step in _items(_get(item, part)):
                        found += _check_step(block, step, names)
        for item in _items(_get(tree, "nlu")):
            found += _check_examples(Block(shown, "nlu"), item, names)
    return found


def _read_domain(tree: yaml.Node | None, names: Names) -> None:
    names.intents |= set(_names_in(_get(tree, "intents")))
    names.entities |= set(_names_in(_get(tree, "entities")))
    names.responses |= set(_names_in(_get(tree, "responses")))
    for key in ("actions", "forms"):
        names.actions |= set(_names_in(_get(tree, key)))
    for name, slot in _pairs(_get(tree, "slots")):
        names.slots[name] = {_text(value) for value in _items(_get(slot, "values"))}


def _check_step(block: Block, step: yaml.Node, names: Names) -> Iterator[str]:
    for option in _items(_get(step, "or")):
        yield from _check_step(block, option, names)
    for key in ("intent", "action"):
        value = _get(step, key)
        if value is not None:
            yield from _check_name(block, key, value, names)
    for entity in _items(_get(step, "entities")):
        yield from _check_name(block, "entity", _first(entity), names)
    for slot in _items(_get(step, "slot_was_set")):
        yield from _check_name(block, "slot", _first(slot), names)
        for name, value in _pairs(slot):
            allowed = names.slots.get(name)
            if allowed and not value.tag.endswith(":null") and _text(value) not in allowed:
                listed = ", ".join(sorted(allowed))
                yield block.problem(
                    value, f"key slot_was_set.{name}: got '{_text(value)}', expected one of {listed}"
                )


def _check_name(block: Block, kind: str, node: yaml.Node, names: Names) -> Iterator[str]:
    name = _text(node).split("/")[0]
    known = names.known(kind, name)
    if name in known:
        return
    near = difflib.get_close_matches(name, sorted(known), 1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    yield block.problem(
        node,
        f"key {kind}: domain.yml does not know '{name}'{hint}; "
        f"correct it here, or add it to {SECTIONS[kind]} in domain.yml",
    )


def _check_examples(block: Block, item: yaml.Node, names: Names) -> Iterator[str]:
    intent, examples = _get(item, "intent"), _get(item, "examples")
    if intent is None:
        return
    yield from _check_name(block, "intent", intent, names)
    if not isinstance(examples, yaml.ScalarNode):
        return
    first = examples.start_mark.line + (2 if examples.style in ("|", ">") else 1)
    for place, line in enumerate(examples.value.splitlines()):
        text = line.removeprefix("- ")
        if text != normalise(text):
            yield (
                f"{block.path}:{first + place}: {block.title}, key examples: got '{text}', expected "
                f"'{normalise(text)}'; write numbers as the pipeline does"
            )


def _check_response(block: Block, variant: yaml.Node) -> Iterator[str]:
    text = _get(variant, "text")
    if text is not None:
        longest = _longest_breath(_text(text))
        if longest > LONGEST_WITHOUT_PAUSE:
            limit = LONGEST_WITHOUT_PAUSE
            yield block.problem(
                text, f"key text: {longest} characters without a pause, expected at most {limit}; add a comma"
            )
    expect = _get(_get(_get(variant, "metadata"), "listen"), "expect")
    if expect is not None and _text(expect) not in get_args(Expect):
        allowed = ", ".join(get_args(Expect))
        yield block.problem(
            expect, f"key metadata.listen.expect: got '{_text(expect)}', expected one of {allowed}"
        )


def _longest_breath(text: str) -> int:
    for pause in PAUSES:
        text = text.replace(pause, "\n")
    return max(map(len, text.split("\n")))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yml"))


def _compose(path: Path, root: Path, found: list[str]) -> tuple[yaml.Node | None, str]:
    shown = str(path.relative_to(root))
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader), shown
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found.append(f"{shown}:{line}: is not valid YAML: {error.problem}; correct the line")
    except UnicodeDecodeError:
        found.append(f"{shown}:1: is not UTF-8 text; save it as UTF-8")
    return None, shown


def _pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(_text(name), value) for name, value in node.value]


def _get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return dict(_pairs(node)).get(key)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _first(node: yaml.Node) -> yaml.Node:
    # `- name` and `- name: value` both name something
    return node.value[0][0] if isinstance(node, yaml.MappingNode) and node.value else node


def _names_in(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        yield from (name for name, _ in _pairs(node))
    for item in _items(node):
        yield _text(_first(item))


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def main() -> int:
    """Print the mistakes; exit status 1 if there are any."""
    found = problems()
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print("the dialogue's files: no mistakes found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
