"""`make requirements`: the rows of docs/requirements.md, the tests that show each, and whether those passed.

    python -m scripts.requirements           rows that tests show
    python -m scripts.requirements --all     the others too

A row is shown when at least one test carries its number, and all that do passed in the last `make test`.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from scripts.layout import ROOT

ROW = re.compile(r"^\| (\d+) \| (.+?) \| ([CEM]) \|$")


@dataclass
class Requirement:
    """One row."""

    number: int
    title: str
    kind: str
    tests: dict[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """pass, fail, skipped, or - when no test shows it."""
        outcomes = set(self.tests.values())
        if "failed" in outcomes:
            return "FAIL"
        if outcomes - {"passed"}:
            return "not run"
        return "pass" if outcomes else "-"


def read_rows(path: Path) -> dict[int, Requirement]:
    """The table of docs/requirements.md."""
    found = (ROW.match(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {int(row[1]): Requirement(int(row[1]), row[2], row[3]) for row in found if row}


def add_results(rows: dict[int, Requirement], folder: Path) -> list[str]:
    """Enter the outcomes of the last runs; returns tests whose number is in no row."""
    strays = []
    for path in sorted(folder.glob("*.json")):
        for test, result in json.loads(path.read_text()).items():
            for number in result["requirements"]:
                if number in rows:
                    rows[number].tests[test] = result["outcome"]
                else:
                    strays.append(f"{test} (requirement {number})")
    return strays


def table(rows: dict[int, Requirement], everything: bool) -> list[str]:
    """The lines to print."""
    lines = []
    for row in sorted(rows.values(), key=lambda row: row.number):
        if row.tests or everything:
            lines.append(f"{row.number:>4} {row.kind} {row.outcome:<8} {row.title}")
            lines += [f"{'':<16}{test}" for test in sorted(row.tests)]
    return lines


def main() -> int:
    """Print the table; exit status 1 when a shown row fails or a test names no row."""
    rows = read_rows(ROOT / "docs" / "requirements.md")
    folder = ROOT / "var" / "requirements"
    if not folder.is_dir():
        print("no test has run yet: `make test` first", file=sys.stderr)
        return 1
    strays = add_results(rows, folder)
    print("\n".join(table(rows, "--all" in sys.argv[1:])))
    shown = [row for row in rows.values() if row.tests]
    failed = [row for row in shown if row.outcome == "FAIL"]
    print(f"\n{len(rows)} rows, {len(shown)} with tests, {len(failed)} failing")
    for stray in strays:
        print(f"names no row of docs/requirements.md: {stray}", file=sys.stderr)
    return 1 if failed or strays else 0


if __name__ == "__main__":
    sys.exit(main())
