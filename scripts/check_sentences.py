"""Sentences that cannot be said, or not be followed by ear: markup that nobody speaks, breaths too long."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import get_args

from scripts import check_spoken
from scripts.check_project import Project, Response
from yingda.explain import yaml_nodes as nodes
from yingda.messages.dialogue import Expect
from yingda.speech.text import ssml

LONGEST_WITHOUT_PAUSE = 60  # characters that the ear takes in one breath
PAUSES = re.compile(r"[，。？！；：、,.?!;:\n…—]+")
_TAG = re.compile(r"<[^<>]*>")
_VARIABLE = re.compile(r"\{[^{}]*\}")
LISTEN = ("expect", "max_digits", "boost", "secret")
FLAGS = ("true", "false")
RECORD = ("true", "false", "erase")
SHOWN_ONLY = ("buttons", "image", "attachment", "quick_replies", "elements")
# what is written for the eye: (what it looks like, its name, what to do); signs without a reading, such as
# emoji, are found by check_spoken
FOR_THE_EYE = (
    (re.compile(r"\[[^\]]*\]\([^)]*\)"), "a Markdown link", "say the words alone"),
    (re.compile(r"(?:https?://|www\.)\S+", re.I), "an address of the web", "say where to find it instead"),
    (re.compile(r"\*\*|__|~~|`|(?:^|\n)\s*(?:#+\s|[*+-]\s|\d+\.\s|>\s)"), "Markdown", "take the marks out"),
    (re.compile("[０-９Ａ-Ｚａ-ｚ．％＋]"), "full-width characters", "write 0-9 and A-Z in half width"),
)


def problems(project: Project, voices: Collection[str] | None) -> Iterator[str]:
    """One line each; `voices` are those of the settings."""
    for response in project.responses:
        block = response.block
        for variant in response.variants:
            for mistake in check_spoken.response(variant, voices):
                yield block.problem(*mistake)
            text = nodes.get(variant, "text")
            if text is not None:
                for told in of_text(nodes.text(text)):
                    yield block.problem(text, f"key text: {told}")
            yield from _hint(response, variant)
            for key in nodes.keys(variant):
                if nodes.text(key) in SHOWN_ONLY:
                    told = "a telephone shows nothing; say it in the text"
                    yield block.problem(key, f"key {nodes.text(key)}: {told}")


def of_text(text: str) -> Iterator[str]:
    """What is wrong with a text for the ear."""
    plain = _TAG.sub("", text) if ssml.is_ssml(text) else text
    if not ssml.is_ssml(text) and (tag := _TAG.search(text)):
        yield f"holds the tag {tag[0]}, which would be read out; put <speak> and </speak> around the text"
    for look, name, todo in FOR_THE_EYE:
        if found := look.search(plain):
            yield f"holds {name}, {found[0].strip()!r}, which nobody can say; {todo}"
    longest = longest_breath(plain)
    if longest > LONGEST_WITHOUT_PAUSE:
        limit = LONGEST_WITHOUT_PAUSE
        yield f"{longest} characters without a pause, expected at most {limit}; add a comma"


def longest_breath(text: str) -> int:
    """Characters between pauses, at most; a part that is filled in counts as four."""
    return max(map(len, PAUSES.split(_VARIABLE.sub("四个字的", text))))


def _hint(response: Response, variant: nodes.Node) -> Iterator[str]:
    metadata = nodes.get(variant, "metadata")
    listen = nodes.get(metadata, "listen")
    for key in nodes.keys(listen):
        if nodes.text(key) not in LISTEN:  # a misspelt `secret` would be a recorded password
            told = f"key metadata.listen.{nodes.text(key)}: unknown, expected one of {', '.join(LISTEN)}"
            yield response.block.problem(key, told)
    allowed = {"listen.expect": get_args(Expect), "listen.secret": FLAGS, "record": RECORD}
    for name, values in allowed.items():
        section, _, key = name.rpartition(".")
        found = nodes.get(listen if section else metadata, key)
        if found is not None and nodes.text(found) not in values:
            told = f"key metadata.{name}: got '{nodes.text(found)}', expected one of {', '.join(values)}"
            yield response.block.problem(found, told)
