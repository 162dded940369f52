"""Make the frozen test set of the recogniser: voices and texts, each seen and unseen in training.

    python -m training.make_test_speech --manifest DIR/manifest.jsonl --audio DIR

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

import soundfile
from scipy.signal import resample_poly

from training.sentences import ROOT
from training.teacher import HELD_OUT_VOICE, SAMPLE_RATE_HZ, Teacher

OUT = ROOT / "tests/data/asr"
_SEEN_VOICE = {"jm_kumo": 0.5, "jf_alpha": 0.5}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--seen", type=int, default=40, help="sentences of seen text for each voice")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    items = [json.loads(x) for x in args.manifest.read_text(encoding="utf-8").splitlines()]
    lines = []
    for item in (x for x in items if x["split"] == "test"):
        name = Path(item["audio_filepath"]).name
        shutil.copy(args.audio / item["audio_filepath"], OUT / name)
        lines.append(_line(name, item, "unseen"))
    seen = [x for x in items if x["split"] == "train" and x["kind"] == "customer" and len(x["text"]) > 1]
    rng, teacher = random.Random(5), Teacher(ROOT / "var/teacher")
    for voice in (_SEEN_VOICE, {HELD_OUT_VOICE: 1.0}):
        for k, item in enumerate(rng.sample(seen, args.seen)):
            said = teacher.speak(item["text"], voice, 1.0)
            name = f"seen-{'-'.join(voice)}-{k:02d}.opus"
            audio = resample_poly(said.audio, 2, 3)
            soundfile.write(
                OUT / name,
                audio / abs(audio).max() * 0.9,
                SAMPLE_RATE_HZ * 2 // 3,
                format="OGG",
                subtype="OPUS",
            )
            lines.append(_line(name, {**item, "voice": voice}, "seen"))
        print(f"{len(lines)} utterances", flush=True)
    (OUT / "manifest.jsonl").write_text(
        "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8"
    )


def _line(name: str, item: dict, text_is: str) -> dict:
    voice_is = "unseen" if HELD_OUT_VOICE in item["voice"] else "seen"
    return {
        "audio": name,
        "text": item["text"],
        "kind": item["kind"],
        "text_is": text_is,
        "voice_is": voice_is,
    }


if __name__ == "__main__":
    main()
