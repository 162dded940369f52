"""Rasa's warnings without the noise, and with places."""

from __future__ import annotations

from scripts.check_rasa import places_of, told
from yingda.explain.written import DialogueFiles, Written

WARNS = "\033[0m\033[93m/x/rasa/shared/utils/io.py:100: UserWarning: "
OUTPUT = f"""\
2026-11-28 09:35:21 INFO     rasa.validator  - Validating intents...
{WARNS}The intent 'EXTERNAL_silence' is listed in the domain file, but is not found in the NLU training data.
{WARNS}The utterance 'utter_bill' is not used in any story or rule.
{WARNS}The intent 'fee' is listed in the domain file,
 but is not found in it.
\033[0mProcessed story blocks: 100%|██████████| 1/1 [00:00<00:00, 771.72it/s, # trackers=1]
2026-11-28 09:35:21 WARNING  rasa.validator  - Story structure conflict after intent 'fee':
  utter_a predicted in 'One'
  utter_b predicted in 'Two'

2026-11-28 09:35:21 INFO     rasa.validator  - No more.
"""
LEFT = [
    "rasa: The intent 'fee' (data/n.yml:2) is listed in the domain file, but is not found in it.",
    "rasa: Story structure conflict after intent 'fee' (data/n.yml:2): "
    "utter_a predicted in 'One' (data/s.yml:3) utter_b predicted in 'Two'",
]


def test_what_is_left_of_rasas_output() -> None:
    stories = [Written("story", "One", "data/s.yml", 3, (), ())]
    files = DialogueFiles(stories=stories, intents={"fee": "data/n.yml:2"})
    assert list(told(OUTPUT, places_of(files))) == LEFT
    assert list(told(OUTPUT.splitlines()[0], {})) == []
