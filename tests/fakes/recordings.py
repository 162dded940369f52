"""Keys and a vault for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from yingda.plumbing.recording import keys
from yingda.plumbing.recording.read import Recording, read_recording
from yingda.plumbing.recording.vault import Vault


@cache
def ring() -> keys.KeyRing:
    """The same for a whole test run."""
    return keys.new_ring("test")


def vault(folder: Path) -> Vault:
    """Recordings under the folder, without a database."""
    return Vault(folder, ring())


def write_keys(folder: Path) -> Path:
    """A file of keys for a gateway."""
    path = folder / "recordings.keys"
    keys.save(path, ring())
    return path


def read(path: Path) -> Recording:
    """What a recording holds."""
    return read_recording(path, ring())
