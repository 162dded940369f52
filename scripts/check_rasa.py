"""Rasa's own check of the data, without its noise, with places: `make check-dialogue ALL=1`, half a minute.

Rasa warns of hundreds of things that are as they should be here: intents that the channel sends have no
utterances, and most responses are said by actions. Both are checked by our own checks, which know more.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.layout import RASA_PYTHON
from yingda.explain import written
from yingda.explain.written import DialogueFiles

DEADLINE_S = 600.0
COLOUR = re.compile(r"\033\[[0-9;]*m")
BAR = re.compile(r"\d+%\|")
STARTS = re.compile(r"(?:.*: UserWarning: |\d{4}-\d\d-\d\d \S+ (?:WARNING|ERROR|CRITICAL)\s+\S+\s+- )(.*)")
OTHER = re.compile(r"\d{4}-\d\d-\d\d \S+ (?:INFO|DEBUG)\s")
NAMED = re.compile(r"'([^'\n]+)'")
KNOWN = (
    re.compile(r"The intent 'EXTERNAL_\w+' is listed in the domain file, but is not found in the NLU"),
    re.compile(r"The utterance '\w+' is not used in any story or rule"),
)


def problems(root: Path) -> list[str]:
    """What `rasa data validate` finds in the project under `root`, one entry each."""
    command = [RASA_PYTHON, "scripts/quiet_rasa.py", "data", "validate", "--domain", "domain.yml"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=DEADLINE_S, env=env)
    except subprocess.TimeoutExpired:
        return [f"rasa data validate did not end within {DEADLINE_S:.0f} s; is the machine busy?"]
    text = done.stdout + done.stderr
    found = list(told(text, places_of(written.read(root))))
    if done.returncode and not found:
        found.append("rasa data validate failed:\n" + "\n".join(text.splitlines()[-10:]))
    return found


def told(output: str, places: Mapping[str, str]) -> Iterator[str]:
    """The warnings and errors in Rasa's output; names are followed by their places."""
    for message in _messages(output):
        if not any(known.match(message) for known in KNOWN):
            yield "rasa: " + NAMED.sub(lambda found: _with_place(found, places), message)


def places_of(files: DialogueFiles) -> dict[str, str]:
    """Where names of intents, responses, stories and rules stand."""
    return {
        **files.intents,
        **files.responses,
        **{item.name: item.place for item in (*files.stories, *files.rules)},
    }


def _messages(output: str) -> Iterator[str]:
    current: list[str] = []
    for raw in output.splitlines():
        line = COLOUR.sub("", raw).rstrip()
        begins = STARTS.match(line)
        if begins or OTHER.match(line) or BAR.search(line):
            if current:
                yield " ".join(current)
            current = [begins[1].strip()] if begins else []
        elif current and line.strip():
            current.append(line.strip())
    if current:
        yield " ".join(current)


def _with_place(found: re.Match[str], places: Mapping[str, str]) -> str:
    place = places.get(found[1])
    return f"{found[0]} ({place})" if place else found[0]
