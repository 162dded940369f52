"""What a trained assistant depends on, in parts that designers know, and what has changed in them.

Two projects with the same parts train to the same assistant: comments, order of files and layout are no part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from yingda.explain.yaml_nodes import LOADER

CONFIG = "config.yml"
DATA = ("domain.yml", "domain", "data")
CODE = ("extensions/nlu", "yingda/sansio/numerals", "training/spacy_pipeline.py", "envs/rasa.txt")
WORDS = ("data/words",)
# what has to be learned again after a change of a part
UNDERSTANDING, DIALOGUE, SENTENCES = "understanding", "dialogue", "sentences"
LEARNED_FROM = {
    "utterances": UNDERSTANDING,
    "words": UNDERSTANDING,
    "pipeline": UNDERSTANDING,
    "code": UNDERSTANDING,
    "recipe": UNDERSTANDING,
    "unreadable": UNDERSTANDING,
    "rules": DIALOGUE,
    "stories": DIALOGUE,
    "policies": DIALOGUE,
    "intents": DIALOGUE,
    "entities": DIALOGUE,
    "slots": DIALOGUE,
    "forms": DIALOGUE,
    "actions": DIALOGUE,
    "responses": SENTENCES,
    "session": SENTENCES,
}
DOMAIN_LISTS = ("intents", "entities", "actions")
DOMAIN_MAPPINGS = ("slots", "forms", "responses")
MOST_NAMES = 12  # in a line; more are only counted
Parts = dict[
    str, dict[str, list[str]]
]  # kind -> name -> fingerprints: of each utterance, of anything else one


def parts(root: Path, config: str = CONFIG) -> Parts:
    """The parts of the project under `root` with `config`: it may hold only what differs from config.yml."""
    found: Parts = {kind: {} for kind in LEARNED_FROM}
    keys: dict[str, Any] = {}
    for name in dict.fromkeys((CONFIG, config)):
        keys.update(_mapping(root / name, root, found))
    _take_config(keys, found)
    for path in _files(root, DATA, (".yml", ".yaml")):
        tree = _mapping(path, root, found)
        _take_domain(tree, found)
        _take_data(tree, found)
    for path in _files(root, WORDS, (".txt",)):
        found["words"][str(path.relative_to(root))] = [_hash(path.read_text(encoding="utf-8"))]
    for path in _files(root, CODE, (".py", ".txt")):
        found["code"][str(path.relative_to(root))] = [_hash(path.read_text(encoding="utf-8"))]
    for names in found.values():
        for name, each in names.items():
            names[name] = sorted(each)
    return found


def fingerprint(found: Parts) -> str:
    """Twelve characters that change when any part does."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:12]


def told(before: Parts, now: Parts) -> list[str]:
    """What has changed, a line for each kind of part."""
    lines = []
    for kind in LEARNED_FROM:
        names = list(_changes(kind, before.get(kind, {}), now.get(kind, {})))
        if names:
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            lines.append(f"{kind}: " + ", ".join(names[:MOST_NAMES]) + more)
    return lines


def to_learn(before: Parts, now: Parts) -> list[str]:
    """Of understanding, dialogue and sentences those that a change touches, in this order."""
    touched = {LEARNED_FROM[kind] for kind in LEARNED_FROM if before.get(kind, {}) != now.get(kind, {})}
    return [what for what in (UNDERSTANDING, DIALOGUE, SENTENCES) if what in touched]


def _changes(kind: str, before: dict[str, list[str]], now: dict[str, list[str]]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if kind == "utterances":
            added, gone = len(_without(new or [], old or [])), len(_without(old or [], new or []))
            counts = "".join(f" {sign}{count}" for sign, count in (("+", added), ("-", gone)) if count)
            yield f"{'new ' if old is None else ''}{name}{counts}"
        elif old is None:
            yield f"new {name}"
        else:
            yield f"{name} gone" if new is None else name


def _without(these: list[str], those: list[str]) -> list[str]:
    left = list(those)
    kept = []
    for item in these:
        if item in left:
            left.remove(item)
        else:
            kept.append(item)
    return kept


def _take_config(keys: dict[str, Any], found: Parts) -> None:
    for kind in ("pipeline", "policies"):
        order = []
        for component in keys.pop(kind, None) or []:
            name = str(component.get("name")) if isinstance(component, dict) else str(component)
            order.append(name)
            found[kind].setdefault(name.rpartition(".")[2], []).append(_hash(component))
        found[kind]["order"] = [_hash(order)]
    found["recipe"] = {str(key): [_hash(value)] for key, value in keys.items()}


def _take_domain(tree: dict[str, Any], found: Parts) -> None:
    for kind in DOMAIN_LISTS:
        for item in tree.get(kind) or []:
            name = str(next(iter(item))) if isinstance(item, dict) and item else str(item)
            found[kind].setdefault(name, []).append(_hash(item))
    for kind in DOMAIN_MAPPINGS:
        section = tree.get(kind)
        for name, value in section.items() if isinstance(section, dict) else ():
            found[kind].setdefault(str(name), []).append(_hash(value))
    if "session_config" in tree:
        found["session"]["session_config"] = [_hash(tree["session_config"])]


def _take_data(tree: dict[str, Any], found: Parts) -> None:
    for kind, key in (("rules", "rule"), ("stories", "story")):
        for item in tree.get(kind) or []:
            found[kind].setdefault(str(item.get(key)), []).append(_hash(item))
    for item in tree.get("nlu") or []:
        name = str(item.get("intent") or "")
        if name:
            lines = str(item.get("examples") or "").splitlines()
            found["utterances"].setdefault(name, []).extend(
                _hash(line.strip()) for line in lines if line.strip()
            )
        else:
            name = next((f"{key} {item[key]}" for key in ("synonym", "lookup", "regex") if key in item), "?")
            found["words"].setdefault(name, []).append(_hash(item))


def _mapping(path: Path, root: Path, found: Parts) -> dict[str, Any]:
    """What a YAML file holds; one that cannot be read counts by its text, and the check tells about it."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    try:
        tree = yaml.load(text, LOADER)
    except yaml.YAMLError:
        tree = text
    if isinstance(tree, dict):
        return tree
    if tree is not None:
        found["unreadable"][str(path.relative_to(root))] = [_hash(text)]
    return {}


def _files(root: Path, sources: Iterable[str], kinds: tuple[str, ...]) -> Iterator[Path]:
    for source in sources:
        start = root / source
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and path.suffix in kinds:
                yield path


def _hash(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
