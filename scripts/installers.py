"""Finds a Python and uv, and runs installers. Standard library only, Python 3.8 or later, as env.py."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Dict, Iterator, List, Optional, Tuple

HOME = Path(os.environ.get("YINGDA_HOME") or Path.home() / ".cache" / "yingda")
UV = "uv==0.13.9"
PYPI = "https://pypi.org/simple"


class CannotMake(Exception):
    """The environment cannot be made; the text says why and what to do."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def probe(python: str, version: str) -> bool:
    """Whether `python` runs and is `version`. A pyenv shim exists on the PATH and yet may not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.decode().strip() == version


def candidates(version: str) -> Iterator[str]:
    """Where a Python of this version may be, likeliest first."""
    given = os.environ.get("YINGDA_PYTHON" + version.replace(".", ""))
    if given:
        yield given
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = Path(folder or ".") / ("python" + version)
        if path.exists():
            yield str(path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for path in sorted(pyenv.glob(version + "*/bin/python" + version), reverse=True):
        yield str(path)
    yield from (sys.executable, "/usr/local/bin/python" + version, "/opt/python%s/bin/python3" % version)


def find_python(version: str, uv: Optional[str]) -> str:
    """The path of a Python of this version, fetched through uv if the machine has none."""
    for path in candidates(version):
        if probe(path, version):
            return path
    if uv:
        found = uv_python(uv, version)
        if found:
            return found
        say("Python %s: not on this machine; fetching it through uv" % version)
        subprocess.run([uv, "python", "install", version], env=uv_environment())
        found = uv_python(uv, version)
        if found:
            return found
    raise CannotMake(
        "Python %s was not found on the PATH or in ~/.pyenv, and could not be fetched through uv.\n"
        "Install it (e.g. `pyenv install %s`, or `apt-get install python%s python%s-venv`), or set "
        "YINGDA_PYTHON%s to its path, and start again."
        % (version, version, version, version, version.replace(".", ""))
    )


def uv_python(uv: str, version: str) -> Optional[str]:
    done = subprocess.run(
        [uv, "python", "find", version],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=uv_environment(),
    )
    path = done.stdout.decode().strip()
    return path if done.returncode == 0 and path and probe(path, version) else None


def pip_settings() -> Dict[str, List[str]]:
    """What the machine's pip is told about indexes; uv does not read pip's settings by itself."""
    found: Dict[str, List[str]] = {}
    for python in (sys.executable, "python3"):
        try:
            listed = subprocess.run(
                [python, "-m", "pip", "config", "list"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if listed.returncode == 0:
            for name, value in re.findall(r"^[\w:.-]*\.([a-z-]+)='(.*)'$", listed.stdout.decode(), re.M):
                found[name] = value.split()
            break
    for name in ("find-links", "extra-index-url", "index-url"):
        value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            found[name] = value.split()
    return found


def uv_environment() -> Dict[str, str]:
    """The environment for uv, with pip's settings in uv's words."""
    env = dict(os.environ)
    settings = pip_settings()
    if settings.get("find-links"):
        env.setdefault("UV_FIND_LINKS", ",".join(settings["find-links"]))
    if settings.get("index-url"):
        env.setdefault("UV_DEFAULT_INDEX", settings["index-url"][0])
    if settings.get("extra-index-url"):
        # Of one version uv takes the first index's best wheel, pip the best of all: the extra ones come last,
        # for they may hold no wheel but the pure one, that of soundfile without libsndfile in it.
        first = settings.get("index-url", [PYPI])[:1]
        env.setdefault("UV_EXTRA_INDEX_URL", " ".join([*first, *settings["extra-index-url"]]))
        # pip looks at all indexes; every version is pinned by the lock file
        env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if settings.get("cert"):
        env.setdefault("SSL_CERT_FILE", settings["cert"][0])
    env.setdefault("UV_HTTP_TIMEOUT", "180")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
        env.pop(name, None)
    return env


def find_uv() -> Optional[str]:
    """The path of uv: on the PATH, of an earlier start, or installed now into a small venv of its own."""
    on_path = shutil.which("uv")
    if on_path and runs(on_path):
        return on_path
    folder = HOME / "tools" / UV.replace("==", "-")
    uv = folder / "bin" / "uv"
    if uv.exists() and runs(str(uv)):
        return str(uv)
    say("installing uv, the installer (once)")
    pythons = [sys.executable] + [path for version in ("3.11", "3.10") for path in candidates(version)]
    for python in pythons:
        shutil.rmtree(str(folder), ignore_errors=True)
        try:
            quietly([python, "-m", "venv", str(folder)])
            quietly([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", UV])
        except (OSError, subprocess.CalledProcessError):
            continue
        if runs(str(uv)):
            return str(uv)
    say("uv could not be installed; going on with pip, which is slower")
    return None


def runs(uv: str) -> bool:
    try:
        return (
            subprocess.run([uv, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
            == 0
        )
    except OSError:
        return False


def quietly(command: List[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def run_install(command: List[str], env: Dict[str, str]) -> Tuple[int, str]:
    """Run an installer, showing what it says, and a sign of life when it says nothing."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    assert process.stdout is not None
    tail: List[str] = []
    with heartbeat():
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            tail = [*tail[-200:], line]
            if not re.match(r"^ \+ |^\s*$|^Requirement already", line):
                say("  " + line[:160])
    return process.wait(), "\n".join(tail)


@contextlib.contextmanager
def heartbeat(every_s: float = 20.0) -> Iterator[None]:
    done, start = Event(), time.monotonic()

    def beat() -> None:
        while not done.wait(every_s):
            say("  ... %d s" % (time.monotonic() - start))

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
