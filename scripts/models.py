"""List the published speech models that are known to fit, or fetch one.

    python -m scripts.models                 the list
    python -m scripts.models NAME [--yes]    licence and size, a question, the download, a trial, what to set

`make models` runs it; YES=1 answers the question. Exit status: 0 done, 1 declined, 2 cannot be done (the last
line says what to do).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from yingda.speech.engines import published
from yingda.speech.engines.published import KNOWN, Published, Unreachable
from yingda.speech.settings import OneVoice, Recogniser, Voice

ROOT = Path(__file__).resolve().parent.parent
_SLOTS = 1  # streams of the trial load


def table() -> str:
    """The list, a paragraph a model."""
    parts = []
    for model in KNOWN:
        here = "on this machine" if published.is_cached(model.name) else _size(model)
        parts.append(
            f"{model.short:<11} {model.use}, {here}\n{'':11} {model.name}\n{'':11} {model.about}\n"
            f"{'':11} runs on: {model.hardware}\n{'':11} licence: {model.licence}"
        )
    how = "make models NAME=nemotron   shows the licence, asks, downloads, tries it, and says what to set"
    return "\n\n".join([*parts, how])


def _size(model: Published) -> str:
    return "size not known" if model.size_gb is None else f"about {model.size_gb:g} GB"


def wanted(name: str) -> list[Published]:
    """A known model with those that it needs. Raises KeyError with a message."""
    model = published.find(name)
    if model is None:
        names = ", ".join(known.short for known in KNOWN)
        raise KeyError(f"NAME={name} is no known model{published.did_you_mean(name)} (known: {names})")
    others = [found for short in model.with_ if (found := published.find(short)) is not None]
    return [model, *others]


def download(model: Published) -> None:
    """Into the hub's own cache, where the loaders look. Raises RuntimeError, OSError."""
    with published.downloading(model.name):
        {"huggingface": _from_hugging_face, "ngc": _from_ngc, "modelscope": _from_modelscope}[model.hub](
            model
        )


def _from_hugging_face(model: Published) -> None:
    from huggingface_hub import hf_hub_download

    hf_hub_download(repo_id=model.name, filename=model.name.rpartition("/")[2] + ".nemo")


def _from_ngc(model: Published) -> None:
    from yingda.speech.engines import nemo_runtime

    nemo_runtime.prepare("nemo.collections.tts.models.hifigan")
    from nemo.collections.asr.models import ASRModel
    from nemo.collections.tts.models import FastPitchModel, HifiGanModel

    kind = {"recogniser": ASRModel, "voice": FastPitchModel, "vocoder": HifiGanModel}[model.use]
    kind.from_pretrained(model.name, return_model_file=True)


def _from_modelscope(model: Published) -> None:
    from yingda.speech.engines.modelscope_link import interpreter

    code = "import sys; from modelscope import snapshot_download; snapshot_download(sys.argv[1])"
    done = subprocess.run([interpreter(), "-c", code, model.name], cwd=ROOT)
    if done.returncode != 0:
        raise RuntimeError("ModelScope's download failed; see above")


def try_out(models: Sequence[Published]) -> None:
    """Load it as the speech server will. Raises RuntimeError saying what is wrong."""
    from yingda.speech.engines import families

    model, second = models[0], models[1].name if len(models) > 1 else None
    if model.use == "recogniser":
        families.make_recogniser(Recogniser(model=model.name, chunk_ms=320), _SLOTS)
    elif model.use == "voice":
        families.make_voice(Voice(acoustic_model=model.name, vocoder=second, voices=[OneVoice()]))


def confirmed(models: Sequence[Published], ask: Callable[[str], str]) -> bool:
    """Show what comes, from where, on what terms; then ask."""
    for model in models:
        print(
            f"{model.name}\n  from {published.hub_url(model.hub)}, {_size(model)}\n  licence: {model.licence}"
        )
    try:
        return ask("Download, and accept the licence? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def fetch(
    name: str,
    ask: Callable[[str], str] = input,
    get: Callable[[Published], None] = download,
    check: Callable[[Sequence[Published]], None] = try_out,
) -> int:
    """The whole of `make models NAME=...`. Returns the exit status."""
    try:
        models = wanted(name)
        missing = [model for model in models if not published.is_cached(model.name)]
        if missing and not confirmed(missing, ask):
            print("nothing was downloaded")
            return 1
        for model in missing:
            published.check_reachable(model.name)
            print(f"downloading {model.name}", flush=True)
            get(model)
        print("loading it once, as the speech server does", flush=True)
        check(models)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    except (Unreachable, RuntimeError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    print(f"It works. Put into settings/speech.yml:\n\n{models[0].settings}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="List or fetch published speech models.")
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--yes", action="store_true", default=os.environ.get("YES", "") in ("1", "y", "yes"))
    given = parser.parse_args(arguments)
    if not given.name:
        print(table())
        return 0
    return fetch(given.name, (lambda _: "y") if given.yes else input)


if __name__ == "__main__":
    sys.exit(main())
