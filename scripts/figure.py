"""`make figure NAME=x`: run bench/**/x.py, which measures and prints one figure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from scripts.layout import ROOT, VOICE_PYTHON

_ENVIRONMENT = re.compile(r'^ENVIRONMENT = "(\w+)"$', re.M)  # a figure that needs another than the voice's


def figures() -> dict[str, Path]:
    """The figures' programs by name."""
    found = sorted((ROOT / "bench").rglob("*.py"))
    return {path.stem: path for path in found if not path.stem.startswith("_")}


def main() -> int:
    """Replace this process by the figure's; returns only when there is none, or no way to run it."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    known = figures()
    if name not in known:
        print(f"NAME: got {name!r}, expected one of {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    python = str(VOICE_PYTHON)
    if match := _ENVIRONMENT.search(known[name].read_text(encoding="utf-8")):
        made = subprocess.run([sys.executable, str(ROOT / "scripts/env.py"), match.group(1)])
        if made.returncode:
            return made.returncode
        python = str(ROOT / ".venv" / match.group(1) / "bin" / "python")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(python, [python, str(known[name]), *sys.argv[2:]])


if __name__ == "__main__":
    sys.exit(main())
