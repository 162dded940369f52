"""Model names in the settings: a .nemo file, our vocoder's .pt, or a published name that NeMo's
from_pretrained downloads."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
from pathlib import Path

from yingda.speech.engines import published
from yingda.speech.settings import Recogniser, Voice

_OURS = ".pt"
_REMEDY = "get it from the repository, or name a published model (docs/models.md, make models)"


class ModelError(Exception):
    """A model cannot be used. The text says which settings key, what was found and what to do."""


def is_file(model: str) -> bool:
    """Whether a settings value names a file; everything else is a published name."""
    return model.endswith((".nemo", _OURS))


def is_ours(vocoder: str | None) -> bool:
    """Whether a vocoder is the source-filter network of source_filter.py rather than NeMo's."""
    return vocoder is not None and vocoder.endswith(_OURS)


def check(model: str, key: str, settings_path: str, remedy: str) -> None:
    """Raise ModelError when `model` names a file that is not there or is no NeMo archive. `key` is the
    settings key that holds it, `remedy` what to do; takes milliseconds, or a few seconds for a published
    name whose hub is asked, so that it can precede the slow imports."""
    if not model.strip():
        raise ModelError(
            f"{settings_path}: key '{key}' is empty; give a .nemo file or a published model's name"
        )
    place = f"{settings_path}: key '{key}': {model}"
    if not is_file(model):
        _check_published(model, place)
        return
    path = Path(model)
    if not path.is_file():
        raise ModelError(f"{place}: there is no such file; {remedy}")
    if is_ours(model) and key.endswith("vocoder"):
        if not zipfile.is_zipfile(path):
            raise ModelError(f"{place}: is no vocoder (a file that torch.save wrote); {remedy}")
        return
    try:
        with tarfile.open(path) as archive:
            first = [member.name for member, _ in zip(archive, range(50), strict=False)]
    except (OSError, tarfile.TarError) as error:
        raise ModelError(f"{place}: is no NeMo archive ({error}); {remedy}") from None
    if not any(name.endswith("model_config.yaml") for name in first):
        raise ModelError(f"{place}: is no NeMo archive (it holds no model_config.yaml); {remedy}")


def _check_published(name: str, place: str) -> None:
    """Raises ModelError for a model that is neither here nor to be had."""
    try:
        published.check_reachable(name)
    except published.Unreachable as error:
        raise ModelError(f"{place}: {error}{published.did_you_mean(name)}") from None


def target(model: str) -> str:
    """The class that a .nemo file names, such as nemo.collections.tts.models.fastpitch.FastPitchModel; empty
    for a published name and where it cannot be read."""
    if not is_file(model):
        return ""
    try:
        with tarfile.open(model) as archive:
            member = next(m for m in archive if m.name.endswith("model_config.yaml"))
            file = archive.extractfile(member)
            text = "" if file is None else file.read().decode("utf-8", "replace")
    except (OSError, tarfile.TarError, StopIteration):
        return ""
    found = re.search(r"^target: *(\S+)", text, re.M)
    return found.group(1) if found else ""


def version(model: str) -> str:
    """`asr-zh-8k@1f3b5c7d9e0a` of a file, by its content; a published name is its own version. A file that
    cannot be read is `@unreadable`: the check says why."""
    if not is_file(model):
        return model
    try:
        with Path(model).open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=6)).hexdigest()
    except OSError:
        digest = "unreadable"
    return f"{Path(model).stem}@{digest}"


def check_recogniser(settings: Recogniser, settings_path: str) -> None:
    """Raises ModelError."""
    check(settings.model, "recogniser.model", settings_path, _REMEDY)


def check_voice(settings: Voice, settings_path: str) -> None:
    """Raises ModelError."""
    check(settings.acoustic_model, "voice.acoustic_model", settings_path, _REMEDY)
    if settings.vocoder is not None:
        check(settings.vocoder, "voice.vocoder", settings_path, _REMEDY + ", or set it to null")
    for number, voice in enumerate(settings.voices):
        for name, model in (("acoustic_model", voice.acoustic_model), ("vocoder", voice.vocoder)):
            if model is not None:
                key = f"voice.voices[{number}].{name}"
                check(model, key, settings_path, _REMEDY + ", or leave it out: the shared one speaks then")


def unusable(model: str, key: str, settings_path: str, error: Exception) -> str:
    """The message for a model that did not load."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"{settings_path}: key '{key}': {model} cannot be used: {reason}"
