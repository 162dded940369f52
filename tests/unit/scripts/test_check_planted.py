"""Each mistake that a designer can make, planted in a sound project: its message, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scripts.check_dialogue import ROOT, check

DOMAIN = """\
intents: [EXTERNAL_call_started, fee, thank, opt_out, wrong_person, deny]
entities: [service]
actions: [action_fee, action_record, action_greet]
slots:
  title: {type: text, mappings: [{type: custom}]}
  kind: {type: categorical, values: [inbound, survey], mappings: [{type: custom}]}
  day: {type: text, mappings: [{type: from_entity, entity: service, intent: fee}]}
forms:
  day_form: {required_slots: [day]}
responses:
  utter_disclosure:
    - text: 您好，我是智能语音助手，本次通话将会录音。
  utter_fee:
    - text: 您有一笔{amount}的费用，{title}。
  utter_ok:
    - text: 好的，<b>
  utter_ask_day:
    - text: 哪一天
"""
RULES = """\
rules:
  - rule: Greet
    steps: [{intent: EXTERNAL_call_started}, {action: utter_disclosure}]
  - rule: Greet in a survey
    condition: [{slot_was_set: [{kind: survey}]}]
    steps: [{intent: EXTERNAL_call_started}, {action: action_greet}]
  - rule: A fee
    steps: [{intent: fee}, {action: action_fee}]
  - rule: Thanks
    steps: [{intent: thank}, {action: utter_ok}]
  - rule: Never again
    steps: [{intent: opt_out}, {action: action_record}, {action: utter_ok}]
  - rule: Wrong person
    steps: [{intent: wrong_person}, {action: action_record}]
  - rule: No
    steps: [{intent: deny}, {action: utter_ok}]
  - rule: A day
    steps: [{intent: deny}, {action: utter_ok}]
"""
ACTIONS = """\
class ActionFee:
    def name(self):
        return "action_fee"

    def run(self, dispatcher):
        dispatcher.utter_message(response="utter_fee", amount="100元")


class ActionGreet:
    def name(self):
        return "action_greet"

    def run(self, dispatcher):
        dispatcher.utter_message(response="utter_disclosure")
"""
NLU = "nlu:\n" + "".join(
    f"  - intent: {intent}\n    examples: |\n" + "".join(f"      - {word}{n}次\n" for n in range(40))
    for intent, word in (("fee", "话费"), ("thank", "谢谢"), ("opt_out", "别打"), ("wrong_person", "打错"))
)
NLU += "  - intent: deny\n    examples: |\n      - 不要[宽带](service)\n"
NLU += "".join(f"      - 不要{n}次\n" for n in range(40))
FILES = {
    "domain.yml": DOMAIN.replace("<b>", ""),
    "data/rules/all.yml": RULES,
    "data/nlu/all.yml": NLU,
    "actions/fee.py": ACTIONS,
}


def planted(root: Path, file: str = "", old: str = "", new: str = "") -> tuple[list[str], list[str]]:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert name != file or old in text, old
        path.write_text(text.replace(old, new, 1) if name == file else text, encoding="utf-8")
    return check(root)


def test_our_own_project_is_finished() -> None:
    assert check(ROOT) == ([], [])


def test_a_sound_project(tmp_path: Path) -> None:
    assert planted(tmp_path) == ([], [])


PLANTED = yaml.safe_load((ROOT / "tests/data/dialogue/planted.yml").read_text(encoding="utf-8"))
Row = dict[str, str]


def name_of(row: Row) -> str:
    return row["tells"][-50:]


@pytest.mark.parametrize("row", PLANTED["mistakes"], ids=name_of)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, row: Row) -> None:
    found, _ = planted(tmp_path, row["file"], row["old"], row["new"])
    assert any(row["tells"] in line for line in found), found
    assert all(line.split(":")[1].isdigit() for line in found), found  # file:line: ...


@pytest.mark.parametrize("row", PLANTED["advice"], ids=name_of)
def test_what_is_not_finished_is_advice_and_stops_nothing(tmp_path: Path, row: Row) -> None:
    found, advice = planted(tmp_path, row["file"], row["old"], row["new"])
    assert found == []
    assert any(row["tells"] in line for line in advice), advice
