"""Rules and stories as they are written, with the lines where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from yingda.explain import yaml_nodes as nodes

ANY = "*"  # a slot that is set, to whatever


@dataclass(frozen=True)
class Step:
    """One line of a rule or story: kind is "intent", "action", "slot" or "loop".

    `names`: what it may be (several with `or`); of a slot its name and value, of a loop its name or "".
    """

    kind: str
    names: tuple[str, ...]
    entities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """One rule or story. `needs`: the steps of its condition, slots and loops only."""

    kind: str  # "rule" or "story"
    name: str
    path: str
    line: int
    needs: tuple[Step, ...]
    steps: tuple[Step, ...]
    at_start: bool = False

    @property
    def place(self) -> str:
        """data/rules/account.yml:16"""
        return f"{self.path}:{self.line}"


@dataclass
class DialogueFiles:
    """What designers wrote, as far as it explains a turn."""

    rules: list[Written] = field(default_factory=list)
    stories: list[Written] = field(default_factory=list)
    responses: dict[str, str] = field(default_factory=dict)  # name -> place
    intents: dict[str, str] = field(default_factory=dict)  # name -> place of its examples


def read(root: Path) -> DialogueFiles:
    """The files under `root`. Files that cannot be read are left out: the check of the dialogue tells."""
    found = DialogueFiles()
    domains = [root / "domain.yml"] if (root / "domain.yml").exists() else yaml_files(root / "domain")
    for path in domains:
        for name in nodes.keys(nodes.get(_tree(path), "responses")):
            found.responses[nodes.text(name)] = f"{path.relative_to(root)}:{nodes.line(name)}"
    for path in yaml_files(root / "data"):
        tree, shown = _tree(path), str(path.relative_to(root))
        found.rules += [written("rule", item, shown) for item in nodes.items(nodes.get(tree, "rules"))]
        found.stories += [written("story", item, shown) for item in nodes.items(nodes.get(tree, "stories"))]
        for item in nodes.items(nodes.get(tree, "nlu")):
            intent = nodes.get(item, "intent")
            if intent is not None:
                found.intents.setdefault(nodes.text(intent), f"{shown}:{nodes.line(intent)}")
    return found


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder and those below."""
    return sorted(path for kind in ("*.yml", "*.yaml") for path in folder.rglob(kind))


def written(kind: str, item: nodes.Node, path: str) -> Written:
    """One rule or story of a file."""
    return Written(
        kind=kind,
        name=nodes.text(nodes.get(item, kind)),
        path=path,
        line=nodes.line(item),
        needs=tuple(_steps(nodes.get(item, "condition"))),
        steps=tuple(_steps(nodes.get(item, "steps"))),
        at_start=nodes.text(nodes.get(item, "conversation_start")) == "true",
    )


def _steps(part: nodes.Node | None) -> Iterator[Step]:
    for node in nodes.items(part):
        choices = nodes.items(nodes.get(node, "or"))
        if choices:
            found = [step for choice in choices for step in _step(choice)]
            if found:
                yield Step(found[0].kind, tuple(name for step in found for name in step.names))
        else:
            yield from _step(node)


def _step(node: nodes.Node) -> Iterator[Step]:
    intent, action, loop = (nodes.get(node, key) for key in ("intent", "action", "active_loop"))
    if intent is not None:
        entities = tuple(
            nodes.text(nodes.first(entity)) for entity in nodes.items(nodes.get(node, "entities"))
        )
        yield Step("intent", (nodes.text(intent),), entities)
    if action is not None:
        yield Step("action", (nodes.text(action),))
    if loop is not None:
        yield Step("loop", ("" if nodes.is_null(loop) else nodes.text(loop),))
    for item in nodes.items(nodes.get(node, "slot_was_set")):
        if not nodes.pairs(item):
            yield Step("slot", (nodes.text(item), ANY))
        for name, value in nodes.pairs(item):
            yield Step("slot", (name, "" if nodes.is_null(value) else nodes.text(value)))


def _tree(path: Path) -> nodes.Node | None:
    try:
        return nodes.compose(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
