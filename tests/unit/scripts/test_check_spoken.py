"""Mistakes in what is spoken are told by check-dialogue, with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.check_dialogue import ROOT, problems
from scripts.check_spoken import voices

pytestmark = pytest.mark.requirement(21)
DOMAIN = """
intents: [greet]
slots: {name: {type: text, mappings: [{type: custom}]}}
responses:
  utter_greet:
    - text: TEXT
      metadata: {METADATA}
"""
SPEECH = """
voice:
  voices: [{name: female_1}, {name: male_1, speaker: 1}]
prompts:
  texts:
    - 再见。
    - PROMPT
"""


def found_in(
    folder: Path, text: str = "您好。", metadata: str = "", prompt: str = "您好。", filler: str = "嗯。"
) -> list[str]:
    (folder / "settings").mkdir()
    (folder / "domain.yml").write_text(
        DOMAIN.replace("TEXT", text).replace("METADATA", metadata), encoding="utf-8"
    )
    (folder / "settings/speech.yml").write_text(SPEECH.replace("PROMPT", prompt), encoding="utf-8")
    gateway = f"prompts:\n  cache_dir: var/x\n  fillers: [好。, {filler}]\n  apology: 抱歉。\n"
    (folder / "settings/gateway.yml").write_text(gateway, encoding="utf-8")
    return problems(folder)


def test_sound_texts(tmp_path: Path) -> None:
    text = '<speak><voice name="male_1">您好</voice>，{name}<break time="1s"/></speak>'
    assert found_in(tmp_path, f"'{text}'", "voice: male_1, style: warm, rate: 0.9, pitch: +1st") == []


@pytest.mark.parametrize(
    ("text", "metadata", "line", "said"),
    [
        ("<speak>您好", "", 6, "response utter_greet, key text: SSML is not well-formed"),
        ("<speak><b>您好</b></speak>", "", 6, "key text: <b> is unknown, expected one of speak"),
        (
            "'<speak><voice name=\"x\">好</voice></speak>'",
            "",
            6,
            "key text: voice 'x' is unknown, expected one of female_1",
        ),
        ("您好☎", "", 6, "key text: '☎' has no reading"),
        ("您好。", "style: angry", 7, "key metadata.style: got 'angry', expected one of neutral, warm"),
        ("您好。", "pitch: 2", 7, "key metadata.pitch: got 2, expected -6st to +6st"),
        ("您好。", "voice: nobody", 7, "key metadata.voice: got 'nobody', expected one of female_1, male_1"),
    ],
)
def test_a_mistake_in_a_response(tmp_path: Path, text: str, metadata: str, line: int, said: str) -> None:
    (found,) = found_in(tmp_path, text, metadata)
    assert found.startswith(f"domain.yml:{line}: response utter_greet, key ")
    assert said in found


def test_a_mistake_in_a_fixed_prompt(tmp_path: Path) -> None:
    speech, gateway = found_in(tmp_path, prompt="您好☎", filler="☎好")
    assert speech.startswith("settings/speech.yml:7: key prompts.texts[1]: '☎' has no reading")
    assert gateway.startswith("settings/gateway.yml:3: key prompts.fillers[1]: '☎' has no reading")


def test_voices_are_those_of_the_settings(tmp_path: Path) -> None:
    assert voices(ROOT) == ["female_1", "male_1"]
    assert voices(tmp_path) is None
