"""The child process that runs a ModelScope model: started, asked, started anew when it has died."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

from yingda.speech.engines import published
from yingda.speech.engines.modelscope_worker import Answer, receive, send

ROOT = Path(__file__).resolve().parents[3]
PYTHON_VARIABLE = "YINGDA_MODELSCOPE_PYTHON"
MAKE = "make modelscope-env"


class Link:
    """One model in one child. Not thread-safe."""

    def __init__(self, kind: str, model: str, python: str | None = None) -> None:
        """`kind` is asr or tts; waits until the model is loaded. Raises RuntimeError saying what is
        missing."""
        self._arguments = ["-m", "yingda.speech.engines.modelscope_worker", kind, model]
        self._python = python or interpreter()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child
        if not Path(model).exists():
            published.check_reachable(model)
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        self._child = subprocess.Popen(
            [self._python, *self._arguments], cwd=ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        assert self._child.stdout is not None
        message = receive(self._child.stdout)
        if message is None or "error" in message[0]:
            self._end()
            reason = message[0]["error"] if message else f"it ended: {self._last_words()}"
            self._log.close()
            raise RuntimeError(reason)
        self.about = message[0]

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line for line in self._log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else "without a word"

    def ask(self, fields: dict[str, Any], data: bytes = b"") -> Answer:
        """Raises RuntimeError when the model fails, or dies twice."""
        for left in (1, 0):
            try:
                answer = self._ask(fields, data)
            except OSError:
                answer = None
            if answer is not None:
                break
            self._end()
            if left:
                self._start()
        if answer is None:
            raise RuntimeError(f"ModelScope's process ended: {self._last_words()}")
        if "error" in answer[0]:
            raise RuntimeError(answer[0]["error"])
        return answer

    def _ask(self, fields: dict[str, Any], data: bytes) -> Answer | None:
        assert self._child.stdin is not None and self._child.stdout is not None
        send(self._child.stdin, fields, data)
        return receive(self._child.stdout)

    def close(self) -> None:
        """End the child for good."""
        self._end()
        self._log.close()

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()


def interpreter() -> str:
    """The Python of the modelscope environment. Raises RuntimeError when it is not made."""
    given = os.environ.get(PYTHON_VARIABLE)
    if given:
        return given
    python = ROOT / ".venv/modelscope/bin/python"
    if not python.exists():
        raise RuntimeError(f"it needs the modelscope environment, which is not made; run: {MAKE}")
    return str(python)
