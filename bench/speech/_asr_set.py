"""What the recogniser is measured on: the frozen test set, and the clips of the scenes' recorded caller."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from yingda.caller.alaw import decode, read_clip
from yingda.speech import recordings
from yingda.speech.recordings import LEAD_S, TAIL_S
from yingda.speech.words.transcript import Transcript

ROOT = Path(__file__).resolve().parents[2]
TEST_SET = ROOT / "tests/data/asr"
SCENE_CLIPS = ROOT / "tests/scenes/audio"
PEAK = 0.5  # of a recording
_DIGITS = "零一二三四五六七八九幺"
_YES_OR_NO = "是的?|不是|对|不对|对的没错|嗯是的|好的?|可以|行|没有|不要|不用了|没错"
_ORDER = f"[^{_DIGITS}]{{0,6}}(?:订单号?|单号|工单号)[^{_DIGITS}]{{0,2}}[{_DIGITS}]{{4,}}"
_NARROW = re.compile(f"[{_DIGITS}]{{4,}}|{_YES_OR_NO}|{_ORDER}")
_TOPICS = (
    ("order", "单|货|快递|物流|退|买|寄"),
    ("account", "余额|账|卡|充值|缴|欠费|费|扣"),
    ("time", "点|号|月|周|天|时间|明|今"),
    ("number", f"[{_DIGITS}]{{4,}}"),
)


@dataclass
class Utterance:
    """One recording: what was said, its audio at 8 kHz before the line (float32), in which silence is none,
    and what was heard. `item` is its line of the manifest."""

    said: str
    audio: np.ndarray
    item: dict[str, Any] = field(default_factory=dict)
    heard_raw: str = ""
    heard: Transcript = Transcript("", 0.0)  # noqa: RUF009

    @property
    def cell(self) -> tuple[str, str, str]:
        """Voice, text, kind."""
        return self.item["voice_is"], self.item["text_is"], self.item["kind"]

    @property
    def is_narrow(self) -> bool:
        """Bare digits, yes or no, or an order number and no more."""
        return _NARROW.fullmatch(self.said) is not None


def read_test_set() -> list[Utterance]:
    """The frozen recordings, at one peak."""
    import soundfile
    from scipy.signal import resample_poly

    utterances = []
    for line in (TEST_SET / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        audio, rate = soundfile.read(TEST_SET / item["audio"], dtype="float32")
        audio = resample_poly(audio, 8000, rate)
        audio = (audio / max(float(np.abs(audio).max()), 1e-3) * PEAK).astype(np.float32)
        utterances.append(Utterance(item["text"], audio, item))
    return utterances


def read_scene_clips() -> list[Utterance]:
    """What the recorded caller of the scenes says, each begun at eight places within 320 ms and with line
    noise: a call decides where a chunk begins."""
    rng, utterances = np.random.RandomState(0), []
    for line in (SCENE_CLIPS / "SENTENCES.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, said = line.split("\t")
        clip = decode(read_clip(SCENE_CLIPS / f"{name}.wav")).astype(np.float32) / 32768
        for eighth in range(8):
            audio = np.concatenate([np.zeros(eighth * 320, np.float32), clip])
            audio = audio + rng.randn(len(audio)).astype(np.float32) * np.float32(0.002)
            utterances.append(Utterance(said.replace("，", ""), audio, {"clip": name}))
    return utterances


def on_the_line(audio: np.ndarray) -> np.ndarray:
    """As a call brings it: through A-law, in the midst of silence."""
    lead, tail = (np.zeros(round(s * 8000), np.float32) for s in (LEAD_S, TAIL_S))
    pcm = np.clip(audio * 32767, -32768, 32767).astype(np.int16)
    return np.concatenate([lead, recordings.through_alaw(pcm), tail])


def same_words(text: str) -> str:
    """What counts as equal: 幺 and 一 are the same digit said in two ways."""
    return text.replace("幺", "一")


def slices(u: Utterance) -> dict[str, str]:
    """The slices of the table that an utterance of the test set is in, by their names."""
    speed, length = float(u.item["speed"]), len(u.said)
    tempo = "slow" if speed < 0.95 else "fast" if speed > 1.1 else "normal"
    edges = ((3, "1-3"), (8, "4-8"), (15, "9-15"))
    return {
        "blend": "+".join(f"{share:g} {name}" for name, share in u.item["voice"].items()),
        "tempo": f"{tempo} ({'< 0.95' if tempo == 'slow' else '> 1.1' if tempo == 'fast' else '0.95-1.1'})",
        "length": next((name for edge, name in edges if length <= edge), "16+") + " characters",
        "topic": topic(u),
    }


def topic(u: Utterance) -> str:
    """A coarse topic: by its words, of what customers say."""
    if u.item["kind"] != "customer":
        return str(u.item["kind"])
    return next((name for name, words in _TOPICS if re.search(words, u.said)), "other")
