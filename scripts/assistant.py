"""`make train`: the trained assistant that belongs to the present data: found, or trained now.

    python -m scripts.assistant
    python -m scripts.assistant --config config/ted.yml     another pipeline or other policies, to compare

Before training it says what has changed since the last archive and how long it will take; what needs no
training it names too. Measured times and the parts of each archive are kept in var/training/.

An archive is named after a fingerprint of all that it depends on: models/assistant-<fingerprint>.tar.gz. An
alternative holds only the keys in which it differs from config.yml; its archives lie apart, in models/ted/.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from scripts import check_dialogue, train_changes
from scripts.layout import RASA_PYTHON, ROOT
from scripts.train_changes import CONFIG
from scripts.train_progress import Progress, Times, why_failed
from yingda.explain import written
from yingda.plumbing.processes import Child

DEADLINE_S = 1800.0
KEPT = 3
STILL_EVERY_S = 15.0
MOST_LINES = 12  # of changes; more are only counted
NOTES = Path("var") / "training"
# used as they are: no training
UNTRAINED = {
    "knowledge": "heard in the next call",
    "hotwords.yml": "heard within seconds",
    "actions": "heard after a restart: make talk, make run",
    "channels": "heard after a restart: make talk, make run",
    "settings": "heard after a restart: make run",
    "tests/conversations": "for rasa test: python -m scripts.test dialogue",
}


class TrainingFailed(Exception):
    """Rasa could not train; the text holds the end of what it said."""


def fingerprint(root: Path = ROOT, config: str = CONFIG) -> str:
    """Changes when anything changes that a model depends on; comments and layout do not count."""
    return train_changes.fingerprint(train_changes.parts(root, config))


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
            _tell_and_train(target, log, say, config)
    return target


def _tell_and_train(target: Path, log: Path, say: Callable[[str], None], config: str) -> None:
    now, last = train_changes.parts(ROOT, config), last_trained(target.parent)
    before = notes_of(last) if last else {}
    times = Times(ROOT / NOTES / "times.json")
    if last:
        say(f"changed since {last.name} was trained:")
        changes = train_changes.told(before, now)
        for line in changes[:MOST_LINES]:
            say("  " + line)
        if len(changes) > MOST_LINES:
            say(f"  and {len(changes) - MOST_LINES} kinds more")
    else:
        say("training the assistant: there is none yet")
    what = train_changes.to_learn(before, now)
    seconds = times.estimate(what)
    say(f"{plan_of(what)}; about {seconds:.0f} s")
    begun = time.monotonic()
    cached = train(target, log, say, config, seconds)
    if last or not cached:  # else nobody knows what was learned for the first time
        times.measured(what, time.monotonic() - begun)
    note = ROOT / NOTES / f"{target.name}.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(now), encoding="utf-8")


def plan_of(what: list[str]) -> str:
    """What is learned and what is not, by the parts that changed."""
    both = (train_changes.UNDERSTANDING, train_changes.DIALOGUE)
    learned = [part for part in both if part in what]
    cached = [part for part in both if part not in what]
    shown = [f"learned anew: {' and '.join(learned) or 'nothing'}"]
    if cached:
        shown.append(f"from the cache: {' and '.join(cached)}")
    return "; ".join(shown)


def last_trained(folder: Path) -> Path | None:
    """The newest archive whose parts are known."""
    known = [path for path in folder.glob("assistant-*.tar.gz") if notes_of(path)]
    return max(known, key=lambda path: path.stat().st_mtime, default=None)


def notes_of(path: Path) -> train_changes.Parts:
    """The parts that an archive was trained from; empty where they are not known."""
    try:
        found: train_changes.Parts = json.loads(
            (ROOT / NOTES / f"{path.name}.json").read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return {}
    return found


def train(
    target: Path, log: Path, say: Callable[[str], None], config: str = CONFIG, expected_s: float = 0.0
) -> list[str]:
    """Run `rasa train`; the archive appears only when it is complete. Returns the components that came from
    the cache. Raises TrainingFailed."""
    make_rules()
    out = target.parent / f".{target.name}.tmp"
    shutil.rmtree(out, ignore_errors=True)
    log.unlink(missing_ok=True)
    # our own checks have run, and `make test` runs Rasa's, which take half a minute
    command = [RASA_PYTHON, str(ROOT / "scripts" / "quiet_rasa.py"), "train", "--skip-validation"]
    command += ["--domain", "domain.yml", "--config", whole(target.parent, config)]
    command += ["--out", str(out), "--fixed-model-name", "assistant"]
    child = Child("train", command, log, cwd=ROOT)
    begun = time.monotonic()
    child.start()
    try:
        cached = _follow(child, log, say, expected_s)
        trained = out / "assistant.tar.gz"
        if child.exit_status() != 0 or not trained.exists():
            why = why_failed(child.log_tail(200), written.read(ROOT))
            raise TrainingFailed(f"`rasa train` failed; {log} says:\n{why}")
        trained.replace(target)
        say(f"  trained in {time.monotonic() - begun:.0f} s: {target.relative_to(ROOT)}")
    finally:
        child.stop()
        shutil.rmtree(out, ignore_errors=True)
    for old in sorted(target.parent.glob("assistant-*.tar.gz"), key=lambda path: path.stat().st_mtime)[
        :-KEPT
    ]:
        old.unlink()
        (ROOT / NOTES / f"{old.name}.json").unlink(missing_ok=True)
    return cached


def _follow(child: Child, log: Path, say: Callable[[str], None], expected_s: float) -> list[str]:
    """Say what is being learned until the training ends or has taken too long; what came from the cache."""
    begun, progress, next_word = time.monotonic(), Progress(log), STILL_EVERY_S
    while child.running() and (passed := time.monotonic() - begun) < DEADLINE_S:
        time.sleep(0.1)
        for line in progress.news(passed):
            say(line)
            next_word = passed + STILL_EVERY_S
        if passed > next_word:
            next_word = passed + STILL_EVERY_S
            about = f" of about {expected_s:.0f}" if expected_s else ""
            now = f", now {progress.busy_with}" if progress.busy_with else ""
            say(f"  still training ({passed:.0f} s{about}{now})")
    for line in progress.news(time.monotonic() - begun):
        say(line)
    if progress.from_cache:
        say("         from the cache: " + ", ".join(progress.from_cache))
    return progress.from_cache


def untrained(since: float, root: Path = ROOT) -> list[str]:
    """Files that changed since then and that are used as they are, with when they are heard."""
    found = []
    for source, heard in UNTRAINED.items():
        start = root / source
        paths = sorted(start.rglob("*")) if start.is_dir() else [start]
        kept = [path for path in paths if path.suffix in (".py", ".yml", ".md") and path.is_file()]
        new = [str(path.relative_to(root)) for path in kept if path.stat().st_mtime > since]
        if new:
            more = f" and {len(new) - 3} more" if len(new) > 3 else ""
            found.append(f"{', '.join(new[:3])}{more}: {heard}")
    return found


def make_rules() -> None:
    """The spaCy pipeline of data/words, if the words changed. Raises TrainingFailed."""
    command = [str(RASA_PYTHON), "-m", "training.spacy_pipeline"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise TrainingFailed(f"`python -m training.spacy_pipeline` failed:\n{done.stdout[-2000:]}")


def main() -> int:
    """Train if needed, and print the archive's path."""
    parser = argparse.ArgumentParser(
        description="Train the assistant if its data changed; print its archive."
    )
    parser.add_argument("--config", default=CONFIG, help="pipeline and policies (default: %(default)s)")
    config = parser.parse_args().config
    if not (ROOT / config).is_file():
        parser.error(f"--config: there is no {config}; expected a file such as config.yml or config/ted.yml")
    found = check_dialogue.problems() if config == CONFIG else []
    if found:
        print(
            "\n".join([*found[:5], f"{len(found)} mistakes; make check-dialogue lists them"]), file=sys.stderr
        )
        return 1
    said = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
    target = archive(ROOT, config)
    was_there = target.exists()
    try:
        ensure(ROOT / "var" / "log" / "train.log", said, config)
    except (TrainingFailed, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    if was_there:
        said("nothing that needs training has changed; the assistant is that of these files")
    for line in untrained(target.stat().st_mtime) if was_there else ():
        said(f"  changed, needs no training: {line}")
    said("hear it: make talk (typed), make run (a call); test it: python -m scripts.test dialogue")
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
