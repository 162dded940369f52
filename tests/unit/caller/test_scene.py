"""The scene loader: every good example loads, every bad one is refused with the message that it states."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from yingda.caller import scene

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data" / "scenes"
GOOD = sorted((DATA / "good").glob("*.yml"))
BAD = sorted((DATA / "bad").glob("*.yml"))
SHIPPED = sorted((ROOT / "tests" / "scenes").glob("*.yml"))


@pytest.mark.parametrize("path", GOOD + SHIPPED, ids=lambda p: p.stem)
def test_a_good_scene_loads_under_its_own_name(path: Path) -> None:
    assert scene.load(path).scene == path.stem


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_a_bad_scene_is_refused_with_a_message_that_names_file_and_fault(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    expected = first.removeprefix("# expected: ")
    with pytest.raises(scene.SceneError) as refused:
        scene.load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert expected in str(refused.value)


def test_everything_that_can_stand_in_a_scene_is_read() -> None:
    loaded = scene.load(DATA / "good" / "everything.yml")
    barge_in = loaded.turns[1]
    assert (loaded.caller, loaded.callee, loaded.expect.handoff) == ("+8613800138000", "10086", True)
    actions = [turn.action for turn in loaded.turns]
    assert actions == ["listen", "say", "say", "press", "say", "stay_silent_ms", "hang_up"]
    assert loaded.line == scene.Line(5, 60, "nod", -45, 2)
    assert loaded.turns[3].fault == scene.Fault(stall="rasa", seconds=4)
    assert barge_in.when.bot_speech_ms == 1500
    assert barge_in.expect.intent == ["affirm", "greet"]
    assert barge_in.expect.entities == {"amount": 100, "id_tail": "6721"}
    assert loaded.turns[0].expect.bot_says == ["您好", ["智能", "机器人"]]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(scene.SceneError, match=r"nowhere\.yml: cannot be read"):
        scene.load(tmp_path / "nowhere.yml")


def test_every_clip_has_its_sentence() -> None:
    for path in SHIPPED:
        loaded = scene.load(path)
        known = scene.sentences(path, loaded)
        said = set(loaded.clips) - {"cough", "bang", "street"}
        assert said <= set(known)


def test_expected_dates_are_counted_from_the_day_of_the_call() -> None:
    played = scene.load(Path(__file__).resolve().parents[3] / "tests/scenes/demo.yml")
    (dated,) = [t for t in scene.on_day(played, date(2026, 11, 20)).turns if t.name == "correction"]
    assert dated.expect.entities == {"date": "2026-10"}
