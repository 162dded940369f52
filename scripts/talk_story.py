"""A conversation as a test story for tests/conversations, as `rasa test` reads it.

Rasa's core test runs no action, so whatever actions did to slots that rules look at is written down too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.layout import ROOT

FOLDER = Path("tests/conversations")
HEAD = 'version: "3.1"\n\nstories:'
NOT_TAKEN = ("action_listen", "action_session_start", "action_extract_slots", "action_unlikely_intent")


class CannotSave(Exception):
    """The text says why, and what to do."""


def story(name: str, events: Iterable[Mapping[str, Any]], featurised: set[str]) -> str:
    """One story. `featurised`: the slots that policies see; others need not be told."""
    lines = [f"  - story: {_quoted(name)}", "    steps:"]
    for event in _kept(events):
        kind, value = event.get("event"), event.get("name")
        if kind == "user":
            lines += _said(event)
        elif kind == "action" and value not in NOT_TAKEN:
            lines.append(f"      - action: {value}")
        elif kind == "active_loop":
            lines.append(f"      - active_loop: {value or 'null'}")
        elif kind == "slot" and value in featurised:
            lines += ["      - slot_was_set:", f"          - {value}: {_plain(event.get('value'))}"]
    return "\n".join(lines) + "\n"


def _said(event: Mapping[str, Any]) -> list[str]:
    """What the caller said, as the figure conversations says it again; or an event with its values."""
    parsed, text = event.get("parse_data") or {}, str(event.get("text") or "")
    intent = (parsed.get("intent") or {}).get("name")
    if not text.startswith("/"):
        return ["      - user: |-", "          " + " ".join(text.split()), f"        intent: {intent}"]
    lines = [f"      - intent: {intent}"]
    values = {entity.get("entity"): entity.get("value") for entity in parsed.get("entities") or []}
    values.pop("reason", None)
    if values:
        told = [f"          - {name}: {_plain(value)}" for name, value in values.items()]
        lines += ["        entities:", *told]
    return lines


def _kept(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without what came before the first message, and without turns that were taken back."""
    kept: list[Mapping[str, Any]] = []
    for event in events:
        if event.get("event") == "user" or kept:
            kept.append(event)
        if event.get("event") == "rewind":
            while kept and kept.pop().get("event") != "user":
                pass
    return kept


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, width=1000, default_style='"').strip()


def _plain(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, width=1000).splitlines()[0]


def featurised(root: Path = ROOT) -> set[str]:
    """The slots of domain.yml that policies see."""
    domain = yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))
    slots = domain.get("slots") or {}
    return {
        name
        for name, about in slots.items()
        if about.get("influence_conversation", True) and about.get("type") != "any"
    }


def save(given: str, text: str, root: Path = ROOT) -> Path:
    """Append a story to a file, made when missing; a bare name lies in tests/conversations.

    Raises CannotSave.
    """
    if not given:
        raise CannotSave("expected a file: /save refund writes tests/conversations/test_refund.yml")
    path = Path(given)
    if path.suffix not in (".yml", ".yaml"):
        path = path.with_name(path.name + ".yml")
    if not path.name.startswith("test_"):  # Rasa takes no other file for tests
        path = path.with_name("test_" + path.name)
    path = root / (path if len(path.parts) > 1 else FOLDER / path)
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else HEAD + "\n"
        if before.rstrip().splitlines()[-1:] and "stories:" not in before:
            raise CannotSave(f"{path}: holds no `stories:`; give another file")
        path.parent.mkdir(parents=True, exist_ok=True)
        joint = "" if before.rstrip().endswith("stories:") else "\n"
        path.write_text(before.rstrip("\n") + "\n" + joint + text, encoding="utf-8")
    except OSError as error:
        raise CannotSave(f"{path}: {error.strerror}") from None
    return path
