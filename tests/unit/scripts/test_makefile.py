"""What make hands on to the commands."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def told(*arguments: str, **env: str) -> str:
    """The command line of a target, its words in brackets, with nothing run."""
    command = ["make", "--no-print-directory", "PYTHON=true", "VOICE_PYTHON=printf [%s]", *arguments]
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(command, cwd=ROOT, env={**known, **env}, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "您的余额是$128.5，不是$(5)。",
        '<speak>他说"好"，<break time="1s"/>it\'s `ok`</speak>',
        "$(x",
        "两行\n字",
        "",
    ],
)
def test_a_text_is_spoken_as_it_was_typed(text: str) -> None:
    assert told("speak", f"TEXT={text}", "OUT=a b.wav").endswith(f"[--pitch=0][--][{text}]")
    assert told("speak", "OUT=a.wav", TEXT=text).endswith(f"[--pitch=0][--][{text}]")


def test_hotwords_and_files() -> None:
    line = told("transcribe", "HOTWORDS=余额 $5", "FILES='a b.wav' @list.txt")
    assert line.endswith("[--hotwords][余额 $5][--][a b.wav][@list.txt]")
