"""Our own Chinese spaCy pipeline: the rule layer of understanding, made of data/words.

    python -m training.spacy_pipeline

A blank pipeline of characters with an entity ruler: the words of data/words (a kind a file), surnames with
titles (王师傅, 老张, 小李), numbers of houses (88号3单元). No published model is involved. It is written to
models/spacy/zh_rules-<version>, where the version is a fingerprint of all patterns, because
Rasa takes a path for what stands in it; older versions are deleted. Runs in Rasa's environment.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORDS = ROOT / "data" / "words"
BUILT = ROOT / "models" / "spacy"
PHRASES = ("city", "courier", "product", "service", "district", "place")
COMMON = 200  # surnames; the rest only with the help of what is learned
HOUSE = "号栋幢楼层座室弄组院期排"


def words(kind: str) -> list[str]:
    """The words of data/words/<kind>.txt in their order, once each; # begins a comment."""
    lines = (WORDS / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(word for line in lines for word in line.partition("#")[0].split()))


def version() -> str:
    """Changes when the words or the rules do."""
    told = [patterns(), words("surname"), words("title")]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:10]


def folder() -> Path:
    """Where the pipeline of the present words is, or will be."""
    return BUILT / f"zh_rules-{version()}"


def patterns() -> list[dict[str, Any]]:
    """What the entity ruler looks for; a label for each kind of word."""
    found: list[dict[str, Any]] = []
    for kind in PHRASES:
        found += [{"label": kind, "pattern": word} for word in words(kind) if len(word) > 1]
    return found + _people() + _houses()


def _people() -> list[dict[str, Any]]:
    names = words("surname")
    single = {"TEXT": {"IN": [name for name in names if len(name) == 1][:COMMON]}}
    found = []
    for title in words("title"):
        called = [{"TEXT": char} for char in title]
        found.append({"label": "person", "pattern": [single, *called]})
        for name in names:
            if len(name) == 2:
                found.append({"label": "person", "pattern": [*({"TEXT": char} for char in name), *called]})
    found.append({"label": "person", "pattern": [{"TEXT": {"IN": ["小", "老", "阿"]}}, single]})
    return found


def _houses() -> list[dict[str, Any]]:
    number = {"TEXT": {"REGEX": r"^\d$"}, "OP": "+"}
    spoken = {"TEXT": {"REGEX": r"^[一二三四五六七八九十]$"}, "OP": "+"}
    unit = [{"TEXT": "单"}, {"TEXT": "元"}]
    found = []
    for said in (number, spoken):
        found.append({"label": "house", "pattern": [said, *unit]})
        found.append({"label": "house", "pattern": [said, {"TEXT": {"IN": list(HOUSE)}}]})
        found.append({"label": "house", "pattern": [said, {"TEXT": "号"}, {"TEXT": {"IN": ["楼", "院"]}}]})
    return found


def build(target: Path) -> None:
    """Write the pipeline to the folder `target`."""
    import spacy

    nlp = spacy.blank("zh")  # its default segmenter: characters
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(patterns())
    nlp.meta.update(name="rules", version=f"1.0.0+{version()}", description="words and rules of data/words")
    nlp.meta.update({kind: words(kind) for kind in ("surname", "title")})
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(target)


def main() -> int:
    """Build what is not there, delete older versions, print the path."""
    target = folder()
    if not target.exists():
        build(target)
    for other in BUILT.glob("zh_rules-*"):
        if other != target:
            shutil.rmtree(other)
    print(target.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
