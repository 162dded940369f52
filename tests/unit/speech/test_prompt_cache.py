"""Clauses in memory and on disk."""

import os
from pathlib import Path

import numpy as np
import pytest

from yingda.speech.voice.prompt_cache import Key, PromptCache, fixed_texts, voice_identity

KEY = Key("voice", 8000, 1.0, 0.0, 0.0, "您好。")


def audio(samples: int, value: int = 1) -> np.ndarray:
    return np.full(samples, value, np.int16)


@pytest.mark.requirement(20)
def test_fixed_prompts_survive_a_restart(tmp_path: Path) -> None:
    PromptCache(tmp_path, 1000).fix(KEY, audio(80, 7))
    again = PromptCache(tmp_path, 1000)
    assert again.get(KEY) is None
    assert again.load(KEY)
    assert again.get(KEY).tolist() == [7] * 80
    assert not again.load(KEY._replace(voice="other voice"))
    assert not again.load(KEY._replace(pitch_semitones=1.0))
    assert not again.load(KEY._replace(volume_db=1.0))


def test_the_oldest_clause_leaves_when_memory_is_short() -> None:
    cache = PromptCache(None, memory_bytes=400)
    for i in range(3):
        cache.put(KEY._replace(text=str(i)), audio(80))
        cache.get(KEY._replace(text="0"))
    assert cache.get(KEY._replace(text="0")) is not None
    assert cache.get(KEY._replace(text="1")) is None
    assert cache.get(KEY._replace(text="2")) is not None


def test_a_clause_larger_than_memory_is_not_kept() -> None:
    cache = PromptCache(None, memory_bytes=100)
    cache.put(KEY, audio(80))
    assert cache.get(KEY) is None


def test_a_broken_file_is_spoken_anew(tmp_path: Path) -> None:
    PromptCache(tmp_path, 1000).fix(KEY, audio(80))
    for path in tmp_path.iterdir():
        path.write_bytes(b"\1")
    assert not PromptCache(tmp_path, 1000).load(KEY)


def test_texts_come_from_the_list_and_from_responses_without_variables(tmp_path: Path) -> None:
    domain = tmp_path / "domain.yml"
    domain.write_text(
        "responses:\n  utter_a:\n  - text: 好的。\n  - text: 您好，{name}。\n"
        "  utter_b:\n  - custom: {x: 1}\n",
        encoding="utf-8",
    )
    assert fixed_texts(["再见。", "好的。"], str(domain)) == ["再见。", "好的。"]
    assert fixed_texts(["再见。"], str(tmp_path / "none.yml")) == ["再见。"]
    domain.write_text("responses: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"domain\.yml"):
        fixed_texts([], str(domain))


@pytest.mark.requirement(20)
def test_prompts_are_held_as_calls_ask_for_them(tmp_path: Path) -> None:
    """Sentence by sentence, in the manner of the metadata: what the gateway sends for the same response."""
    domain = tmp_path / "domain.yml"
    domain.write_text(
        "responses:\n  utter_a:\n  - text: 好的。请稍等。\n    metadata: {rate: 0.9, listen: {}}\n",
        encoding="utf-8",
    )
    held = fixed_texts(["再见。", "您好。请说。"], str(domain))
    slow = '<speak><prosody rate="0.9">{}</prosody></speak>'
    assert held == ["再见。", "您好。", "请说。", slow.format("好的。"), slow.format("请稍等。")]


def test_another_model_file_is_another_voice_and_a_copy_is_the_same(tmp_path: Path) -> None:
    model = tmp_path / "voice.nemo"
    model.write_bytes(b"1")
    before = voice_identity((str(model), None), 1.0)
    os.utime(model, (1, 1))
    assert voice_identity((str(model), None), 1.0) == before
    assert voice_identity((str(model), None), 1.1) != before
    model.write_bytes(b"2")
    assert voice_identity((str(model), None), 1.0) != before
    assert voice_identity(("tts_zh",)) != voice_identity(("tts_en",))


def test_what_is_not_held_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    PromptCache(tmp_path, 1000).fix(KEY._replace(voice="old voice"), audio(80))
    (tmp_path / "mine.pcm").write_bytes(b"")
    cache = PromptCache(tmp_path, 1000)
    cache.fix(KEY, audio(80))
    assert cache.tidy() == 1
    assert PromptCache(tmp_path, 1000).load(KEY)
    assert (tmp_path / "mine.pcm").exists()
    assert PromptCache(None, 1000).tidy() == 0
