"""pytest plugin: remembers which tests marked `requirement(n)` passed, for `make requirements`.

One file per run, var/requirements/<label>.json; the label is YINGDA_TEST_LABEL. Runs in both environments.
"""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "var" / "requirements"


class Recorder:
    """Collects the marked tests and their outcomes."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.rows: dict[str, dict[str, Any]] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Note the marks of every test."""
        for item in items:
            numbers = sorted({n for mark in item.iter_markers("requirement") for n in mark.args})
            if numbers:
                self.rows[item.nodeid] = {"requirements": numbers, "outcome": "not run"}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how a test ended; a failure in set-up or tear-down fails it too."""
        row = self.rows.get(report.nodeid)
        tells = report.when == "call" or report.outcome != "passed"
        if row is not None and tells and row["outcome"] != "failed":
            row["outcome"] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.target.write_text(json.dumps(self.rows, indent=1, sort_keys=True) + "\n")


def pytest_configure(config: Any) -> None:
    """Register the recorder, unless tests are only listed."""
    if not config.option.collectonly and not config.option.help:
        label = os.environ.get("YINGDA_TEST_LABEL", "by-hand")
        config.pluginmanager.register(Recorder(FOLDER / (label + ".json")), "yingda-requirements")
