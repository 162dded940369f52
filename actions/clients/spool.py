"""A folder of writes that wait for the CRM, one file each, and `refused/` for those that were given up.

A file appears whole or not at all: it is written under another name, synced, renamed, and the folder is
synced (POSIX rename and fsync). Its name says when it was put, what kind it is and, by a hash, of which key,
so that nobody has to read it to know its turn. Files hold customers' words: only their owner may read them.
Processes on one machine may share a folder; `lead` lets one of them deliver.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from actions.clients.outbox import Entry

REFUSED = "refused"
_UNFINISHED = ".new-"
_OLD_S = 60.0  # an unfinished file of a process that died


class Spool:
    """The folder. Made when something is put."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """`clock` tells seconds since 1970."""
        self.folder, self._clock = folder, clock
        self._lock: int | None = None

    def put(self, kind: str, key: str, content: bytes) -> Entry:
        """Keep it; when this returns it is on the disk. Raises OSError."""
        now_ns = int(self._clock() * 1e9)
        mark = hashlib.sha256(key.encode()).hexdigest()[:16]
        name = f"{now_ns:020}.{kind}.{mark}.{secrets.token_hex(4)}.json"
        self._write(self.folder, name, content)
        return Entry(now_ns / 1e9, name, kind, mark)

    def entries(self) -> list[Entry]:
        """What waits, the oldest first."""
        return _entries(self.folder)

    def refused(self) -> list[Entry]:
        """What was given up, the oldest first."""
        return _entries(self.folder / REFUSED)

    def read(self, name: str) -> bytes:
        """One file that waits. Raises FileNotFoundError when it does no more."""
        return (self.folder / name).read_bytes()

    def done(self, name: str) -> None:
        """It is in the CRM. Again is the same as once."""
        (self.folder / name).unlink(missing_ok=True)

    def refuse(self, name: str, why: str) -> None:
        """Put it aside, with the reason in it. Again is the same as once."""
        with contextlib.suppress(FileNotFoundError):
            content = self.read(name)
            with contextlib.suppress(ValueError, TypeError):
                about = {**json.loads(content), "refused": {"why": why, "at_s": self._clock()}}
                content = json.dumps(about, ensure_ascii=False, indent=1).encode()
            self._write(self.folder / REFUSED, name, content)
            self.done(name)

    def why(self, name: str) -> tuple[str, str]:
        """The call of a refused file, and why it was refused."""
        try:
            found = json.loads((self.folder / REFUSED / name).read_bytes())
            return str(found["call_id"]), str(found["refused"]["why"])
        except (ValueError, TypeError, KeyError):
            return "?", "the file is damaged"

    def retry(self) -> int:
        """Have all that was refused tried again, behind what waits; how many."""
        refused = self.refused()
        for entry in refused:
            _, rest = entry.name.split(".", 1)
            path = self.folder / REFUSED / entry.name
            os.replace(path, self.folder / f"{int(self._clock() * 1e9):020}.{rest}")
        if refused:
            _sync(self.folder)
        return len(refused)

    def lead(self) -> bool:
        """Whether this process is the one that delivers: the first that asks, until it ends."""
        if self._lock is None:
            _make(self.folder)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
            self._clear()
        return True

    def leave(self) -> None:
        """Let another process deliver."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _clear(self) -> None:
        for path in self.folder.glob(f"{_UNFINISHED}*"):
            with contextlib.suppress(FileNotFoundError):
                if self._clock() - path.stat().st_mtime > _OLD_S:
                    path.unlink()

    def _write(self, folder: Path, name: str, content: bytes) -> None:
        _make(folder)
        new = self.folder / f"{_UNFINISHED}{name}"
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.rename(new, folder / name)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        _sync(folder)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _entries(folder: Path) -> list[Entry]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(entry for name in names if (entry := _entry(name)) is not None)


def _entry(name: str) -> Entry | None:
    parts = name.split(".")
    if len(parts) != 5 or parts[4] != "json" or not parts[0].isdigit():
        return None
    return Entry(int(parts[0]) / 1e9, name, parts[1], parts[2])
