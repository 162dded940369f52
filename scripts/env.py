#!/usr/bin/env python3
"""Make the Python environments of envs/*.txt, or find them made. Standard library only, Python 3.8 or later.

    env.py voice rasa        make them, link them as .venv/voice and .venv/rasa
    env.py modelscope --python 3.10    with that Python instead of the usual one
    env.py --lock            write envs/*.txt anew from envs/*.in

Environments live outside the clone, in ${YINGDA_HOME:-~/.cache/yingda}/envs/<name>-<hash of the lock file>,
so that clones share them and a changed lock file makes a new one. An environment is finished when it holds
the file `complete`, written last: a start that was cut short is begun anew.

Exit status: 0 made or found, 2 cannot be made (the last line says what to do).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional

ROOT = Path(__file__).resolve().parent.parent
if not __package__:  # run by its path, where sys.path begins with this folder
    sys.path[0] = str(ROOT)

from scripts.installers import (
    HOME,
    CannotMake,
    find_python,
    find_uv,
    pip_settings,
    run_install,
    say,
    uv_environment,
)

PYTHONS = {"voice": "3.11", "training": "3.11", "rasa": "3.10", "modelscope": "3.11"}
# Of an environment that may have another Python the lock file is made for the oldest, and fits all.
OTHER_PYTHONS = {"modelscope": "3.10"}
NEEDED_GB = {"voice": 5, "training": 7, "rasa": 3, "modelscope": 6}
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
LAYOUT = "2"  # raise it when an environment made by an older env.py must be made anew


def explain(name: str, tail: str) -> CannotMake:
    """Why the installer failed, in plain words."""
    low = tail.lower()
    where = "the %s environment could not be installed: " % name
    if "no space left" in low or "errno 28" in low:
        return CannotMake(where + "the disk is full. Free about %d GB under %s." % (NEEDED_GB[name], HOME))
    network = ("dns error", "failed to fetch", "connection", "timed out", "temporary failure", "unreachable")
    if any(sign in low for sign in network):
        return CannotMake(
            where + "the package index cannot be reached. Check the network (proxy: HTTPS_PROXY; own index: "
            "PIP_INDEX_URL), and start again; what was downloaded already is kept."
        )
    return CannotMake(where + "see the lines above. The lock file is envs/%s.txt." % name)


def lock_file(name: str) -> Path:
    return ROOT / "envs" / (name + ".txt")


def folder_of(name: str, version: Optional[str] = None) -> Path:
    """Where the environment for the present lock file is, or will be; `version` instead of the usual
    Python."""
    text = lock_file(name).read_bytes() + (version or PYTHONS[name]).encode() + LAYOUT.encode()
    return HOME / "envs" / ("%s-%s" % (name, hashlib.sha256(text).hexdigest()[:12]))


def is_complete(folder: Path) -> bool:
    return (folder / "complete").exists() and (folder / "bin" / "python").exists()


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Keep two starts at once from making the same environment."""
    (HOME / "envs").mkdir(parents=True, exist_ok=True)
    with open(str(HOME / "envs" / (name + ".lock")), "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is making the %s environment; waiting for it" % name)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make(name: str, version: Optional[str] = None) -> Path:
    """Make the environment, or find it made; link it as .venv/<name>. Returns its folder."""
    folder = folder_of(name, version)
    if not is_complete(folder):
        try:
            with only_one(name):
                if not is_complete(folder):
                    install(name, folder, version or PYTHONS[name])
        except OSError as error:
            hint = "set YINGDA_HOME to a folder that can be written"
            raise CannotMake("%s: %s (%s)" % (HOME, error.strerror, hint)) from None
    link(name, folder)
    return folder


def link(name: str, folder: Path) -> None:
    place = ROOT / ".venv" / name
    if place.is_symlink() and os.readlink(str(place)) == str(folder):
        return
    place.parent.mkdir(exist_ok=True)
    fresh = place.with_name("%s.%d" % (name, os.getpid()))
    fresh.symlink_to(folder)
    os.replace(str(fresh), str(place))


def install(name: str, folder: Path, version: str) -> None:
    # Not made under another name and renamed: the scripts in bin/ hold the path of their Python.
    free_gb = shutil.disk_usage(str(HOME)).free / 1e9
    if free_gb < NEEDED_GB[name]:
        short = (
            "the %s environment needs about %d GB, and %s has %.1f GB free. Free some, or set YINGDA_HOME."
        )
        raise CannotMake(short % (name, NEEDED_GB[name], HOME, free_gb))
    started = time.monotonic()
    packages = len(re.findall(r"^[\w.-]+==", lock_file(name).read_text(), re.M))
    say("making the %s environment: %d packages into %s (once)" % (name, packages, folder))
    uv = find_uv()
    python = find_python(version, uv)
    make_empty(folder, python, uv)
    install_torch(name, folder, uv, version)
    # --no-deps: the lock file is complete, but for what envs/overrides.txt leaves out on purpose
    command = [*install_command(folder, uv), "--no-deps", "-r", str(lock_file(name))]
    status, tail = run_install(command, environment(uv))
    if status != 0:
        raise explain(name, tail)
    check_torch(name, folder, version)
    compile_bytecode(folder)
    (folder / "complete").write_text(json.dumps({"python": python, "lock": lock_file(name).name}) + "\n")
    say("the %s environment is ready (%d s)" % (name, time.monotonic() - started))


def make_empty(folder: Path, python: str, uv: Optional[str]) -> None:
    shutil.rmtree(str(folder), ignore_errors=True)
    if uv:
        command, env = [uv, "venv", "--quiet", "--seed", "--python", python, str(folder)], uv_environment()
    else:
        command, env = [python, "-m", "venv", str(folder)], dict(os.environ)
    if run_install(command, env)[0] != 0:
        raise CannotMake(
            "%s cannot make a virtual environment (on Debian: apt-get install python3-venv)" % python
        )


def compile_bytecode(folder: Path) -> None:
    """Compile every module once: with PYTHONDONTWRITEBYTECODE set, each start would compile NeMo anew,
    which takes up to a minute. Modules that do not compile (templates, old syntax) are none of ours."""
    say("compiling the packages (once)")
    python = str(folder / "bin" / "python")
    subprocess.run(
        [python, "-m", "compileall", "-q", "-j", "0", *map(str, folder.glob("lib/python3*/site-packages"))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def install_command(folder: Path, uv: Optional[str]) -> List[str]:
    python = str(folder / "bin" / "python")
    return [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]


def environment(uv: Optional[str]) -> Dict[str, str]:
    return uv_environment() if uv else dict(os.environ)


def pinned_torch(name: str) -> Optional[str]:
    pinned = re.search(r"^torch==(\S+)", lock_file(name).read_text(), re.M)
    return pinned.group(1) if pinned else None


def install_torch(name: str, folder: Path, uv: Optional[str], version: str) -> None:
    """Install PyTorch first: its CUDA build with all that needs on a machine with a GPU, else its CPU build,
    a tenth of the size, from a folder that pip is told of or from PyTorch's own index."""
    release = pinned_torch(name)
    if release is None:
        return
    command = install_command(folder, uv)
    if not shutil.which("nvidia-smi"):
        # "+cpu": an index that answers too and has the CUDA build only, such as PyPI, would give that one,
        # and without the libraries that it needs it cannot be imported.
        slim = [*command, "--no-deps", "torch==%s+cpu" % release]
        place = cpu_wheels(release, version)
        if place is None:
            place = os.environ.get("YINGDA_TORCH_INDEX", TORCH_CPU_INDEX)
            slim += ["--index-url", place]
        if run_install(slim, environment(uv))[0] == 0:
            return
        say("PyTorch's CPU build cannot be had from %s; taking the full one, which is larger" % place)
    status, tail = run_install([*command, "torch==" + release], environment(uv))
    if status != 0:
        raise explain(name, tail)


def cpu_wheels(release: str, version: str) -> Optional[str]:
    """The folder, of those that pip is told of, that has PyTorch's CPU build for this Python."""
    wheel = "torch-%s+cpu-cp%s-*.whl" % (release, version.replace(".", ""))
    folders = [link for link in pip_settings().get("find-links", []) if Path(link).is_dir()]
    return next((link for link in folders if any(Path(link).glob(wheel))), None)


def check_torch(name: str, folder: Path, version: str) -> None:
    """An environment whose PyTorch lacks libraries would be found out by the first call only."""
    release = pinned_torch(name)
    if release is None:
        return
    done = subprocess.run(
        [str(folder / "bin" / "python"), "-c", "import torch"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if done.returncode == 0:
        return
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it died"]
    raise CannotMake(
        "the %s environment was installed, but its PyTorch cannot be imported (%s). Set YINGDA_TORCH_INDEX "
        "to a package index, or PIP_FIND_LINKS to a folder, that has torch %s+cpu for Python %s; start again."
        % (name, lines[-1], release, version)
    )


def lock(names: List[str]) -> None:
    """Write envs/<name>.txt anew from envs/<name>.in, keeping pinned versions where they still fit."""
    uv = find_uv()
    if not uv:
        raise CannotMake("lock files are made with uv, which could not be installed")
    env = dict(uv_environment(), UV_CUSTOM_COMPILE_COMMAND="make lock")
    for name in names:
        target = lock_file(name)
        # The CPU build of PyTorch is resolved, so that CUDA's packages stay out; install_torch gets those.
        # Which build is taken is the machine's choice, so the lock file does not say.
        target.write_text(re.sub(r"(?m)^(torch==[^+\s]+)$", r"\1+cpu", target.read_text()))
        version = OTHER_PYTHONS.get(name, PYTHONS[name])
        command = [uv, "pip", "compile", "--quiet", "--python-version", version, name + ".in"]
        command += ["--override", "overrides.txt", "-o", target.name]
        status = subprocess.run(command, cwd=str(target.parent), env=env).returncode
        text = re.sub(r"(?m)^(torch==[^+\s]+)\+cpu$", r"\1", target.read_text())
        # An index may have the CPU build for one Python and not for the other.
        text = re.sub(r"(?m)^(?:nvidia-(?!riva)|cuda-|triton==)[^\n]*\n(?:    #[^\n]*\n)*", "", text)
        target.write_text(text)
        if status != 0:
            raise CannotMake("envs/%s.in cannot be resolved; see above" % name)
        say("envs/%s.txt: %d packages" % (name, text.count("==")))


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the environments of envs/*.txt, or find them made.")
    parser.add_argument("names", nargs="*", choices=[*PYTHONS, []], help="voice, rasa, training, modelscope")
    parser.add_argument("--python", metavar="VERSION", help="modelscope: 3.10 instead of 3.11")
    parser.add_argument("--lock", action="store_true", help="write envs/*.txt anew from envs/*.in")
    given = parser.parse_args()
    for name in given.names or ["voice", "rasa"]:
        if given.python not in (None, PYTHONS[name], OTHER_PYTHONS.get(name)):
            parser.error("the %s environment cannot have Python %s" % (name, given.python))
    try:
        if given.lock:
            lock(given.names or ["voice", "training", "rasa", "modelscope"])
        else:
            for name in given.names or ["voice", "rasa"]:
                make(name, given.python)
    except CannotMake as error:
        say("")
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("stopped; the next start goes on from what was downloaded")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
