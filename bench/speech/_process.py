"""A speech server as a process of its own, which may be killed and started again at one address."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from yingda.plumbing import health


class SpeechProcess:
    """`process` runs what is at `url` and writes to `log_path`; who inherits starts it."""

    url: str
    log_path: Path
    deadline_s: float
    process: subprocess.Popen[bytes] | None = None

    def wait_until_ready(self) -> None:
        """Healthy. Raises NotReady."""
        process = self.process
        assert process is not None

        def ended() -> str | None:
            return None if process.poll() is None else self.said()[-2000:]

        health.wait_until_ready("speech", lambda: health.check(self.url + "/health"), self.deadline_s, ended)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def terminate(self) -> None:
        """SIGTERM."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """No process is left."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def said(self) -> str:
        """All that is in its log."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")
