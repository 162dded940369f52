from __future__ import annotations

import json
from pathlib import Path

from scripts import requirements
from scripts.layout import ROOT

TABLE = """
| # | Requirement | Class |
|---|---|---|
| 6 | Media hop inside its budget | C |
| 35 | Barge-in | C |
| 40 | Learning by reward | M |
"""


def rows(folder: Path, results: dict[str, object]) -> tuple[dict[int, requirements.Requirement], list[str]]:
    (folder / "table.md").write_text(TABLE)
    (folder / "runs").mkdir()
    (folder / "runs" / "unit.json").write_text(json.dumps(results))
    found = requirements.read_rows(folder / "table.md")
    return found, requirements.add_results(found, folder / "runs")


def test_a_row_passes_when_all_its_tests_pass(tmp_path: Path) -> None:
    found, strays = rows(
        tmp_path,
        {
            "t::a": {"requirements": [6, 35], "outcome": "passed"},
            "t::b": {"requirements": [35], "outcome": "failed"},
            "t::c": {"requirements": [999], "outcome": "passed"},
        },
    )
    assert {number: row.outcome for number, row in found.items()} == {6: "pass", 35: "FAIL", 40: "-"}
    assert strays == ["t::c (requirement 999)"]
    lines = requirements.table(found, everything=False)
    assert lines[0].split() == ["6", "C", "pass", "Media", "hop", "inside", "its", "budget"]
    assert not any("40" in line for line in lines)


def test_the_shipped_table_has_every_row() -> None:
    found = requirements.read_rows(ROOT / "docs" / "requirements.md")
    assert set(found) == set(range(1, 121)) | set(range(201, 208))
