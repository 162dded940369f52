"""`make talk` as a designer uses it, typed through a pipe: real actions, stores and model."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import assistant
from scripts.layout import RASA_PYTHON, ROOT

pytestmark = [pytest.mark.integration, pytest.mark.slow]

TYPED = """\
我想查一下余额还有多少
后四位是六七二一
/slots
我账单上怎么多了一百块
/silence
没有了谢谢，再见
/save {file}
"""
STORY = ROOT / "var" / "test_talked.yml"


@pytest.fixture(scope="module")
def talked() -> Iterator[str]:
    STORY.unlink(missing_ok=True)
    assistant.ensure(ROOT / "var" / "log" / "train.log", print)
    done = subprocess.run(
        ["make", "--no-print-directory", "talk", "NUMBER="],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        input=TYPED.format(file=STORY.relative_to(ROOT)),
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    yield done.stdout
    STORY.unlink(missing_ok=True)


def turn(talked: str, words: str) -> str:
    """What is shown for one line that was typed."""
    return talked.split(f"您 > {words}\n", 1)[1].split("\n您 > ", 1)[0]


def test_each_turn_tells_what_was_understood_and_why(talked: str) -> None:
    begun = talked.split("\n您 > ", 1)[0]
    assert "inbound call, customer 13800138000" in begun and "王女士" in begun
    asked = turn(talked, "我想查一下余额还有多少")
    assert "  intent  query_balance " in asked
    assert '  why     action_take_request  RulePolicy 1.00  rule "Tell the balance"  data/rules/' in asked
    assert "  listens digits, at most 4" in asked
    told = turn(talked, "后四位是六七二一")
    assert "  read as 后四位是6721" in told and "86.42元" in told and " ms" in told
    assert "identity_verified=true" in turn(talked, "/slots")
    fee = turn(talked, "我账单上怎么多了一百块")
    assert "amount=100 (10000 cents) 「100元」" in fee and "utter_charge_explained domain.yml:" in fee
    assert "EXTERNAL_silence" in turn(talked, "/silence")
    assert "the bot hangs up" in turn(talked, "没有了谢谢，再见")
    assert talked.rstrip().endswith("stopping")


def test_the_conversation_that_was_kept_passes_rasa_test(talked: str) -> None:
    model = assistant.archive()
    command = [RASA_PYTHON, "scripts/quiet_rasa.py", "test", "core", "--model", str(model)]
    command += ["--stories", str(STORY), "--out", "var/rasa-test-talk", "--fail-on-prediction-errors"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert Path(STORY).read_text(encoding="utf-8").count("intent:") == 6


def test_wrong_arguments_are_told_before_anything_starts() -> None:
    done = subprocess.run(
        ["make", "talk", "NUMBER=1380013800x"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "NUMBER: got '1380013800x', expected digits" in done.stderr
    assert "stores" not in done.stdout
