"""The articles of knowledge/: Markdown with a heading in YAML. Read again when a file changes. No network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from actions.clients.synonyms import LOADER

KEYS = ("title", "questions", "source", "valid_from", "valid_until", "owner", "tags", "state")
OPTIONAL = ("intent",)
STATES = ("draft", "review", "published")


class ArticleMistake(Exception):
    """An article cannot be used; the text names file, line, key and what was expected."""


@dataclass(frozen=True)
class Article:
    """One answer. It may be said from `valid_from` to `valid_until`, both included.

    `intent` is the intent that it answers whatever the words were, empty for most. `version` is what
    `git hash-object` says of the file, so `git cat-file -p <version>` shows what was said.
    """

    path: str
    title: str
    intent: str
    questions: tuple[str, ...]
    answer: str
    source: str
    valid_from: date
    valid_until: date
    owner: str
    tags: tuple[str, ...]
    state: str
    version: str

    @property
    def name(self) -> str:
        """The file's name without .md."""
        return Path(self.path).stem

    def may_be_said(self, today: date) -> bool:
        """Whether it is published and valid."""
        return self.state == "published" and self.valid_from <= today <= self.valid_until

    def evidence(self) -> dict[str, str]:
        """What the record of the call keeps beside the sentence."""
        return {
            "article": self.name,
            "version": self.version,
            "source": self.source,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat(),
        }


def parse(text: str, path: str) -> Article:
    """One file's text. Raises ArticleMistake."""
    parts = text.replace("\r\n", "\n").split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        raise ArticleMistake(
            f"{path}:1: expected a heading between two lines of ---; see knowledge/README.md"
        )
    head = _heading(parts[1], path)
    for key in ("valid_from", "valid_until"):
        if type(head[key]) is not date:
            got = head[key]
            raise ArticleMistake(f"{_at(parts[1], path, key)}: got '{got}', expected a day, e.g. 2026-12-31")
    if head["valid_until"] < head["valid_from"]:
        raise ArticleMistake(
            f"{_at(parts[1], path, 'valid_until')}: lies before valid_from; correct one of them"
        )
    if head["state"] not in STATES:
        raise ArticleMistake(
            f"{_at(parts[1], path, 'state')}: got '{head['state']}', expected one of {', '.join(STATES)}"
        )
    for key in ("questions", "tags"):
        if not isinstance(head[key], list) or not head[key]:
            raise ArticleMistake(f"{_at(parts[1], path, key)}: expected a list, one entry at least")
    answer = " ".join(parts[2].split())
    if not answer:
        raise ArticleMistake(f"{path}: the answer is missing; write it below the heading")
    return Article(
        path,
        str(head["title"]),
        str(head.get("intent") or ""),
        tuple(str(question) for question in head["questions"]),
        answer,
        str(head["source"]),
        head["valid_from"],
        head["valid_until"],
        str(head["owner"]),
        tuple(str(tag) for tag in head["tags"]),
        head["state"],
        blob_hash(text.encode()),
    )


def blob_hash(content: bytes) -> str:
    """What `git hash-object` says of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _heading(written: str, path: str) -> dict[str, Any]:
    try:
        head: Any = yaml.load(written, LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2
        raise ArticleMistake(f"{path}:{line}: the heading is not valid YAML; correct the line") from None
    if not isinstance(head, dict):
        raise ArticleMistake(f"{path}:2: expected keys and values; see knowledge/README.md")
    missing = [key for key in KEYS if key not in head]
    if missing:
        raise ArticleMistake(f"{path}:2: key {missing[0]} is missing; add it, see knowledge/README.md")
    unknown = [key for key in head if key not in KEYS + OPTIONAL]
    if unknown:
        allowed = ", ".join(KEYS + OPTIONAL)
        raise ArticleMistake(f"{_at(written, path, unknown[0])}: is unknown; expected one of {allowed}")
    return head


def _at(heading: str, path: str, key: str) -> str:
    """Where a key stands."""
    lines = heading.split("\n")
    line = next((n for n, text in enumerate(lines) if text.startswith(f"{key}:")), 0)
    return f"{path}:{line + 2}: key {key}"


class Articles:
    """All articles of a folder. A look costs the file system a question for each file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[tuple[int, int], Article | str]] = {}
        self.mistakes: list[str] = []

    def all(self) -> list[Article]:
        """What is there now; a file with a mistake is left out and stands in `mistakes`."""
        read: dict[Path, tuple[tuple[int, int], Article | str]] = {}
        for path in sorted(self._folder.glob("*.md")):
            if path.name == "README.md":
                continue
            try:
                about = path.stat()
                stamp = (about.st_mtime_ns, about.st_size)
                known = self._read.get(path)
                read[path] = known if known and known[0] == stamp else (stamp, self._parsed(path))
            except FileNotFoundError:  # deleted between the two looks
                continue
        self._read = read
        self.mistakes = [found for _, found in read.values() if isinstance(found, str)]
        return [found for _, found in read.values() if isinstance(found, Article)]

    def about(self, intent: str, today: date) -> Article | None:
        """The article that answers an intent today."""
        return next((x for x in self.all() if x.intent == intent and x.may_be_said(today)), None)

    def _parsed(self, path: Path) -> Article | str:
        try:
            return parse(path.read_bytes().decode(), f"knowledge/{path.name}")
        except ArticleMistake as error:
            return str(error)
        except UnicodeDecodeError:
            return f"knowledge/{path.name}:1: is not UTF-8 text; save it as UTF-8"
