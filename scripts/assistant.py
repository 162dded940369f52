"""The trained assistant that belongs to the present data: found, or trained now.

    python -m scripts.assistant
    python -m scripts.assistant --config config/ted.yml     another pipeline or other policies, to compare

An archive is named after a fingerprint of all that it depends on: models/assistant-<fingerprint>.tar.gz. An
alternative holds only the keys in which it differs from config.yml; its archives lie apart, in models/ted/.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from scripts.layout import RASA_PYTHON, ROOT
from yingda.plumbing.processes import Child

DEADLINE_S = 1800.0
KEPT = 3
CONFIG = "config.yml"
SOURCES = (
    CONFIG,
    "domain.yml",
    "domain",
    "data",
    "extensions/nlu",
    "yingda/sansio/numerals",
    "envs/rasa.txt",
)


class TrainingFailed(Exception):
    """Rasa could not train; the text holds the end of what it said."""


def fingerprint(root: Path = ROOT, config: str = CONFIG) -> str:
    """Changes when anything changes that a model depends on."""
    digest = hashlib.sha256()
    for source in dict.fromkeys((config, *SOURCES)):
        start = root / source
        paths = sorted(start.rglob("*")) if start.is_dir() else [start]
        for path in paths:
            if path.is_file() and path.suffix in (".yml", ".yaml", ".py", ".txt"):
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def archive(root: Path = ROOT, config: str = CONFIG) -> Path:
    """Where the model for the present data is, or will be."""
    folder = root / "models" / ("" if config == CONFIG else Path(config).stem)
    return folder / f"assistant-{fingerprint(root, config)}.tar.gz"


def whole(folder: Path, config: str) -> str:
    """The file that Rasa reads: config.yml, or one in `folder` with an alternative's keys in its place."""
    if config == CONFIG:
        return config
    keys = [yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in (CONFIG, config)]
    merged = folder / "config.yml"
    text = yaml.safe_dump({**keys[0], **keys[1]}, allow_unicode=True, sort_keys=False)
    merged.write_text(f"# made from {CONFIG} and {config}\n{text}", encoding="utf-8")
    return str(merged)


def ensure(log: Path, say: Callable[[str], None], config: str = CONFIG) -> Path:
    """The archive for the present data, trained now if there is none. Raises TrainingFailed."""
    target = archive(ROOT, config)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / ".training.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # two starts at once train once
        if not target.exists():
            say("training the assistant: its data changed, or this is the first start (about two minutes)")
            train(target, log, say, config)
    return target


def train(target: Path, log: Path, say: Callable[[str], None], config: str = CONFIG) -> None:
    """Run `rasa train`; the archive appears only when it is complete. Raises TrainingFailed."""
    out = target.parent / f".{target.name}.tmp"
    shutil.rmtree(out, ignore_errors=True)
    log.unlink(missing_ok=True)
    command = [RASA_PYTHON, str(ROOT / "scripts" / "quiet_rasa.py"), "train", "--domain", "domain.yml"]
    command += [
        "--config",
        whole(target.parent, config),
        "--out",
        str(out),
        "--fixed-model-name",
        "assistant",
    ]
    child = Child("train", command, log, cwd=ROOT)
    begun = time.monotonic()
    child.start()
    try:
        next_word = begun + 15
        while child.running() and time.monotonic() - begun < DEADLINE_S:
            time.sleep(0.1)
            if time.monotonic() > next_word:
                next_word += 15
                say(f"  still training ({time.monotonic() - begun:.0f} s)")
        trained = out / "assistant.tar.gz"
        if child.exit_status() != 0 or not trained.exists():
            raise TrainingFailed(f"`rasa train` failed; the end of {log}:\n{child.log_tail(20)}")
        trained.replace(target)
        say(f"  trained in {time.monotonic() - begun:.0f} s: {target.relative_to(ROOT)}")
    finally:
        child.stop()
        shutil.rmtree(out, ignore_errors=True)
    for old in sorted(target.parent.glob("assistant-*.tar.gz"), key=lambda path: path.stat().st_mtime)[
        :-KEPT
    ]:
        old.unlink()


def main() -> int:
    """Train if needed, and print the archive's path."""
    parser = argparse.ArgumentParser(
        description="Train the assistant if its data changed; print its archive."
    )
    parser.add_argument("--config", default=CONFIG, help="pipeline and policies (default: %(default)s)")
    config = parser.parse_args().config
    if not (ROOT / config).is_file():
        parser.error(f"--config: there is no {config}; expected a file such as config.yml or config/ted.yml")
    try:
        print(ensure(ROOT / "var" / "log" / "train.log", lambda text: print(text, file=sys.stderr), config))
    except (TrainingFailed, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
