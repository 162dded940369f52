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
        env.install("voice", tmp_path / "voice-0", "3.11")


def test_a_python_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "python3.10"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert not installers.probe(str(shim), "3.10")
    assert not installers.probe(str(tmp_path / "none"), "3.10")
    assert installers.probe(sys.executable, f"{sys.version_info[0]}.{sys.version_info[1]}")


@pytest.fixture(name="installs")
def make_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What installers are run with, on a machine without a GPU that has Python 3.11's CPU build in a folder.
    No index has one: those that ask it fail."""
    ran: list[list[str]] = []
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "modelscope.txt").write_text("numpy==2.2.6\ntorch==2.13.0\ntorch-complex==0.4.4\n")
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").write_text("")

    def run(command: list[str], told: dict[str, str]) -> tuple[int, str]:
        ran.append(command[command.index("install") + 3 :])
        return (1 if "--index-url" in command else 0), "not found"

    monkeypatch.setattr(env, "ROOT", tmp_path)
    monkeypatch.setattr(env, "run_install", run)
    monkeypatch.setattr(env, "uv_environment", dict)
    monkeypatch.setattr(env, "pip_settings", lambda: {"find-links": [str(tmp_path), "https://elsewhere"]})
    monkeypatch.setattr(env.shutil, "which", lambda name: None)
    monkeypatch.delenv("YINGDA_TORCH_INDEX", raising=False)
    return ran


def test_the_cpu_build_of_pytorch_is_taken_from_a_folder_that_has_it(
    installs: list[list[str]], tmp_path: Path
) -> None:
    env.install_torch("modelscope", tmp_path, "uv", "3.11")
    assert installs == [["--no-deps", "torch==2.13.0+cpu"]]


def test_without_the_cpu_build_for_this_python_the_full_one_comes_with_its_libraries(
    installs: list[list[str]], tmp_path: Path
) -> None:
    """Once the other Python's wheel in the folder was taken for its own, and the full build without its
    libraries was installed from PyPI."""
    env.install_torch("modelscope", tmp_path, "uv", "3.10")
    assert installs == [
        ["--no-deps", "torch==2.13.0+cpu", "--index-url", env.TORCH_CPU_INDEX],
        ["torch==2.13.0"],
    ]


@pytest.mark.usefixtures("installs")
def test_an_environment_whose_pytorch_cannot_be_imported_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text("#!/bin/sh\necho 'OSError: libcudnn.so.9: cannot open' >&2\nexit 1\n")
    python.chmod(0o755)
    told = r"cannot be imported \(OSError: libcudnn.*\)\. Set YINGDA_TORCH_INDEX .*\+cpu for Python 3\.10"
    with pytest.raises(env.CannotMake, match=told):
        env.check_torch("modelscope", tmp_path, "3.10")
    python.write_text("#!/bin/sh\nexit 0\n")
    env.check_torch("modelscope", tmp_path, "3.10")


def test_another_python_makes_another_environment_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    monkeypatch.setattr(env, "make", lambda *given: made.append(given))
    monkeypatch.setattr(sys, "argv", ["env.py", "modelscope", "--python", "3.10"])
    assert env.main() == 0 and made == [("modelscope", "3.10")]
    assert (
        env.folder_of("modelscope", "3.10")
        != env.folder_of("modelscope")
        == env.folder_of("modelscope", "3.11")
    )
    monkeypatch.setattr(sys, "argv", ["env.py", "rasa", "--python", "3.11"])
    with pytest.raises(SystemExit):
        env.main()
    assert "the rasa environment cannot have Python 3.11" in capsys.readouterr().err


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
