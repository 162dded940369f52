"""Rasa's command line without the warnings of old libraries: `python scripts/quiet_rasa.py train ...`.

Rasa 3.6 stands on libraries that print dozens of deprecation warnings; one of them switches the warnings back
on after PYTHONWARNINGS switched them off. Rasa's own warnings, which speak of our data, still come through.

Nothing listens beyond this machine unless told to: `run actions` has no option for its address and takes all
interfaces when SANIC_HOST is not set.
"""

import os
import sys
import warnings
from pathlib import Path

DEFAULTS = {
    "SANIC_HOST": "127.0.0.1",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
    "TQDM_DISABLE": "1",
}
NOISE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)


def be_quiet() -> None:
    """Before Rasa is imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    shown = warnings.showwarning

    def show(message, category, filename, lineno, file=None, line=None):  # type: ignore[no-untyped-def]
        if not issubclass(category, NOISE):
            shown(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def main() -> None:
    """Run Rasa with the given arguments; never returns normally."""
    be_quiet()
    # components, channels and actions are named by module path from the root
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    if sys.argv[1:2] == ["train"]:
        from extensions.patches import training_data

        training_data.apply()
    if sys.argv[1:2] == ["run"]:
        from yingda.plumbing import collector

        collector.walk_only_what_is_new()
    from rasa.__main__ import main as rasa_main

    rasa_main()


if __name__ == "__main__":
    main()
