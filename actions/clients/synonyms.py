"""What retrieval knows beside the articles: synonyms.yml and unanswered.yml of knowledge/. Pure."""

from __future__ import annotations

import re
from typing import Any

import yaml

PATH, UNANSWERED = "knowledge/synonyms.yml", "unanswered.yml"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there


class SynonymMistake(Exception):
    """The file cannot be used; the text names line, key and what was expected."""


class Synonyms:
    """Puts one word for all of its kind."""

    def __init__(self, standing_for: dict[str, str]) -> None:
        """`standing_for`: word -> the word that replaces it, empty to leave it out."""
        self.standing_for = standing_for
        longest_first = sorted(standing_for, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def plain(self, text: str) -> str:
        """The text in the words that stand for others; unchanged where nothing would be left."""
        if self._any is None:
            return text
        return self._any.sub(lambda found: self.standing_for[found.group()], text) or text


def parse(text: str) -> Synonyms:
    """The file's text. Raises SynonymMistake."""
    try:
        tree: Any = yaml.load(text, LOADER) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise SynonymMistake(f"{PATH}:{line}: is not valid YAML; correct the line") from None
    if not isinstance(tree, dict) or set(tree) - {"same", "ignored"}:
        raise SynonymMistake(f"{PATH}:1: expected the keys same and ignored, nothing else")
    standing_for: dict[str, str] = {}
    for group in tree.get("same") or []:
        if not isinstance(group, list) or len(group) < 2 or not all(isinstance(x, str) for x in group):
            raise SynonymMistake(f"{PATH}: key same: got {group!r}, expected a list of two words or more")
        for word in group:
            if word in standing_for:
                raise SynonymMistake(f"{PATH}: key same: '{word}' stands in two lines; keep one")
            standing_for[word] = group[0]
    for word in tree.get("ignored") or []:
        if not isinstance(word, str) or word in standing_for:
            raise SynonymMistake(
                f"{PATH}: key ignored: got {word!r}, expected a word that same does not have"
            )
        standing_for[word] = ""
    return Synonyms(standing_for)


def sentences(text: str) -> tuple[str, ...] | None:
    """Those of knowledge/unanswered.yml; None when it has a mistake."""
    try:
        tree: Any = yaml.load(text, LOADER) or {}
    except yaml.YAMLError:
        return None
    if not isinstance(tree, dict) or not all(isinstance(x, list) for x in tree.values()):
        return None
    return tuple(str(sentence) for listed in tree.values() for sentence in listed)
