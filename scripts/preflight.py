"""What is checked before anything starts. The first thing wrong stops the start with one message."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from actions.clients import settings as crm_settings
from scripts import check_dialogue, layout
from scripts.layout import OFFSET, ROOT, Layout
from yingda.plumbing import stores
from yingda.plumbing.processes import port_problem
from yingda.plumbing.settings import SettingsError

LEAST_FREE_GB = 1


class CannotStart(Exception):
    """The start is not possible; the text names file, key and what to do."""


def check() -> Layout:
    """Check settings, ports, models, dialogue and given stores. Raises CannotStart."""
    try:
        plan = layout.read()
        crm_settings.read()
    except SettingsError as error:
        raise CannotStart(str(error)) from None
    check_models(plan, ROOT)
    check_assistant(ROOT)
    check_ports(plan)
    check_given_stores()
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < LEAST_FREE_GB:
        raise CannotStart(
            f"the disk of {ROOT} has {free_gb:.1f} GB free; recordings need at least {LEAST_FREE_GB} GB"
        )
    return plan


def check_models(plan: Layout, root: Path) -> None:
    """Every model named by a path is there. Published names are NeMo's to find."""
    if not plan.local_speech:
        return
    recogniser, voice = plan.speech.recogniser, plan.speech.voice
    lexicon = recogniser.lexicon
    named = [
        ("recogniser.model", recogniser.model),
        ("recogniser.lexicon.path", lexicon.path if is_path(recogniser.model) else None),
        ("recogniser.lexicon.confidence", lexicon.confidence if is_path(recogniser.model) else None),
        ("voice.acoustic_model", voice.acoustic_model),
        ("voice.vocoder", voice.vocoder),
    ]
    for key, value in named:
        if value and is_path(value) and not (root / value).is_file():
            raise CannotStart(
                f"settings/speech.yml: key '{key}': the file {value} is missing; restore it (git checkout "
                f"{value}), build it (make train-asr or make train-tts), or name a published model there"
            )


def is_path(model: str) -> bool:
    """Whether a model is named by a file rather than by its published name."""
    return model.endswith((".nemo", ".pt", ".gz", ".tsv")) or model.startswith(("/", "./", "models/"))


def check_assistant(root: Path) -> None:
    """What designers edit holds no mistake that can be seen at once."""
    for name in ("config.yml", "domain.yml", "endpoints.yml", "credentials.yml"):
        if not (root / name).is_file():
            raise CannotStart(f"{name}: is missing; restore it, e.g. git checkout {name}")
    found = check_dialogue.problems(root)
    if found:
        more = f"\n({len(found) - 1} more: make check-dialogue)" if len(found) > 1 else ""
        raise CannotStart(found[0] + more)


def check_ports(plan: Layout) -> None:
    """Every port is free."""
    for who, host, port, kind, where in plan.ports():
        problem = port_problem(host, port, kind)
        if problem:
            change = f"set {OFFSET}=100" if where == OFFSET else f"change {where}, or set {OFFSET}=100"
            raise CannotStart(
                f"port {port}/{kind} on {host}, needed by {who}: {problem}. Stop what uses it "
                f"(another `make run`? `ss -lnp | grep {port}` tells), or {change}"
            )


def check_given_stores() -> None:
    """MONGO_URL and REDIS_URL, when given, answer."""
    for name, problem_of in (("MONGO_URL", stores.mongo_problem), ("REDIS_URL", stores.redis_problem)):
        url = os.environ.get(name)
        if not url:
            continue
        try:
            problem = problem_of(url)
        except Exception as error:  # the drivers refuse malformed URLs with many kinds of errors
            problem = str(error)
        if problem:
            shown = stores.without_password(url)
            raise CannotStart(
                f"{name}={shown}: {problem}. Start that server, or unset {name} to use an embedded one"
            )
