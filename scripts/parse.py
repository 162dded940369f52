"""`make parse FILE=lines.tsv`: what the trained assistant understands, for evaluating it on any data.

Reads a text a line, UTF-8; of a line with tabs the first column, and a first line `text` is a heading. Writes
lines of text, intent, confidence and entities as JSON, with tabs between, to standard output; the intent is
the likeliest one, also where the bot would rather ask. Entities:
`entity`, `value` (dates and times in ISO 8601, relative ones from today; amounts in yuan, `cents`), `text`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scripts.assistant import TrainingFailed, ensure
from scripts.layout import RASA_PYTHON, ROOT


def main() -> int:
    """Replace this process by one in Rasa's environment; returns only where that cannot be."""
    given = sys.argv[1] if len(sys.argv) > 1 else ""
    if not given or not Path(given).is_file():
        print(
            f"FILE: got {given!r}, expected a file with a text a line: make parse FILE=lines.tsv",
            file=sys.stderr,
        )
        return 2
    try:
        model = ensure(ROOT / "var" / "log" / "train.log", lambda text: print(text, file=sys.stderr))
    except TrainingFailed as error:
        print(error, file=sys.stderr)
        return 1
    program = str(ROOT / "scripts" / "parse_lines.py")
    os.execv(RASA_PYTHON, [str(RASA_PYTHON), program, str(model), given, *sys.argv[2:]])


if __name__ == "__main__":
    sys.exit(main())
