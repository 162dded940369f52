from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import env, installers


def test_a_changed_lock_file_makes_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "envs").mkdir()
    monkeypatch.setattr(env, "ROOT", tmp_path)
    (tmp_path / "envs" / "voice.txt").write_text("numpy==1\n")
    first = env.folder_of("voice")
    (tmp_path / "envs" / "voice.txt").write_text("numpy==2\n")
    assert env.folder_of("voice") != first
    assert first.name.startswith("voice-")


def test_an_environment_counts_only_when_it_was_finished(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("")
    assert not env.is_complete(tmp_path)
    (tmp_path / "complete").write_text("{}")
    assert env.is_complete(tmp_path)


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (
            "error: Failed to fetch: `https://pypi.org/simple/x/`\n dns error",
            "the package index cannot be reached",
        ),
        ("OSError: [Errno 28] No space left on device", "the disk is full. Free about 5 GB"),
        ("something else", "see the lines above. The lock file is envs/voice.txt."),
    ],
)
def test_a_failed_install_is_told_in_plain_words(tail: str, message: str) -> None:
    assert message in str(env.explain("voice", tail))


def test_a_full_disk_is_told_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env, "NEEDED_GB", {"voice": 10**9})
    monkeypatch.setattr(env, "HOME", tmp_path)
    with pytest.raises(
        env.CannotMake, match=r"the voice environment needs about .* Free some, or set YINGDA_HOME"
    ):
        env.install("voice", tmp_path / "voice-0")


def test_a_python_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "python3.10"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert not installers.probe(str(shim), "3.10")
    assert not installers.probe(str(tmp_path / "none"), "3.10")
    assert installers.probe(sys.executable, f"{sys.version_info[0]}.{sys.version_info[1]}")


def test_a_missing_python_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers, "probe", lambda python, version: False)
    with pytest.raises(env.CannotMake, match=r"Python 3\.10 was not found .*\n.*pyenv install 3\.10"):
        installers.find_python("3.10", None)


def test_the_lock_files_pin_everything_and_need_no_compiler() -> None:
    for name in env.PYTHONS:
        lines = [line for line in env.lock_file(name).read_text().splitlines() if line[:1].isalnum()]
        assert lines and all("==" in line for line in lines)
        assert not [line for line in lines if line.startswith(("pyopenjtalk", "cdifflib", "nvidia-cu"))]


@pytest.mark.parametrize("name", ["env", "installers"])
def test_any_python_from_3_8_on_can_read_it(name: str) -> None:
    text = (env.ROOT / "scripts" / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    ours = {module for module in imported if str(module).split(".")[0] not in sys.stdlib_module_names}
    assert ours <= {"scripts.installers"}


def test_it_is_run_by_its_path_from_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, "-S", str(env.ROOT / "scripts" / "env.py"), "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={})
    assert (done.returncode, done.stderr) == (0, "")
    assert "voice, rasa, training" in done.stdout
