"""The articles of knowledge/: Markdown with a heading in YAML. Read again when a file changes. No network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

KEYS = ("title", "intent", "questions", "source", "valid_from", "valid_until", "owner", "tags", "state")
STATES = ("draft", "review", "published")


class ArticleMistake(Exception):
    """An article cannot be used; the text names file, key and what was expected."""


@dataclass(frozen=True)
class Article:
    """One answer. It may be said from `valid_from` to `valid_until`, both included."""

    path: str
    title: str
    intent: str
    questions: tuple[str, ...]
    answer: str
    source: str
    valid_from: date
    valid_until: date
    state: str

    def may_be_said(self, today: date) -> bool:
        """Whether it is published and valid."""
        return self.state == "published" and self.valid_from <= today <= self.valid_until


def parse(text: str, path: str) -> Article:
    """One file's text. Raises ArticleMistake."""
    parts = text.split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        raise ArticleMistake(
            f"{path}:1: expected a heading between two lines of ---; see knowledge/README.md"
        )
    try:
        head: Any = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2
        raise ArticleMistake(f"{path}:{line}: the heading is not valid YAML; correct the line") from None
    if not isinstance(head, dict):
        raise ArticleMistake(f"{path}:2: expected keys and values; see knowledge/README.md")
    missing = [key for key in KEYS if key not in head]
    if missing:
        raise ArticleMistake(f"{path}:2: key {missing[0]} is missing; add it, see knowledge/README.md")
    for key in ("valid_from", "valid_until"):
        if not isinstance(head[key], date):
            raise ArticleMistake(f"{path}: key {key}: got '{head[key]}', expected a day, e.g. 2026-12-31")
    if head["state"] not in STATES:
        raise ArticleMistake(f"{path}: key state: got '{head['state']}', expected one of {', '.join(STATES)}")
    answer = " ".join(parts[2].split())
    if not answer:
        raise ArticleMistake(f"{path}: the answer is missing; write it below the heading")
    return Article(
        path,
        str(head["title"]),
        str(head["intent"]),
        tuple(str(question) for question in head["questions"] or ()),
        answer,
        str(head["source"]),
        head["valid_from"],
        head["valid_until"],
        head["state"],
    )


class Articles:
    """All articles of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[float, Article | None]] = {}
        self.mistakes: list[str] = []

    def all(self) -> list[Article]:
        """What is there now; a file with a mistake is left out and stands in `mistakes`."""
        found, self.mistakes = [], []
        for path in sorted(self._folder.glob("*.md")):
            if path.name == "README.md":
                continue
            changed = path.stat().st_mtime
            if self._read.get(path, (None, None))[0] != changed:
                self._read[path] = (changed, self._parsed(path))
            article = self._read[path][1]
            if article is not None:
                found.append(article)
        return found

    def about(self, intent: str, today: date) -> Article | None:
        """The article that answers an intent today."""
        return next((x for x in self.all() if x.intent == intent and x.may_be_said(today)), None)

    def _parsed(self, path: Path) -> Article | None:
        try:
            return parse(path.read_text(encoding="utf-8"), f"knowledge/{path.name}")
        except (ArticleMistake, UnicodeDecodeError) as error:
            self.mistakes.append(str(error))
            return None
