"""Model names in the settings: a .nemo file, or a published name that NeMo's from_pretrained downloads."""

from __future__ import annotations

import tarfile
from pathlib import Path

from yingda.speech.settings import Recogniser, Voice

_REMEDY = "get it from the repository, or name a published model (README, speech models)"


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


def check_recogniser(settings: Recogniser, settings_path: str) -> None:
    """Raises ModelError."""
    check(settings.model, "recogniser.model", settings_path, _REMEDY)


def check_voice(settings: Voice, settings_path: str) -> None:
    """Raises ModelError."""
    check(settings.acoustic_model, "voice.acoustic_model", settings_path, _REMEDY)
    if settings.vocoder is not None:
        check(settings.vocoder, "voice.vocoder", settings_path, _REMEDY + ", or set it to null")


def unusable(model: str, key: str, settings_path: str, error: Exception) -> str:
    """The message for a model that did not load."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"{settings_path}: key '{key}': {model} cannot be used: {reason}"
