"""The trained model on sentences that are not in its data."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
from rasa.core.agent import Agent

from bench import nlu
from scripts.parse_lines import likeliest

FIRST_BOT = Path(__file__).resolve().parents[2] / "data" / "nlu" / "first_bot.yml"
LEAST_ACCURACY = 0.95

pytestmark = [pytest.mark.integration]


@pytest.fixture(scope="module")
def agent(model: Path) -> Agent:
    return Agent.load(str(model))


def parse(agent: Agent, text: str) -> dict[str, Any]:
    return dict(asyncio.run(agent.parse_message(text)))


@pytest.mark.requirement(28)
def test_one_hundred_more_on_the_bill_is_a_fee_dispute(agent: Agent) -> None:
    found = parse(agent, "我账单上怎么多了一百块")
    assert found["intent"]["name"] == "fee_dispute"
    amounts = [entity for entity in found["entities"] if entity["entity"] == "amount"]
    assert [(entity["value"], entity["cents"]) for entity in amounts] == [(100, 10000)]


def test_sentences_of_the_first_bot(agent: Agent) -> None:
    wrong, total = [], 0
    blocks = ruamel.yaml.YAML(typ="safe").load(FIRST_BOT.read_text(encoding="utf-8"))["nlu"]
    for block in blocks:
        for line in block["examples"].splitlines():
            text, total = line.removeprefix("- ").strip(), total + 1
            found = str(likeliest(parse(agent, text))["name"])
            if found != block["intent"]:
                wrong.append(f"{text}: {found}, expected {block['intent']}")
    assert 1 - len(wrong) / total >= LEAST_ACCURACY, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.requirement(29)
def test_understanding_has_not_fallen_by_more_than_a_point(agent: Agent) -> None:
    """What was reached is committed beside the sentences; `make figure NAME=nlu` prints the whole table."""
    reached = json.loads((FIRST_BOT.parent / "reached.json").read_text(encoding="utf-8"))
    sentences = nlu.sentences_of()
    understood = [nlu.understood(parse(agent, sentence.said)) for sentence in sentences]
    each = nlu.macro_f1([x.intent for x in sentences], [x.likeliest for x in understood])
    entities, _ = nlu.entity_f1([x.entities for x in sentences], [x.entities for x in understood])
    assert sum(each.values()) / len(each) >= reached["intent_f1"] - 0.01
    assert entities >= reached["entity_f1"] - 0.01


def test_make_parse_writes_a_line_for_each_text(model: Path, tmp_path: Path) -> None:
    lines, root = tmp_path / "lines.tsv", FIRST_BOT.parents[3]
    lines.write_text("text\n我账单上怎么多了一百块\n/request_human\n", encoding="utf-8")
    program = [sys.executable, str(root / "scripts/parse_lines.py"), str(model), str(lines)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=180, check=True)
    head, first, second = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["text", "intent", "confidence", "entities"]
    assert first[:2] == ["我账单上怎么多了一百块", "fee_dispute"]
    assert json.loads(first[3]) == [{"entity": "amount", "value": 100, "cents": 10000, "text": "100元"}]
    assert second[0] == "/request_human" and float(second[2]) < 1.0  # understood, not obeyed
