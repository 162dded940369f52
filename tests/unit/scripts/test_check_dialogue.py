"""Each mistake of a designer is one line with file, line, key and what to do; our own dialogue has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.check_dialogue import problems

DOMAIN = """
intents:
  - fee_dispute
  - greet: {use_entities: []}
entities: [service]
actions: [action_fee_dispute]
responses:
  utter_greet:
    - text: 您好
  utter_ask_id:
    - text: 请说
forms:
  id_form: {required_slots: [id]}
slots:
  id: {type: text, mappings: []}
  awaiting: {type: categorical, values: [nothing, more], mappings: []}
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
    steps: [{intent: fee_dispute, entities: [service]}, {action: action_fee_dispute}, {slot_was_set: [id]}]
  - story: Nothing is awaited
    steps: [{slot_was_set: [{awaiting: null}, requested_slot: id]}]
"""


def project(folder: Path, data: str = GOOD, domain: str = DOMAIN) -> list[str]:
    (folder / "domain.yml").write_text(domain, encoding="utf-8")
    (folder / "data" / "stories").mkdir(parents=True)
    (folder / "data" / "stories" / "fees.yml").write_text(data, encoding="utf-8")
    return problems(folder)


def test_our_own_dialogue_has_no_mistakes() -> None:
    assert problems() == []


def test_a_sound_project(tmp_path: Path) -> None:
    assert project(tmp_path) == []


def test_an_unknown_intent_in_a_story_is_told_whole(tmp_path: Path) -> None:
    (problem,) = project(tmp_path, GOOD.replace("{intent: fee_dispute, ", "{intent: fee_disputes, "))
    assert problem == (
        "data/stories/fees.yml:12: story \"A fee\", key intent: domain.yml does not know 'fee_disputes' "
        "(did you mean 'fee_dispute'?); correct it here, or add it to intents in domain.yml"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("utter_greet", "utter_greets", 7, "key action: domain.yml does not know 'utter_greets'"),
        (
            "{action: action_fee",
            "{action: action_fees",
            12,
            "key action: domain.yml does not know 'action_fees_",
        ),
        ("{intent: greet}", "{intent: hello}", 6, "key intent: domain.yml does not know 'hello'"),
        ("[service]", "[servise]", 12, "key entity: domain.yml does not know 'servise'"),
        ("{awaiting: more}", "{waiting: more}", 4, "key slot: domain.yml does not know 'waiting'"),
        (
            "{awaiting: more}",
            "{awaiting: mor}",
            4,
            "key slot_was_set.awaiting: got 'mor', expected one of more,",
        ),
    ],
)
def test_a_wrong_name_or_value_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    (problem,) = project(tmp_path, GOOD.replace(old, new))
    assert problem.startswith(f"data/stories/fees.yml:{line}: ")
    assert message in problem


def test_test_conversations_are_checked_too(tmp_path: Path) -> None:
    (tmp_path / "tests" / "conversations").mkdir(parents=True)
    text = 'stories:\n- story: x\n  steps:\n  - user: "您好"\n    intent: hullo\n'
    (tmp_path / "tests" / "conversations" / "test_x.yml").write_text(text, encoding="utf-8")
    (problem,) = project(tmp_path)
    assert problem.startswith('tests/conversations/test_x.yml:5: story "x", key intent: ')


def test_numbers_in_examples_are_written_as_the_pipeline_writes_them(tmp_path: Path) -> None:
    (found,) = project(
        tmp_path, "nlu:\n  - intent: greet\n    examples: |\n      - 你好\n      - 多了一百块\n"
    )
    assert found == (
        "data/stories/fees.yml:5: nlu, key examples: got '多了一百块', expected '多了100元'; "
        "write numbers as the pipeline does"
    )


def test_an_intent_of_examples_may_have_a_part_after_the_slash(tmp_path: Path) -> None:
    assert project(tmp_path, "nlu: [{intent: greet/morning, examples: 早上好}]") == []


def test_a_sentence_too_long_for_the_ear(tmp_path: Path) -> None:
    (found,) = project(tmp_path, domain=DOMAIN.replace("您好", "好" * 61))
    assert found.startswith("domain.yml:9: response utter_greet, key text: 61 characters without a pause")


def test_an_unknown_listening_hint(tmp_path: Path) -> None:
    listen = "您好\n      metadata: {listen: {expect: number}}"
    (found,) = project(tmp_path, domain=DOMAIN.replace("您好", listen))
    assert "domain.yml:10: " in found
    assert "key metadata.listen.expect: got 'number', expected one of free, yes_no, digits" in found


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("listen: {secrte: true}", "listen.secrte: unknown, expected one of expect, max_digits, boost"),
        ("listen: {secret: ja}", "listen.secret: got 'ja', expected one of true, false"),
        ("record: stop", "record: got 'stop', expected one of true, false, erase"),
    ],
)
def test_a_misspelt_secret_is_found_before_it_is_recorded(tmp_path: Path, metadata: str, told: str) -> None:
    listen = f"您好\n      metadata: {{{metadata}}}"
    (found,) = project(tmp_path, domain=DOMAIN.replace("您好", listen))
    assert found.startswith("domain.yml:10: ") and f"key metadata.{told}" in found


def test_what_is_secret_or_not_recorded_may_be_said(tmp_path: Path) -> None:
    good = "您好\n      metadata: {record: erase, listen: {expect: digits, secret: true}}"
    assert project(tmp_path, domain=DOMAIN.replace("您好", good)) == []


def test_broken_yaml_is_one_line_with_its_place(tmp_path: Path) -> None:
    (found,) = project(tmp_path, "rules:\n  - {")
    assert found.startswith("data/stories/fees.yml:2: is not valid YAML")


def test_a_broken_domain_is_the_only_problem(tmp_path: Path) -> None:
    (found,) = project(tmp_path, domain="intents: [")
    assert found.startswith("domain.yml:1: is not valid YAML")


def test_a_missing_domain(tmp_path: Path) -> None:
    (found,) = problems(tmp_path)
    assert found.startswith("domain.yml: is missing")


def test_a_domain_may_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "all.yml").write_text(DOMAIN, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stories.yml").write_text(GOOD, encoding="utf-8")
    assert problems(tmp_path) == []
