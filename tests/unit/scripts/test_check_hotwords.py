"""A mistake in the designers' hotwords is a line of make check-dialogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_dialogue, check_hotwords

DOMAIN = "intents: [greet]\nresponses:\n  utter_greet:\n    - text: 您好\n"


def project(folder: Path, hotwords: str | None, settings: str | None = None) -> list[str]:
    (folder / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    if hotwords is not None:
        (folder / "hotwords.yml").write_text(hotwords, encoding="utf-8")
    if settings is not None:
        (folder / "settings").mkdir()
        (folder / "settings/speech.yml").write_text(settings, encoding="utf-8")
    return check_dialogue.problems(folder)


@pytest.mark.requirement(13)
@pytest.mark.parametrize(
    ("hotwords", "expected"),
    [
        (
            "业务:\n  - 余额: 21\n",
            "hotwords.yml:2: topic 业务, key 余额.weight: got '21', expected a number 0-20",
        ),
        ("业务:\n  - 余额\n  - 余额\n", "hotwords.yml:3: topic 业务, key 余额: stands in line 2 already"),
        ("业务:\n  - 余额: {wait: 2}\n", "hotwords.yml:2: topic 业务, key 余额.wait: is unknown"),
        ("业务:\n  - 㐀㐁好\n", "hotwords.yml:2: topic 业务, key 㐀㐁好: "),
        ("业务:\n  - VIP: {say: wei1 xx9}\n", "hotwords.yml:2: topic 业务, key VIP.say: "),
        ("业务: {", "hotwords.yml:2: is not valid YAML"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, hotwords: str, expected: str) -> None:
    (found,) = project(tmp_path, hotwords)
    assert found.startswith(expected)


def test_words_that_the_shipped_lexicon_can_read(tmp_path: Path) -> None:
    text = "产品:\n  - 5G套餐: {weight: 12, say: [五吉套餐, wu3 ji4 tao4 can1]}\n  - Wi-Fi\n  - 99元畅享包\n"
    assert project(tmp_path, text) == []


def test_a_project_without_hotwords(tmp_path: Path) -> None:
    assert project(tmp_path, None) == []


def test_the_settings_say_which_file(tmp_path: Path) -> None:
    (found,) = project(tmp_path, None, "recogniser: {hotwords_file: hotwords.yml}")
    assert found.startswith("hotwords.yml: is missing, and settings/speech.yml names it; restore it")


def test_the_settings_may_name_none(tmp_path: Path) -> None:
    assert project(tmp_path, "- not read", "recogniser: {hotwords_file: null}") == []


def test_without_a_lexicon_readings_are_not_checked(tmp_path: Path) -> None:
    (tmp_path / "hotwords.yml").write_text("业务: [龘龘]", encoding="utf-8")
    assert check_hotwords.problems(tmp_path, tmp_path) == []
