"""`make figure NAME=x`: run bench/x.py, which measures and prints one figure."""

from __future__ import annotations

import os
import sys

from scripts.layout import ROOT, VOICE_PYTHON


def main() -> int:
    """Replace this process by the figure's; returns only when there is no such figure."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    folder = ROOT / "bench"
    names = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
    if name not in names:
        print(f"NAME: got {name!r}, expected one of {', '.join(names)}", file=sys.stderr)
        return 2
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(VOICE_PYTHON, [VOICE_PYTHON, str(folder / f"{name}.py"), *sys.argv[2:]])


if __name__ == "__main__":
    sys.exit(main())
