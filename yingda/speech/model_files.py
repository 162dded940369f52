"""Model names in the settings: a .nemo file, or a published name that NeMo's from_pretrained downloads."""

from __future__ import annotations

import tarfile
from pathlib import Path


class ModelError(Exception):
    """A model cannot be used. The text says which settings key, what was found and what to do."""


def is_file(model: str) -> bool:
    """Whether a settings value names a file; everything else is a published name."""
    return model.endswith(".nemo")


def check(model: str, key: str, settings_path: str, remedy: str) -> None:
    """Raise ModelError when `model` names a file that is not there or is no NeMo archive. `key` is the
    settings key that holds it, `remedy` what to do; takes milliseconds, so that it can precede the slow
    imports."""
    if not model.strip():
        raise ModelError(
            f"{settings_path}: key '{key}' is empty; give a .nemo file or a published model's name"
        )
    if not is_file(model):
        return
    place = f"{settings_path}: key '{key}': {model}"
    path = Path(model)
    if not path.is_file():
        raise ModelError(f"{place}: there is no such file; {remedy}")
    try:
        with tarfile.open(path) as archive:
            first = [member.name for member, _ in zip(archive, range(50), strict=False)]
    except (OSError, tarfile.TarError) as error:
        raise ModelError(f"{place}: is no NeMo archive ({error}); {remedy}") from None
    if not any(name.endswith("model_config.yaml") for name in first):
        raise ModelError(f"{place}: is no NeMo archive (it holds no model_config.yaml); {remedy}")
