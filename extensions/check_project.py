"""Check what designers edit before Rasa sees it: `python -m extensions.check_project [folder]`.

Rasa reports an unknown name as one warning among many, or as an empty domain; here each mistake is one line
with file, line, name and what to do, and the exit status is 1.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml.comments import CommentedMap

from yingda.sansio.numerals import normalise

BUILT_IN_ACTIONS = {"action_listen", "action_restart", "action_back", "action_session_start"}
BUILT_IN_INTENTS = {"nlu_fallback", "restart", "back", "session_start"}
EXPECTED = {"free", "yes_no", "digits", "amount", "date", "name"}
LONGEST_WITHOUT_PAUSE = 60  # characters that the ear takes in one breath
PAUSES = "，。？！；：、"


@dataclass(frozen=True)
class Problem:
    """One mistake; `line` counts from 1."""

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Names:
    """What domain.yml declares."""

    def __init__(self, domain: dict[str, Any]) -> None:
        self.intents = {_name(item) for item in domain.get("intents") or []} | BUILT_IN_INTENTS
        self.entities = {_name(item) for item in domain.get("entities") or []}
        self.slots = domain.get("slots") or {}
        self.responses = set(domain.get("responses") or {})
        forms = set(domain.get("forms") or {})
        self.actions = set(domain.get("actions") or []) | self.responses | forms | BUILT_IN_ACTIONS


def check(root: Path) -> list[Problem]:
    """Every mistake found under `root`, a Rasa project."""
    problems: list[Problem] = []
    domain_file = root / "domain.yml"
    domain = _load(domain_file, problems)
    if not isinstance(domain, dict):
        return problems or [Problem(domain_file, 1, "empty; expected intents, slots, responses and actions")]
    names = Names(domain)
    problems += _check_responses(domain_file, domain.get("responses") or {})
    folders = (root / "data", root / "tests" / "conversations")
    for file in sorted(path for folder in folders for path in folder.rglob("*.yml")):
        content = _load(file, problems)
        for kind in ("stories", "rules"):
            for block in (content or {}).get(kind) or []:
                problems += _check_steps(file, block, names)
        for block in (content or {}).get("nlu") or []:
            problems += _check_examples(file, block, names)
    return problems


def _check_steps(file: Path, block: CommentedMap, names: Names) -> Iterator[Problem]:
    for step in [*(block.get("condition") or []), *(block.get("steps") or [])]:
        if not isinstance(step, CommentedMap):
            continue
        line = step.lc.line + 1
        if "intent" in step:
            yield from _known(file, line, "intent", step["intent"], names.intents, "intents")
        for item in step.get("entities") or []:
            yield from _known(file, line, "entity", _name(item), names.entities, "entities")
        if "action" in step:
            known = names.responses if str(step["action"]).startswith("utter_") else names.actions
            yield from _known(file, line, "action", step["action"], known, "actions or responses")
        for slot in step.get("slot_was_set") or []:
            yield from _check_slot(file, line, slot, names)


def _check_slot(file: Path, line: int, slot: Any, names: Names) -> Iterator[Problem]:
    name = _name(slot)
    yield from _known(file, line, "slot", name, set(names.slots) | {"requested_slot"}, "slots")
    values = (names.slots.get(name) or {}).get("values")
    if values and isinstance(slot, dict) and slot[name] is not None and slot[name] not in values:
        yield Problem(
            file, line, f"slot {name!r} cannot be {slot[name]!r}; domain.yml allows {', '.join(values)}"
        )


def _check_examples(file: Path, block: CommentedMap, names: Names) -> Iterator[Problem]:
    if "intent" not in block:
        return
    line = block.lc.line + 1
    yield from _known(file, line, "intent", str(block["intent"]).split("/")[0], names.intents, "intents")
    first = block.lc.value("examples")[0] + 2 if "examples" in block else line
    for place, example in enumerate(str(block.get("examples") or "").splitlines()):
        text = example.removeprefix("- ")
        if text != normalise(text):
            yield Problem(
                file, first + place, f"write numbers as the pipeline does: {normalise(text)!r}, not {text!r}"
            )


def _check_responses(file: Path, responses: CommentedMap) -> Iterator[Problem]:
    for name, variants in responses.items():
        for variant in variants or []:
            line = variant.lc.line + 1
            longest = _longest_breath(str(variant.get("text") or ""))
            if longest > LONGEST_WITHOUT_PAUSE:
                limit = LONGEST_WITHOUT_PAUSE
                yield Problem(
                    file, line, f"{name}: {longest} characters without a pause; at most {limit}: add a comma"
                )
            listen = (variant.get("metadata") or {}).get("listen") or {}
            if listen.get("expect", "free") not in EXPECTED:
                allowed = ", ".join(sorted(EXPECTED))
                yield Problem(
                    file, line, f"{name}: listen.expect is {listen['expect']!r}; expected one of {allowed}"
                )


def _longest_breath(text: str) -> int:
    for pause in PAUSES:
        text = text.replace(pause, "\n")
    return max(map(len, text.split("\n")))


def _known(file: Path, line: int, kind: str, name: str, known: set[str], key: str) -> Iterator[Problem]:
    if name in known:
        return
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    yield Problem(
        file,
        line,
        f"unknown {kind} {name!r}; {hint}declare it under `{key}` in domain.yml or correct it here",
    )


def _name(item: Any) -> str:
    return str(next(iter(item))) if isinstance(item, dict) else str(item)


def _load(file: Path, problems: list[Problem]) -> Any:
    try:
        return ruamel.yaml.YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(Problem(file, 1, "missing; a Rasa project needs it"))
    except ruamel.yaml.error.MarkedYAMLError as error:
        mark = error.problem_mark
        problems.append(Problem(file, mark.line + 1 if mark else 1, f"not YAML: {error.problem}"))
    return None


def main() -> int:
    """Print the problems; 1 when there are any."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    problems = check(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print("project files: no problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
