"""Make the frozen test set of the recogniser: voices and texts, each seen and unseen in training.

    python -m training.make_test_speech --manifest DIR/manifest.jsonl --audio DIR
    python -m training.make_test_speech --narrow 30      # adds answers that are a number, yes or no

Unseen text and its audio come from the `test` split of an existing manifest; seen text is drawn from training
sentences and spoken by the same two voices. Writes Ogg Opus, 16 kHz, and manifest.jsonl to tests/data/asr.
The set is frozen: a new one is a new folder, and figures of two sets are never compared.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from training.sentences import ROOT
from training.teacher import HELD_OUT_VOICE, SAMPLE_RATE_HZ, Teacher

OUT = ROOT / "tests/data/asr"
_SEEN_VOICE = {"jm_kumo": 0.5, "jf_alpha": 0.5}
_BOTH_VOICES = (_SEEN_VOICE, {HELD_OUT_VOICE: 1.0})
_ANSWERS = (
    "是的",
    "不是",
    "对",
    "不对",
    "好的",
    "不用了",
    "可以",
    "没有",
    "对的没错",
    "嗯是的",
    "不要",
    "行",
)
_LEADS = ("订单号是", "单号", "我的单号是", "工单号", "快递单号是", "订单")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--seen", type=int, default=40, help="sentences of seen text for each voice")
    parser.add_argument(
        "--narrow", type=int, help="add this many narrow answers by each voice, and nothing else"
    )
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    if args.narrow:
        add_narrow(args.narrow)
        return
    if not args.manifest or not args.audio:
        parser.error("--manifest and --audio are needed")
    items = [json.loads(x) for x in args.manifest.read_text(encoding="utf-8").splitlines()]
    lines = []
    for item in (x for x in items if x["split"] == "test"):
        name = Path(item["audio_filepath"]).name
        shutil.copy(args.audio / item["audio_filepath"], OUT / name)
        lines.append(_line(name, item, "unseen"))
    seen = [x for x in items if x["split"] == "train" and x["kind"] == "customer" and len(x["text"]) > 1]
    rng, teacher = random.Random(5), Teacher(ROOT / "var/teacher")
    for voice in _BOTH_VOICES:
        for k, item in enumerate(rng.sample(seen, args.seen)):
            name = f"seen-{'-'.join(voice)}-{k:02d}.opus"
            _write(name, teacher.speak(item["text"], voice, 1.0).audio)
            lines.append(_line(name, {**item, "voice": voice, "speed": 1.0}, "seen"))
        print(f"{len(lines)} utterances", flush=True)
    (OUT / "manifest.jsonl").write_text(
        "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8"
    )


def narrow_answers(count: int, rng: random.Random) -> list[tuple[str, str]]:
    """What people say to a question for a number or for yes or no, and whether that text is seen in training:
    two of five are bare digits, one an answer, two an order number."""
    out = []
    for n in range(count):
        if n % 5 == 4:
            out.append((_ANSWERS[n // 5 % len(_ANSWERS)], "seen"))
            continue
        digits = "".join(rng.choice("零一二三四五六七八九") for _ in range(rng.randint(4, 11)))
        if rng.random() < 0.5:
            digits = digits.replace("一", "幺")
        out.append((digits if n % 5 < 2 else rng.choice(_LEADS) + digits, "unseen"))
    return out


def add_narrow(count: int) -> None:
    """Speak the same answers by both voices, at their own tempos."""
    rng, teacher = random.Random(11), Teacher(ROOT / "var/teacher")
    lines = []
    for k, (text, text_is) in enumerate(narrow_answers(count, rng)):
        speed = round(rng.uniform(0.85, 1.2), 3)
        for voice in _BOTH_VOICES:
            name = f"narrow-{'-'.join(voice)}-{k:02d}.opus"
            said = teacher.speak(text, voice, speed)
            _write(name, said.audio)
            line = _line(name, {"text": text, "kind": "narrow", "voice": voice, "speed": speed}, text_is)
            ends = [round(float(end), 3) for _, _, end in said.spans]
            lines.append({**line, "ends_s": ends})  # of its syllables
    with (OUT / "manifest.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(x, ensure_ascii=False) + "\n" for x in lines)
    print(f"{len(lines)} narrow utterances", flush=True)


def _write(name: str, said: np.ndarray) -> None:
    """Audio of the teacher as the set holds it."""
    audio = resample_poly(said, 2, 3)
    rate = SAMPLE_RATE_HZ * 2 // 3
    soundfile.write(OUT / name, audio / abs(audio).max() * 0.9, rate, format="OGG", subtype="OPUS")


def _line(name: str, item: dict, text_is: str) -> dict:
    voice_is = "unseen" if HELD_OUT_VOICE in item["voice"] else "seen"
    return {
        "audio": name,
        "text": item["text"],
        "kind": item["kind"],
        "text_is": text_is,
        "voice_is": voice_is,
        "voice": item["voice"],
        "speed": item["speed"],
    }


if __name__ == "__main__":
    main()
