"""Two checks of `make publish`, run in its copy of the project: the conversations, and understanding.

python -m scripts.publish_checks conversations    Rasa's own test of tests/conversations
python -m scripts.publish_checks understanding    not a point below tests/data/nlu/reached.json
"""

from __future__ import annotations

import json
import subprocess
import sys

from scripts import assistant
from scripts.layout import RASA_PYTHON, ROOT

FALL = 0.01  # of what was reached


def conversations() -> int:
    """Exit status of `rasa test core`; the stories that went wrong are printed."""
    model = assistant.ensure(ROOT / "var" / "log" / "train.log", print)
    out = ROOT / "var" / "rasa-test"
    command = [RASA_PYTHON, "scripts/quiet_rasa.py", "test", "core", "--model", str(model)]
    command += ["--stories", "tests/conversations", "--out", str(out), "--fail-on-prediction-errors"]
    return subprocess.run(command, cwd=ROOT).returncode


def understanding() -> int:
    """0 when intents and entities of the held-out sentences are as well understood as before."""
    from bench import nlu

    reached = json.loads((nlu.DATA / "reached.json").read_text(encoding="utf-8"))
    sentences = nlu.sentences_of()
    found = nlu.parse([sentence.said for sentence in sentences])
    meant = [sentence.intent for sentence in sentences]
    each = nlu.macro_f1(meant, [x.likeliest for x in found])
    now = {
        "intent_f1": sum(each.values()) / len(each),
        "entity_f1": nlu.entity_f1([x.entities for x in sentences], [x.entities for x in found])[0],
    }
    fallen = [name for name, value in now.items() if value < reached[name] - FALL]
    for name, value in now.items():
        verdict = "fell by more than a point" if name in fallen else "holds"
        print(f"{name}: {value:.3f}, reached before {reached[name]:.3f}: {verdict}")
    worst = sorted(each.items(), key=lambda pair: pair[1])[:5]
    print("lowest intents: " + ", ".join(f"{name} {value:.2f}" for name, value in worst))
    return 1 if fallen else 0


def main() -> int:
    """Command line."""
    known = {"conversations": conversations, "understanding": understanding}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in known:
        print(f"expected one of {', '.join(known)}", file=sys.stderr)
        return 2
    return known[name]()


if __name__ == "__main__":
    sys.exit(main())
