"""`make parse`: a file's lines in, what was understood out."""

from __future__ import annotations

import json
from pathlib import Path

from scripts import parse_lines


def test_the_first_column_is_read_and_the_heading_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.tsv"
    path.write_text("\ufefftext\tintent\n查余额\tquery_balance\n\n  再见 \n", encoding="utf-8")
    assert parse_lines.texts(path) == ["查余额", "再见"]


def test_a_row_holds_the_values() -> None:
    found = {
        "text": "多了100元",
        "intent": {"name": "fee_dispute", "confidence": 0.98765},
        "entities": [
            {
                "entity": "amount",
                "value": 100,
                "cents": 10000,
                "start": 2,
                "end": 6,
                "extractor": "ValueEntities",
            }
        ],
    }
    text, intent, confidence, entities = parse_lines.row("多了一百块", found).split("\t")
    assert (text, intent, confidence) == ("多了一百块", "fee_dispute", "0.9877")
    assert json.loads(entities) == [{"entity": "amount", "value": 100, "cents": 10000, "text": "100元"}]


def test_nothing_understood_is_a_row_too() -> None:
    assert parse_lines.row("嗯", {"text": "嗯", "intent": {"name": None}}) == "嗯\t\t0.0000\t[]"
