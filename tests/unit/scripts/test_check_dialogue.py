from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_dialogue

DOMAIN = """
intents:
  - fee_dispute
  - greet: {use_entities: []}
actions: [action_fee_dispute]
responses:
  utter_greet: [{text: 您好}]
forms:
  id_form: {required_slots: [id]}
slots:
  awaiting: {type: text, mappings: []}
"""
GOOD = """
rules:
  - rule: Greet
    condition: [{slot_was_set: [{awaiting: more}]}]
    steps:
      - or: [{intent: greet}, {intent: fee_dispute}]
      - action: utter_greet
      - action: id_form
      - active_loop: id_form
stories:
  - story: A fee
    steps: [{intent: fee_dispute}, {action: action_fee_dispute}, {slot_was_set: [awaiting]}]
"""


def project(folder: Path, data: str) -> Path:
    (folder / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    (folder / "data" / "stories").mkdir(parents=True)
    (folder / "data" / "stories" / "fees.yml").write_text(data, encoding="utf-8")
    return folder


def test_a_good_project_has_no_problems(tmp_path: Path) -> None:
    assert check_dialogue.problems(project(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "{intent: fee_dispute}, {action",
            "{intent: fee_disputes}, {action",
            12,
            'story "A fee" uses intent ',
        ),
        ("- action: utter_greet", "- action: utter_greets", 7, "rule \"Greet\" uses action 'utter_greets'"),
        ("{intent: greet}", "{intent: hello}", 6, "rule \"Greet\" uses intent 'hello'"),
        ("[{awaiting: more}]", "[{waiting: more}]", 4, "rule \"Greet\" uses slot 'waiting'"),
    ],
)
def test_an_unknown_name_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    (problem,) = check_dialogue.problems(project(tmp_path, GOOD.replace(old, new)))
    assert problem.startswith(f"data/stories/fees.yml: line {line}: {message}")
    assert "in domain.yml" in problem


def test_the_nearest_name_is_offered(tmp_path: Path) -> None:
    data = "nlu: [{intent: fee_disptue, examples: 多了一百块}]"
    (problem,) = check_dialogue.problems(project(tmp_path, data))
    assert "(did you mean 'fee_dispute'?)" in problem


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        check_dialogue.DialogueError, match=r"^data/stories/fees.yml: line 2: is not valid YAML"
    ):
        check_dialogue.problems(project(tmp_path, "rules:\n  - {"))


def test_the_shipped_dialogue_has_no_unknown_names() -> None:
    assert check_dialogue.problems() == []
