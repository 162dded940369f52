"""What was ever spoken for training, kept in git without its audio: one JSON object a line, with all that is
needed to speak it again."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "manifest.jsonl.gz"


def lines() -> list[str]:
    """As they stand in the file."""
    with gzip.open(PATH, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def rows() -> list[dict[str, Any]]:
    """Each line's object: text, voice, speed, kind, split, and `student` where the student spoke."""
    return [json.loads(line) for line in lines()]


def write(content: Iterable[str]) -> None:
    """Put lines into the file; the same lines give the same bytes."""
    with gzip.GzipFile(PATH, "wb", mtime=0) as file:
        file.write("".join(line + "\n" for line in content).encode())
