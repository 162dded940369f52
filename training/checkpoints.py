"""Files that a kill leaves whole: written beside their place, and moved there at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def save(state: Any, path: Path) -> None:
    """What training goes on from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def export(model: Any, path: Path) -> None:
    """A NeMo model as a .nemo file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.stem + ".part.nemo")
    model.save_to(str(part))
    part.replace(path)
