"""The part of `make parse` that runs in Rasa's environment: python scripts/parse_lines.py MODEL FILE.

`--decision` adds what the assistant would act upon: nlu_fallback where it asks.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FALLBACK = "nlu_fallback"
KEPT = ("entity", "value", "cents", "role", "group")


def texts(path: Path) -> list[str]:
    """The first column of every line that has one, without a heading."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    found = [text for line in lines if (text := line.split("\t")[0].strip())]
    return found[1:] if found[:1] == ["text"] else found


def understood(model: str, lines: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each text and what Rasa makes of it."""
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    agent, loop = Agent.load(model), asyncio.new_event_loop()
    for text in lines:
        # a leading slash would name an intent instead of being understood
        yield text, loop.run_until_complete(agent.parse_message(text.lstrip("/")))


def row(text: str, found: dict[str, Any]) -> str:
    """One line of the answer."""
    written, entities = found.get("text") or "", []
    for item in found.get("entities", []):
        kept = {key: item[key] for key in KEPT if item.get(key) is not None}
        entities.append({**kept, "text": written[item["start"] : item["end"]]})
    intent = likeliest(found)
    shown = json.dumps(entities, ensure_ascii=False)
    return "\t".join((text, str(intent.get("name") or ""), f"{intent.get('confidence') or 0:.4f}", shown))


def likeliest(found: dict[str, Any]) -> dict[str, Any]:
    """The intent, and where the bot would rather ask what is likeliest."""
    decided: dict[str, Any] = found.get("intent") or {}
    ranking = found.get("intent_ranking") or []
    return ranking[1] if decided.get("name") == FALLBACK and len(ranking) > 1 else decided


def main() -> int:
    """Command line."""
    out, sys.stdout = sys.stdout, sys.stderr  # libraries write to it
    sys.path[0] = str(ROOT)  # components are named by module path from the root
    from scripts.quiet_rasa import be_quiet

    be_quiet()
    os.chdir(ROOT)
    model, path, *more = sys.argv[1:]
    with_decision = more == ["--decision"]
    print("text\tintent\tconfidence\tentities" + "\tdecision" * with_decision, file=out)
    for text, found in understood(model, texts(Path(path))):
        decided = "\t" + str((found.get("intent") or {}).get("name"))
        print(row(text, found) + decided * with_decision, file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
