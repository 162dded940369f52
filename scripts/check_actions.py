"""What actions/ say and give, read from their source: responses by name, values by keyword."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

UTTER = "utter_"


@dataclass
class Said:
    """What the source of actions/ shows.

    `responses`: names in it, and how often. `patterns`: names that are put together, utter_confirm_.+ for
    f"utter_confirm_{x}". `values`: every keyword and key that could fill a part of a response. `given`:
    response -> values of each call that says it, where nothing else can come in. `of_action`: action ->
    responses in its class.
    """

    responses: Counter[str] = field(default_factory=Counter)
    patterns: list[re.Pattern[str]] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    given: dict[str, list[set[str]]] = field(default_factory=dict)
    of_action: dict[str, set[str]] = field(default_factory=dict)

    def always_given(self, response: str) -> set[str] | None:
        """The values that some call gives it; None where it is said in ways that cannot be followed."""
        calls = self.given.get(response, [])
        return set[str]().union(*calls) if calls and len(calls) == self.responses[response] else None

    def says(self, response: str) -> bool:
        """Whether some action may say it."""
        return response in self.responses or any(pattern.fullmatch(response) for pattern in self.patterns)


def read(root: Path) -> Said:
    """All of actions/ under `root`; a file that is not Python is left to the linter."""
    said = Said()
    for path in sorted((root / "actions").rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            _take(node, said)
    return said


def _take(node: ast.AST, said: Said) -> None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        said.values.add(node.value)
        if node.value.startswith(UTTER) and node.value != UTTER:
            said.responses[node.value] += 1
    elif isinstance(node, ast.JoinedStr):
        pattern = "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values
        )
        if pattern.startswith(UTTER) and pattern != UTTER + ".+":
            said.patterns.append(re.compile(pattern))
    elif isinstance(node, ast.Call):
        _take_call(node, said)
    elif isinstance(node, ast.ClassDef):
        for name in _action_names(node):
            said.of_action.setdefault(name, set()).update(_responses_in(node))


def _take_call(node: ast.Call, said: Said) -> None:
    keywords = {keyword.arg for keyword in node.keywords if keyword.arg}
    said.values |= keywords
    open_ended = any(keyword.arg is None for keyword in node.keywords)
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "utter_message":
        return
    for value in (keyword.value for keyword in node.keywords if keyword.arg == "response"):
        if isinstance(value, ast.Constant) and str(value.value).startswith(UTTER) and not open_ended:
            said.given.setdefault(str(value.value), []).append(keywords - {"response"})


def _action_names(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef) and inner.name == "name":
            for line in ast.walk(inner):
                if isinstance(line, ast.Constant) and str(line.value).startswith("action_"):
                    yield str(line.value)


def _responses_in(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and str(inner.value).startswith(UTTER):
            yield str(inner.value)
