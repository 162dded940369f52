"""Find the mistakes of designers in a second: `make check-dialogue`, and before every start.

Rasa reports an unknown name as one warning among many, or as an empty domain. Here each mistake is one line
with file, line, key and what to do. `rasa data validate` knows more and takes longer: see `--rasa`.

Mistakes stop a start. Advice does not: what it names can be tried, but is not fit for callers yet.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts import (
    check_actions,
    check_coverage,
    check_hotwords,
    check_knowledge,
    check_names,
    check_opening,
    check_project,
    check_rasa,
    check_sentences,
    check_spoken,
)

ROOT = Path(__file__).resolve().parent.parent


def problems(root: Path = ROOT) -> list[str]:
    """Every mistake found under `root`, a Rasa project, one line each."""
    return check(root)[0]


def check(root: Path = ROOT) -> tuple[list[str], list[str]]:
    """Mistakes and advice, one line each."""
    project = check_project.read(root)
    found = list(project.mistakes)
    found += check_sentences.problems(project, check_spoken.voices(root))
    found += check_spoken.prompts(root)
    found += check_hotwords.problems(root, ROOT)
    found += check_knowledge.problems(root, project.names.intents)
    if project.mistakes:
        return found, []  # names cannot be judged by files that cannot be read
    found += check_names.problems(project)
    said = check_actions.read(root)
    found += check_opening.problems(project, said)
    found += check_coverage.mistakes(project, said)
    if found:
        return found, []
    return found, [
        *check_coverage.advice(project, said),
        *check_knowledge.expiring(root, check_knowledge.today()),
    ]


def main(given: list[str] | None = None) -> int:
    """Print mistakes and advice; exit status 1 if there is a mistake."""
    parser = argparse.ArgumentParser(description="Find mistakes in the dialogue's files.")
    parser.add_argument("--rasa", action="store_true", help="Rasa's own check too, which takes half a minute")
    with_rasa = parser.parse_args(given).rasa
    found, advised = check()
    if with_rasa and not found:
        found = check_rasa.problems(ROOT)
    for line in found:
        print(line, file=sys.stderr)
    for line in advised:
        print(f"advice: {line}", file=sys.stderr)
    if not found:
        print(
            "the dialogue's files: no mistakes found"
            + (f", {len(advised)} pieces of advice" if advised else "")
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
