"""What was said, as it is written: line by line as the data file has it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from yingda.speech.words.inverse_normalisation import written

DATA = Path(__file__).resolve().parents[2] / "data/speech/inverse_normalisation.tsv"


def rows() -> list[tuple[str, str, str]]:
    found = []
    for line in DATA.read_text(encoding="utf-8").splitlines()[1:]:
        said, expected, topic = line.split("\t")
        found.append((said, expected, topic))
    return found


@pytest.mark.parametrize(("said", "expected", "topic"), rows())
def test_every_line(said: str, expected: str, topic: str) -> None:
    assert written(said) == expected


def test_the_data_hold_what_must_change_and_what_must_not() -> None:
    same = [said for said, expected, _ in rows() if said == expected]
    assert len(rows()) >= 120 and len(same) >= 40
    assert len({said for said, _, _ in rows()}) == len(rows())


def test_what_is_written_already_stays() -> None:
    text = "您好，您的余额是86.42元，3月5号下午3:30到期，尾号6721。Wi-Fi不能用"
    assert written(text) == text
    assert written("") == ""


def test_a_whole_sentence() -> None:
    said = (
        "我三月五号下午三点半打的电话，手机号幺三八零零幺三八零零零，"
        "你们说等一下，扣了一百二十三块五，是第三次了"
    )
    assert written(said) == (
        "我3月5号下午3:30打的电话，手机号13800138000，你们说等一下，扣了123.5元，是第3次了"
    )


def test_long_and_strange_texts_take_no_long_time() -> None:
    started = time.monotonic()
    for text in ("一" * 3000, "十百千万" * 800, "三点" * 1500, "两个" * 1500, "负第一分之" * 600):
        written(text)
    assert time.monotonic() - started < 5.0
