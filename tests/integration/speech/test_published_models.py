"""The published models one settings line away: their own classes at a small random size, saved, loaded by our
loader, streamed and spoken. What they say means nothing; that it is theirs, and whose it is, does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from yingda.speech.words.transcript import tidy

pytestmark = [pytest.mark.integration, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 900.0
PRECISIONS = ("float32", "bfloat16")
BUFFERED = ("character-rnnt", "bpe-rnnt", "character-ctc")


@pytest.fixture(name="facts", scope="module")
def make_facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One process does it all, because NeMo takes long to import."""
    out = tmp_path_factory.mktemp("published")
    script = Path(__file__).with_name("published_driver.py")
    done = subprocess.run(
        [sys.executable, str(script), str(ROOT / "var/tiny_models/published"), str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((out / "facts.json").read_text(encoding="utf-8"))
    return found


def texts(streams: list[dict[str, Any]]) -> list[str]:
    return ["".join(stream["finals"]) for stream in streams]


@pytest.mark.requirement(1)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_nemotron_class_streams_in_either_precision(facts: dict[str, Any], precision: str) -> None:
    found = facts["nemotron"][precision]
    assert (found["class"], found["runs_as"]) == ("EncDecRNNTBPEModelWithPrompt", "NemoRecogniser")
    assert found["dtype"] == f"torch.{precision}"
    assert found["sample_rate"] == 16000
    assert all(texts(found["plain"]))
    assert any(any(stream["partials"][:-1]) for stream in found["plain"])
    assert all(0.0 < stream["confidence"] < 1.0 for stream in found["plain"])


def test_a_language_reaches_the_prompt_of_its_stream_only(facts: dict[str, Any]) -> None:
    """All three hear the same noise; the third writes zh-CN its own way."""
    for precision in PRECISIONS:
        chinese, english, again = texts(facts["nemotron"][precision]["told"])
        assert chinese == again
        assert chinese != english


@pytest.mark.requirement(13)
def test_boosted_words_reach_their_stream_only(facts: dict[str, Any]) -> None:
    for precision in PRECISIONS:
        found = facts["nemotron"][precision]
        roaming, refund, neither = map(tidy_all, texts(found["boosted"]))
        assert "国际漫游" in roaming and "退费" not in roaming
        assert "退费" in refund and "国际漫游" not in refund
        plain = texts(found["plain"])
        assert neither == tidy_all(plain[2])
        assert texts(found["after"]) == plain, "a stream was boosted by what another one had asked for"


def tidy_all(text: str) -> str:
    return tidy(text, punctuation=True)


def test_boosted_words_are_known_in_the_middle_of_a_sentence_too(facts: dict[str, Any]) -> None:
    found = facts["nemotron"]["float32"]
    assert found["alone"][0].startswith("\u2581")
    assert "".join(found["within"]) == "国际漫游"


def test_a_caller_who_hangs_up_leaves_no_boosted_words(facts: dict[str, Any]) -> None:
    found = facts["nemotron"]["float32"]
    assert (found["trees_while_open"], found["trees_after_drop"]) == (1, 0)


@pytest.mark.requirement(12)
def test_a_telephone_is_heard_by_a_16_khz_model(facts: dict[str, Any]) -> None:
    """And a language that is not there is refused at once, without harm to the call beside it."""
    call = facts["nemotron"]["float32"]["call"]
    assert call["final"] and call["partials"]
    assert call["end_s"] == 2.0
    assert "language xx-YY is not served; use one of: auto, en-US, ja-JP, zh-CN" in call["refused"]


def test_a_language_of_the_settings_that_is_not_there_stops_the_start(facts: dict[str, Any]) -> None:
    said = facts["no_such_language"]
    assert "recogniser.language is xx-YY" in said and "zh-CN" in said


@pytest.mark.parametrize("name", BUFFERED)
def test_models_for_whole_recordings_stream_window_by_window(facts: dict[str, Any], name: str) -> None:
    found = facts["buffered"][name]
    assert found["runs_as"] == "BufferedRecogniser"
    assert found["kind"] == name.rpartition("-")[2]
    assert found["chunk_samples"] == 10240  # 640 ms
    together = texts(found["together"])
    assert all(together)
    assert len(set(together)) > 1, "the streams of a batch say the same"
    assert texts(found["alone"]) == together[:1]
    assert any(any(stream["partials"]) for stream in found["together"])
    assert all(texts(found["half"]))
    assert found["left_behind"] == 0


@pytest.mark.parametrize("name", ["character-rnnt", "bpe-rnnt"])
def test_windows_know_boosted_words_as_well(facts: dict[str, Any], name: str) -> None:
    found = facts["buffered"][name]
    boosted, *others = texts(found["boosted"])
    assert "国际漫游" in boosted
    assert not any("国际漫游" in other for other in others)


@pytest.mark.parametrize("name", BUFFERED)
def test_silence_ends_no_utterance_when_endpointing_is_off(facts: dict[str, Any], name: str) -> None:
    for run in ("together", "boosted"):
        for stream in facts["buffered"][name].get(run, []):
            assert not any(stream["finals"][:-1])


def test_a_window_that_does_not_fit_is_said(facts: dict[str, Any]) -> None:
    said = facts["wrong_window"]
    assert "recogniser.buffered.chunk_ms is 650" in said and "multiples of 40" in said


@pytest.mark.requirement(17)
def test_a_fastpitch_with_a_hifi_gan_speaks_into_a_telephone(facts: dict[str, Any]) -> None:
    found = facts["spoken"]
    assert (found["model_rate"], found["file_rate"]) == (22050, 8000)
    assert 1.0 < found["seconds"] < 5.0


@pytest.mark.requirement(17)
def test_magpie_speaks_clauses_with_its_own_voices(facts: dict[str, Any]) -> None:
    found = facts["magpie"]
    assert (found["class"], found["rate"]) == ("MagpieTTSModel", 22050)
    assert found["seconds"] > 0.2 and found["loudest"] > 0.001
    assert found["same_again"], "a cached clause would sound unlike the next one"
    assert found["other_voice_differs"]
    assert found["faster_s"] == pytest.approx(found["seconds"] / 2, rel=0.15)
    assert found["marks_only"] == 0
    assert found["gave_way_after_frames"] == 4
    assert "c has speaker 2" in found["refused"] and "speakers 0-1" in found["refused"]
