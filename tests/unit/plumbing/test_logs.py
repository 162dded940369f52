from __future__ import annotations

import logging
import re

import pytest

from yingda.plumbing import logs


def test_a_line_has_time_level_process_and_module(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.setup("gateway", "info")
        logging.getLogger("sip").info("call %s answered", "c1")
        logging.getLogger("sip").debug("not shown")
    finally:
        root.handlers[:], root.level = before, level
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO gateway sip: call c1 answered", line)
