"""The pure parts of the figure `asr`: what belongs to which slice, and what is done to the audio."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.speech._asr_set import TEST_SET, Utterance, slices, topic
from bench.speech._conditions import FRAME, add, babble, conditions, lose, pink, white
from bench.speech._first_word import onset_s


def manifest() -> list[dict[str, Any]]:
    lines = (TEST_SET / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def utterance(said: str, kind: str = "customer", speed: float = 1.0) -> Utterance:
    item = {"kind": kind, "speed": speed, "voice": {"jm_kumo": 0.5, "jf_alpha": 0.5}}
    return Utterance(said, np.zeros(8, np.float32), item)


def tone(seconds: float = 2.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(8000 * seconds)) / 8000)).astype(np.float32)


@pytest.mark.requirement(3)
def test_narrow_is_a_number_an_answer_or_an_order_and_nothing_else() -> None:
    for said in (
        "六七二一",
        "幺三八零零",
        "是的",
        "不对",
        "单号一四七二三",
        "我的工单号是七四六九",
        "快递单号是七幺六四",
    ):
        assert utterance(said).is_narrow, said
    for said in ("麻烦查询单号七四零零的物流信息", "十五天", "我想查余额", "四中橡胶", "对不起"):
        assert not utterance(said).is_narrow, said


def test_every_narrow_answer_of_the_set_is_counted_as_one() -> None:
    made = [item for item in manifest() if item["kind"] == "narrow"]
    assert len(made) == 60
    assert all(utterance(item["text"]).is_narrow for item in made)
    assert all(len(item["ends_s"]) == len(item["text"]) for item in made)


@pytest.mark.requirement(4)
def test_slices() -> None:
    found = slices(utterance("我的快递到哪了", speed=1.2))
    assert found == {
        "blend": "0.5 jm_kumo+0.5 jf_alpha",
        "tempo": "fast (> 1.1)",
        "length": "4-8 characters",
        "topic": "order",
    }
    assert slices(utterance("好", speed=0.9))["tempo"].startswith("slow")
    assert [slices(utterance("好" * n))["length"].split(" ")[0] for n in (3, 8, 15, 16)] == [
        "1-3",
        "4-8",
        "9-15",
        "16+",
    ]
    assert topic(utterance("查余额")) == "account"
    assert topic(utterance("查余额", kind="open")) == "open"
    assert topic(utterance("喂你好")) == "other"


@pytest.mark.parametrize("snr_db", [20.0, 5.0])
def test_noise_has_the_ratio_that_is_asked_for(snr_db: float) -> None:
    rng = np.random.default_rng(1)
    clean = tone()
    for noise in (white(len(clean), rng), pink(len(clean), rng), babble(len(clean), rng, [tone()] * 8)):
        noisy = add(clean, noise, snr_db)
        assert np.abs(noisy).max() == pytest.approx(np.abs(clean).max(), rel=1e-3)
        scale = noise @ clean
        gain = (noisy @ clean) / (clean @ clean)  # of the speech, by projection
        if abs(scale) < 0.05 * np.linalg.norm(noise) * np.linalg.norm(clean):
            rest = noisy - gain * clean
            measured = 10 * np.log10(np.mean((gain * clean) ** 2) / np.mean(rest**2))
            assert measured == pytest.approx(snr_db, abs=0.7)


def test_pink_noise_is_low() -> None:
    power = np.abs(np.fft.rfft(pink(16000, np.random.default_rng(2)))) ** 2
    assert power[10:400].mean() > 5 * power[4000:8000].mean()


def test_lost_packets_are_hidden_by_the_gateways_buffer_and_not_cut_out() -> None:
    audio = tone()
    whole = lose(audio, 0.0, np.random.default_rng(0))
    assert np.abs(_best(whole, audio)).max() < 0.02, "nothing is lost"
    some = lose(audio, 0.1, np.random.default_rng(0))
    assert abs(len(some) - len(audio)) <= 8 * FRAME
    frames = some[: len(some) // FRAME * FRAME].reshape(-1, FRAME)
    quiet = np.mean(np.sqrt(np.mean(frames[4:96] ** 2, axis=1)) < 0.3)
    assert 0.01 < quiet < 0.3, "what replaces a packet fades"


def _best(played: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """The difference where the two fit best, whole frames apart."""
    shifts = (played[k * FRAME : k * FRAME + 8000] - audio[:8000] for k in range(5))
    return min(shifts, key=lambda d: float(np.abs(d).max()))


def test_every_condition_keeps_audio_a_recording() -> None:
    voices = [tone(1.0) * (0.5 + 0.1 * k) for k in range(8)]
    names = []
    for name, change in conditions(voices):
        out = change(tone())
        names.append(name)
        assert out.dtype == np.float32 and np.isfinite(out).all() and np.abs(out).max() <= 1.0
    assert len(names) == len(set(names)) == 14


def test_speech_begins_where_it_is_loud() -> None:
    audio = np.concatenate([np.full(1600, 0.001, np.float32), tone(1.0)])
    assert onset_s(audio) == pytest.approx(0.2, abs=0.021)


def test_the_frozen_set_names_voice_and_tempo_of_every_recording() -> None:
    for item in manifest():
        assert (TEST_SET / item["audio"]).exists()
        assert ("jf_tebukuro" in item["voice"]) == (item["voice_is"] == "unseen")
        assert 0.7 < item["speed"] < 1.4
