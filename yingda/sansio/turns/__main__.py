"""``python -m yingda.sansio.turns docs/turns.md`` writes the page about the turn machine."""

import sys
from pathlib import Path

from yingda.sansio.turns.diagram import markdown

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
