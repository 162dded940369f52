"""Each mistake of a designer is named with file and line; our own project has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from extensions.check_project import check

ROOT = Path(__file__).resolve().parents[3]
DOMAIN = """version: "3.1"
intents: [greet]
entities: [service]
slots:
  awaiting: {type: categorical, values: [nothing, more], mappings: [{type: custom}]}
responses:
  utter_greet:
    - text: 您好
actions: [action_repeat]
"""
RULE = """version: "3.1"
rules:
  - rule: Greet
    steps:
      - intent: greet
      - action: utter_greet
"""


def project(folder: Path, rules: str = RULE, domain: str = DOMAIN, nlu: str = "") -> list[str]:
    (folder / "data").mkdir()
    (folder / "domain.yml").write_text(domain)
    (folder / "data" / "rules.yml").write_text(rules)
    if nlu:
        (folder / "data" / "nlu.yml").write_text(nlu)
    return [str(problem).replace(f"{folder}/", "") for problem in check(folder)]


def test_our_own_project_has_no_problems() -> None:
    assert check(ROOT) == []


def test_a_sound_project(tmp_path: Path) -> None:
    assert project(tmp_path) == []


@pytest.mark.parametrize(
    ("wrong", "right", "problem"),
    [
        ("intent: gret", "intent: greet", "data/rules.yml:5: unknown intent 'gret'; did you mean 'greet'?"),
        ("action: utter_gret", "action: utter_greet", "data/rules.yml:6: unknown action 'utter_gret'"),
        ("action: action_reapet", "action: utter_greet", "data/rules.yml:6: unknown action 'action_reapet'"),
        ("slot_was_set: [{awaitng: more}]", "intent: greet", "data/rules.yml:5: unknown slot 'awaitng'"),
        (
            "slot_was_set: [{awaiting: mor}]",
            "intent: greet",
            "data/rules.yml:5: slot 'awaiting' cannot be 'mor'",
        ),
    ],
)
def test_an_unknown_name_is_one_line(tmp_path: Path, wrong: str, right: str, problem: str) -> None:
    (found,) = project(tmp_path, RULE.replace(right, wrong))
    assert found.startswith(problem)


def test_numbers_in_examples_are_written_as_the_pipeline_writes_them(tmp_path: Path) -> None:
    nlu = 'version: "3.1"\nnlu:\n  - intent: greet\n    examples: |\n      - 你好\n      - 多了一百块\n'
    (found,) = project(tmp_path, nlu=nlu)
    assert found.startswith("data/nlu.yml:6: write numbers as the pipeline does: '多了100元'")


def test_a_sentence_too_long_for_the_ear(tmp_path: Path) -> None:
    (found,) = project(tmp_path, domain=DOMAIN.replace("您好", "好" * 61))
    assert found.startswith("domain.yml:8: utter_greet: 61 characters without a pause")


def test_an_unknown_listening_hint(tmp_path: Path) -> None:
    listen = "您好\n      metadata: {listen: {expect: number}}"
    (found,) = project(tmp_path, domain=DOMAIN.replace("您好", listen))
    assert "listen.expect is 'number'; expected one of amount, date, digits" in found


def test_broken_yaml_and_a_missing_domain(tmp_path: Path) -> None:
    (found,) = project(tmp_path, rules="rules: [")
    assert found.startswith("data/rules.yml:1: not YAML")
    (tmp_path / "domain.yml").unlink()
    assert "missing" in str(check(tmp_path)[0])
