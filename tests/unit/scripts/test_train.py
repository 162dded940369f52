"""What `make train` says: what changed, what is learned from it, how long it takes, what it is doing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import assistant, train_changes
from scripts.train_changes import DIALOGUE, SENTENCES, UNDERSTANDING
from scripts.train_progress import Progress, Times, why_failed
from yingda.explain import written

DOMAIN = """\
intents: [greet, fee]
entities: [service: {influence_conversation: false}]
actions: [action_fee]
session_config: {session_expiration_time: 0}
slots:
  awaiting: {type: text, mappings: [{type: custom}]}
forms: {day_form: {required_slots: [awaiting]}}
responses:
  utter_greet:
    - text: 您好
"""
NLU = """\
nlu:
  - intent: greet
    examples: |
      - 你好
      - 您好
  - intent: fee
    examples: |
      - 费用
"""
FILES = {
    "config.yml": "language: zh\npipeline: [{name: a.B, c: 1}]\npolicies: [{name: RulePolicy}]\n",
    "domain.yml": DOMAIN,
    "data/nlu/all.yml": NLU,
    "data/rules/all.yml": "rules:\n  - rule: Greet\n    steps: [{intent: greet}, {action: utter_greet}]\n",
    "extensions/nlu/numerals.py": "x = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "told", "learned"),
    [
        ("data/nlu/all.yml", "- 您好\n", "- 早\n      - 嗨\n", "utterances: greet +2 -1", [UNDERSTANDING]),
        (
            "data/nlu/all.yml",
            "intent: fee",
            "intent: fees",
            "utterances: fee -1, new fees +1",
            [UNDERSTANDING],
        ),
        ("data/rules/all.yml", "utter_greet", "action_fee", "rules: Greet", [DIALOGUE]),
        ("data/rules/all.yml", "rule: Greet", "rule: Hello", "rules: Greet gone, new Hello", [DIALOGUE]),
        ("domain.yml", "text: 您好", "text: 你好啊", "responses: utter_greet", [SENTENCES]),
        ("domain.yml", "[greet, fee]", "[greet, fee, bye]", "intents: new bye", [DIALOGUE]),
        ("domain.yml", "{type: text,", "{type: any,", "slots: awaiting", [DIALOGUE]),
        ("domain.yml", "[awaiting]", "[awaiting, x]", "forms: day_form", [DIALOGUE]),
        ("domain.yml", "service: {inf", "product: {inf", "entities: new product, service gone", [DIALOGUE]),
        ("config.yml", "c: 1", "c: 2", "pipeline: B", [UNDERSTANDING]),
        ("config.yml", "{name: RulePolicy}", "{name: RulePolicy, x: 1}", "policies: RulePolicy", [DIALOGUE]),
        ("extensions/nlu/numerals.py", "1", "2", "code: extensions/nlu/numerals.py", [UNDERSTANDING]),
    ],
)
def test_a_change_is_told_by_name(
    root: Path, name: str, old: str, new: str, told: str, learned: list[str]
) -> None:
    before = train_changes.parts(root)
    edit(root, name, old, new)
    now = train_changes.parts(root)
    assert train_changes.told(before, now) == [told]
    assert train_changes.to_learn(before, now) == learned
    assert train_changes.fingerprint(before) != train_changes.fingerprint(now)


def test_many_changes_are_counted() -> None:
    (line,) = train_changes.told({}, {"rules": {f"r{n:02}": ["x"] for n in range(15)}})
    assert line.endswith("new r11 and 3 more") and "r12" not in line


def test_comments_order_and_layout_are_no_change(root: Path) -> None:
    before = train_changes.parts(root)
    edit(root, "domain.yml", "responses:", "# what it says\nresponses:")
    edit(root, "data/nlu/all.yml", "      - 你好\n      - 您好\n", "      - 您好\n      - 你好\n")
    (root / "data/rules/all.yml").rename(root / "data/rules/other.yml")
    assert train_changes.parts(root) == before


def test_a_file_that_cannot_be_read_counts_by_its_text(root: Path) -> None:
    (root / "data/rules/all.yml").write_text("rules: [")
    first = train_changes.parts(root)
    (root / "data/rules/all.yml").write_text("rules: {")
    assert train_changes.fingerprint(first) != assistant.fingerprint(root)


def test_times_are_the_median_of_those_measured(tmp_path: Path) -> None:
    times = Times(tmp_path / "var" / "times.json")
    assert times.estimate([SENTENCES]) < times.estimate([DIALOGUE, UNDERSTANDING])
    for seconds in (80.0, 300.0, 60.0):
        times.measured([DIALOGUE, UNDERSTANDING], seconds)
    assert Times(tmp_path / "var" / "times.json").estimate([UNDERSTANDING, DIALOGUE]) == 80.0


def test_times_that_cannot_be_read_are_guessed(tmp_path: Path) -> None:
    (tmp_path / "times.json").write_text("[1")
    assert Times(tmp_path / "times.json").estimate([SENTENCES]) == 35.0


def test_progress_is_read_from_a_growing_log(tmp_path: Path) -> None:
    log, head = tmp_path / "train.log", "2026-11-28 INFO rasa.engine.training.hooks  - "
    progress = Progress(log)
    assert list(progress.news(0.0)) == []
    log.write_text(
        f"{head}Restored component 'A' from cache.\n{head}Starting to train component 'B'.\n{head}Fin"
    )
    assert list(progress.news(10.0)) == [] and progress.busy_with == "B"
    with open(log, "a") as more:
        more.write("ished training component 'B'.\n")
    assert list(progress.news(31.0)) == ["    31 s  learned B (21 s)"]
    assert progress.from_cache == ["A"] and progress.busy_with == ""


def test_why_training_failed_names_the_places(root: Path) -> None:
    text = (
        "Processed:  20%|██  | 17/84 [00:00<00:00, 165.90it/s]\n2026 ERROR    rasa.engine.graph  - Error\n"
        "\033[91mInvalidRule: \n\n- action 'utter_bye' contradicts rule(s) 'Greet' \033[0m\n"
    )
    assert why_failed(text, written.read(root)).splitlines() == [
        "2026 ERROR    rasa.engine.graph  - Error",
        "InvalidRule:",
        "- action 'utter_bye' contradicts rule(s) 'Greet' (data/rules/all.yml:2)",
    ]


def test_what_is_learned_and_what_is_not() -> None:
    assert (
        assistant.plan_of([SENTENCES]) == "learned anew: nothing; from the cache: understanding and dialogue"
    )
    assert assistant.plan_of([DIALOGUE]) == "learned anew: dialogue; from the cache: understanding"
    assert assistant.plan_of([UNDERSTANDING, DIALOGUE]) == "learned anew: understanding and dialogue"


def test_what_needs_no_training_is_named(tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "invoice.md").write_text("x")
    (tmp_path / "hotwords.yml").write_text("x")
    when = (tmp_path / "hotwords.yml").stat().st_mtime
    assert assistant.untrained(when + 1, tmp_path) == []
    assert assistant.untrained(when - 60, tmp_path) == [
        "knowledge/invoice.md: heard in the next call",
        "hotwords.yml: heard within seconds",
    ]
