"""Find names in rules, stories and NLU data that the domain does not know, in a fraction of a second.

    python -m scripts.check_dialogue

`rasa data validate` checks more and takes longer; `make test` runs it. This runs before every start.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

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


class DialogueError(Exception):
    """A file of the assistant cannot be used; the text names file, line and what to do."""


@dataclass
class Names:
    """What the domain knows."""

    intents: set[str] = field(default_factory=lambda: set(RASA_INTENTS))
    actions: set[str] = field(default_factory=lambda: set(RASA_ACTIONS))
    slots: set[str] = field(default_factory=set)


def problems(root: Path = ROOT) -> list[str]:
    """Every unknown name, one line each. Raises DialogueError for a file that is not YAML."""
    names = read_domain(root)
    found: list[str] = []
    for path in sorted((root / "data").rglob("*.yml")):
        tree = _compose(path, root)
        for key, kind in (("rules", "rule"), ("stories", "story")):
            for item in _items(_get(tree, key)):
                title = f'{kind} "{_text(_get(item, kind))}"'
                for part in ("condition", "steps"):
                    for step in _items(_get(item, part)):
                        found += _check_step(step, title, names, path.relative_to(root))
        for item in _items(_get(tree, "nlu")):
            intent = _get(item, "intent")
            if intent is not None:
                found += _check("intent", intent, names.intents, "NLU data", path.relative_to(root))
    return found


def read_domain(root: Path) -> Names:
    """The names of domain.yml, or of the files under domain/."""
    paths = (
        [root / "domain.yml"] if (root / "domain.yml").exists() else sorted((root / "domain").rglob("*.yml"))
    )
    if not paths:
        raise DialogueError("domain.yml: is missing; restore it, e.g. from git")
    names = Names()
    for path in paths:
        tree = _compose(path, root)
        names.intents |= set(_names_in(_get(tree, "intents")))
        for key in ("actions", "responses", "forms"):
            names.actions |= set(_names_in(_get(tree, key)))
        names.slots |= set(_names_in(_get(tree, "slots")))
    return names


def _check_step(step: yaml.Node, title: str, names: Names, path: Path) -> Iterator[str]:
    for option in _items(_get(step, "or")):
        yield from _check_step(option, title, names, path)
    for key, known in (("intent", names.intents), ("action", names.actions)):
        value = _get(step, key)
        if value is not None:
            yield from _check(key, value, known, title, path)
    for slot in _items(_get(step, "slot_was_set")):
        for name in slot.value if isinstance(slot, yaml.MappingNode) else [(slot, None)]:
            yield from _check("slot", name[0], names.slots, title, path)


def _check(kind: str, node: yaml.Node, known: set[str], title: str, path: Path) -> Iterator[str]:
    name = _text(node).split("/")[0]
    if name and name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        line = node.start_mark.line + 1
        section = {"intent": "intents", "action": "actions or responses", "slot": "slots"}[kind]
        yield (
            f"{path}: line {line}: {title} uses {kind} '{name}', which domain.yml does not know{hint}; "
            f"correct the name, or add it to {section} in domain.yml"
        )


def _compose(path: Path, root: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = f"{path.relative_to(root)}: line {line}: is not valid YAML: {error.problem}"
        raise DialogueError(message) from None


def _get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if _text(name) == key:
                return value
    return None


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _names_in(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        yield from (_text(name) for name, _ in node.value)
    for item in _items(node):
        yield from _names_in(item) if isinstance(item, yaml.MappingNode) else [_text(item)]


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def main() -> int:
    """Print the problems; exit status 1 if there are any."""
    try:
        found = problems()
    except DialogueError as error:
        found = [str(error)]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
