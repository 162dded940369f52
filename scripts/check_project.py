"""What the checks of the dialogue look at: the designers' files as YAML nodes, and the names they define."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from yingda.explain import yaml_nodes as nodes
from yingda.explain.written import Written, written, yaml_files

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
RASA_SLOTS = {"requested_slot", "session_started_metadata"}
SECTIONS = {
    "intent": "intents",
    "entity": "entities",
    "action": "actions or responses",
    "slot": "slots",
    "form": "forms",
}


@dataclass
class Names:
    """What the domain knows."""

    intents: set[str] = field(default_factory=lambda: set(RASA_INTENTS))
    entities: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=lambda: set(RASA_ACTIONS))
    responses: set[str] = field(default_factory=set)
    forms: dict[str, list[str]] = field(default_factory=dict)  # name -> slots that it requires
    slots: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in RASA_SLOTS})

    def known(self, kind: str, name: str) -> set[str]:
        """The names of one kind; an action called utter_... must be a response."""
        if kind == "action":
            return self.responses if name.startswith("utter_") else self.actions | self.responses
        found: dict[str, Iterable[str]] = {
            "intent": self.intents,
            "entity": self.entities,
            "slot": self.slots,
            "form": self.forms,
        }
        return set(found[kind])


@dataclass(frozen=True)
class Block:
    """Where a mistake is: the file, as it is shown, and the rule, story or section in it."""

    path: str
    title: str

    def problem(self, node: nodes.Node | int, text: str) -> str:
        """One line: `node` is where, or the line's number."""
        line = node if isinstance(node, int) else nodes.line(node)
        return f"{self.path}:{line}: {self.title}, {text}"


@dataclass(frozen=True)
class Example:
    """One utterance of the training data, as it is written."""

    intent: str
    text: str
    path: str
    line: int


@dataclass(frozen=True)
class Response:
    """One response with its variants."""

    name: str
    path: str
    node: nodes.Node  # its name
    variants: list[nodes.Node]

    @property
    def block(self) -> Block:
        """Where its mistakes are."""
        return Block(self.path, f"response {self.name}")

    @property
    def texts(self) -> list[str]:
        """What it says, variant by variant."""
        return [nodes.text(nodes.get(variant, "text")) for variant in self.variants]


@dataclass
class Project:
    """Everything that was read. `mistakes`: files that could not be."""

    root: Path
    names: Names = field(default_factory=Names)
    domains: list[tuple[str, nodes.Node | None]] = field(default_factory=list)
    data: list[tuple[str, nodes.Node | None]] = field(default_factory=list)
    tests: list[tuple[str, nodes.Node | None]] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    rules: list[Written] = field(default_factory=list)
    stories: list[Written] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def read(root: Path) -> Project:
    """The project under `root`; a file that cannot be read is one of the mistakes."""
    project = Project(root)
    domains = [root / "domain.yml"] if (root / "domain.yml").exists() else yaml_files(root / "domain")
    if not domains:
        project.mistakes.append("domain.yml: is missing; restore it, e.g. git checkout domain.yml")
    project.domains = _composed(domains, project)
    for shown, tree in project.domains:
        _read_domain(shown, tree, project)
    project.data = _composed(yaml_files(root / "data"), project)
    project.tests = _composed(yaml_files(root / "tests" / "conversations"), project)
    for shown, tree in project.data:
        project.rules += [written("rule", item, shown) for item in nodes.items(nodes.get(tree, "rules"))]
        stories = nodes.items(nodes.get(tree, "stories"))
        project.stories += [written("story", item, shown) for item in stories]
        for item in nodes.items(nodes.get(tree, "nlu")):
            project.examples += _examples(item, shown)
    return project


def _composed(paths: list[Path], project: Project) -> list[tuple[str, nodes.Node | None]]:
    return [_compose(path, project) for path in paths]


def _compose(path: Path, project: Project) -> tuple[str, nodes.Node | None]:
    shown = str(path.relative_to(project.root))
    try:
        text = path.read_text(encoding="utf-8")
        return shown, nodes.compose(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        line = min(line, len(text.splitlines()) or 1)  # what ends too early is told of the line behind it
        project.mistakes.append(f"{shown}:{line}: is not valid YAML: {error.problem}; correct the line")
    except yaml.YAMLError as error:  # a character that YAML does not allow has no mark
        project.mistakes.append(f"{shown}:1: is not valid YAML: {str(error).splitlines()[0]}")
    except UnicodeDecodeError:
        project.mistakes.append(f"{shown}:1: is not UTF-8 text; save it as UTF-8")
    return shown, None


def _read_domain(shown: str, tree: nodes.Node | None, project: Project) -> None:
    names = project.names
    names.intents |= set(nodes.names(nodes.get(tree, "intents")))
    names.entities |= set(nodes.names(nodes.get(tree, "entities")))
    names.responses |= set(nodes.names(nodes.get(tree, "responses")))
    for key in ("actions", "forms"):
        names.actions |= set(nodes.names(nodes.get(tree, key)))
    for name, form in nodes.pairs(nodes.get(tree, "forms")):
        names.forms[name] = [nodes.text(slot) for slot in nodes.items(nodes.get(form, "required_slots"))]
    for name, slot in nodes.pairs(nodes.get(tree, "slots")):
        names.slots[name] = {nodes.text(value) for value in nodes.items(nodes.get(slot, "values"))}
    section = nodes.get(tree, "responses")
    for key, (name, variants) in zip(nodes.keys(section), nodes.pairs(section), strict=True):
        project.responses.append(Response(name, shown, key, nodes.items(variants)))


def _examples(item: nodes.Node, shown: str) -> Iterator[Example]:
    intent, examples = nodes.get(item, "intent"), nodes.get(item, "examples")
    if intent is None or not isinstance(examples, yaml.ScalarNode):
        return
    first = nodes.line(examples) + (1 if examples.style in ("|", ">") else 0)
    for place, line in enumerate(examples.value.splitlines()):
        if text := line.strip().removeprefix("-").strip():
            yield Example(nodes.text(intent), text, shown, first + place)


def unknown(kind: str, name: str, names: Names) -> str:
    """What to tell about a name that the domain does not know, with the nearest one; "" if it knows it."""
    known = names.known(kind, name)
    if name in known:
        return ""
    near = difflib.get_close_matches(name, sorted(known), 1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return (
        f"key {kind}: domain.yml does not know '{name}'{hint}; "
        f"correct it here, or add it to {SECTIONS[kind]} in domain.yml"
    )
