"""nlu_alternatives: the shipped pipeline of understanding beside others, on the same held-out sentences.

    make figure NAME=nlu_alternatives
    make figure NAME=nlu_alternatives ONLY=diet

Each configuration learns from nothing, understanding only, then parses the sentences of the figure `nlu`.
DIET takes half an hour of one core. Passes when none is better than the shipped one in intents and entities
together.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench import nlu
from scripts import assistant
from scripts.layout import RASA_PYTHON, ROOT

CONFIGS = {
    "shipped": "config.yml",
    "without spaCy": "config/no_spacy.yml",
    "lean": "config/lean.yml",
    "DIET": "config/diet.yml",
}
LIMIT_S = 3600
WORK = ROOT / "var" / "nlu_alternatives"


@dataclass
class Row:
    """What one configuration reached."""

    name: str
    intents: float
    misheard: float
    entities: float
    wrong: float
    asked: float
    train_s: float
    parse_ms: tuple[float, float]  # median, 95th percentile
    megabytes: float

    def told(self) -> str:
        """A line of the table."""
        return (
            f"| {self.name} | {self.intents:.3f} | {self.misheard:.3f} | {self.entities:.3f} | "
            f"{100 * self.wrong:.1f} % | {100 * self.asked:.1f} % | {self.train_s:.0f} | "
            f"{self.parse_ms[0]:.1f} / {self.parse_ms[1]:.1f} | {self.megabytes:.1f} |"
        )


def train(name: str, config: str) -> tuple[Path, float]:
    """The archive and the CPU seconds that it took, user and system, of Rasa and its children."""
    folder = WORK / name.replace(" ", "_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [str(RASA_PYTHON), str(ROOT / "scripts/quiet_rasa.py"), "train", "nlu", "--nlu", "data/nlu"]
    command += ["--config", assistant.whole(folder, config), "--domain", "domain.yml", "--out", str(folder)]
    command += ["--fixed-model-name", "nlu"]
    before = os.times()
    # a cache of its own, empty: what was learned for the shipped assistant does not count
    env = {**os.environ, "RASA_CACHE_DIRECTORY": str(folder / "cache")}
    with open(folder / "train.log", "w") as log:
        subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=LIMIT_S, check=True, env=env)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    shutil.rmtree(folder / "cache", ignore_errors=True)
    return folder / "nlu.tar.gz", seconds


def parse(model: Path, texts: list[str]) -> tuple[list[nlu.Understood], tuple[float, float]]:
    """What was understood, and milliseconds a sentence: median and 95th percentile."""
    lines = model.parent / "lines.tsv"
    lines.write_text("\n".join(["text", *texts]) + "\n", encoding="utf-8")
    command = [str(RASA_PYTHON), str(ROOT / "scripts/parse_lines.py"), str(model), str(lines), "--decision"]
    arrived, rows = [], []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        for row in child.stdout:
            arrived.append(time.monotonic())
            rows.append(row.rstrip("\n"))
    if len(rows) != len(texts) + 1:
        raise RuntimeError(f"{model}: {len(rows) - 1} of {len(texts)} sentences were parsed")
    took = sorted(1000 * (b - a) for a, b in pairwise(arrived[1:]))
    return [nlu.understood_row(row) for row in rows[1:]], (took[len(took) // 2], took[int(0.95 * len(took))])


def measure(name: str, config: str, sentences: list[nlu.Sentence]) -> Row:
    """Train one configuration and parse the sentences."""
    model, seconds = train(name, config)
    heard = nlu.misheard()
    found, milliseconds = parse(model, [x.said for x in sentences] + [heard[x.said] for x in sentences])
    clean, noisy = found[: len(sentences)], found[len(sentences) :]
    meant = [x.intent for x in sentences]
    f1 = [nlu.macro_f1(meant, [x.likeliest for x in some]) for some in (clean, noisy)]
    entities, _ = nlu.entity_f1([x.entities for x in sentences], [x.entities for x in clean])
    pairs = list(zip(clean, meant, strict=True))
    return Row(
        name=name,
        intents=sum(f1[0].values()) / len(f1[0]),
        misheard=sum(f1[1].values()) / len(f1[1]),
        entities=entities,
        wrong=sum(x.intent not in (nlu.FALLBACK, m) for x, m in pairs) / len(pairs),
        asked=sum(x.intent == nlu.FALLBACK for x, _ in pairs) / len(pairs),
        train_s=seconds,
        parse_ms=milliseconds,
        megabytes=model.stat().st_size / 1e6,
    )


def main() -> int:
    """Print the table; 0 when the shipped configuration is the best."""
    assistant.make_rules()
    only = {x for x in os.environ.get("ONLY", "").lower().split(",") if x}
    sentences = nlu.unseen(nlu.HELD_OUT)
    print("| pipeline | intent F1 | misheard | entity F1 | acted wrongly | asks | training CPU s | ms | MB |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    rows: list[Row] = []
    for name, config in CONFIGS.items():
        if not only or name.lower() in only:
            rows.append(measure(name, config, sentences))
            print(rows[-1].told(), flush=True)
    if not rows:
        print(f"ONLY: got {os.environ['ONLY']!r}, expected some of {', '.join(CONFIGS)}", file=sys.stderr)
        return 2
    if rows[0].name != "shipped":
        print("nlu_alternatives: not compared, ONLY leaves out shipped")
        return 2
    best = max(rows, key=lambda row: row.intents + row.entities)
    verdict = "PASS" if best.name == "shipped" else "FAIL"
    print(f"nlu_alternatives: best by intents and entities {best.name} (bar: shipped) {verdict}")
    return 0 if best.name == "shipped" else 1


if __name__ == "__main__":
    sys.exit(main())
