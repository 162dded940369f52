"""Clauses that were spoken before: fixed prompts for good, others until memory is short. On disk for the
next start."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from yingda.messages import spoken
from yingda.sansio.turns import markup
from yingda.speech.audio import Int16


class Key(NamedTuple):
    """What a clause's audio depends on; `voice` is the voice's identity (`voice_identity`), `text` the clause
    as it is spoken."""

    voice: str
    rate_hz: int
    pace: float
    pitch_semitones: float
    volume_db: float
    text: str


_OURS = re.compile(r"[0-9a-f]{32}\.pcm")


class PromptCache:
    """int16 audio of clauses by key. Thread-safe."""

    def __init__(self, folder: Path | None, memory_bytes: int) -> None:
        """`folder` keeps fixed prompts (None: nowhere); `memory_bytes` bounds the clauses that are not
        fixed."""
        self._folder = folder
        self._limit = memory_bytes
        self._lock = threading.Lock()
        self._fixed: dict[Key, Int16] = {}
        self._recent: OrderedDict[Key, Int16] = OrderedDict()
        self._size = 0

    def get(self, key: Key) -> Int16 | None:
        """The clause's audio, or None."""
        with self._lock:
            found = self._fixed.get(key)
            if found is None and key in self._recent:
                self._recent.move_to_end(key)
                found = self._recent[key]
            return found

    def is_fixed(self, key: Key) -> bool:
        """Whether the clause is held for good."""
        with self._lock:
            return key in self._fixed

    def put(self, key: Key, pcm: Int16) -> None:
        """Remember a clause that was spoken in a call; the least recently used ones leave."""
        with self._lock:
            old = self._recent.pop(key, None)
            self._size -= old.nbytes if old is not None else 0
            self._recent[key] = pcm
            self._size += pcm.nbytes
            while self._size > self._limit:
                self._size -= self._recent.popitem(last=False)[1].nbytes

    def fix(self, key: Key, pcm: Int16) -> None:
        """Hold a clause for good and write it to the folder."""
        with self._lock:
            self._fixed[key] = pcm
        if self._folder is None:
            return
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}.tmp")
        scratch.write_bytes(pcm.astype("<i2").tobytes())
        scratch.replace(path)

    def load(self, key: Key) -> bool:
        """Take a clause from the folder and hold it for good; False when it is not there."""
        if self._folder is None:
            return False
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return False
        if len(data) % 2:
            return False
        with self._lock:
            self._fixed[key] = np.frombuffer(data, "<i2").astype(np.int16)
        return True

    def tidy(self) -> int:
        """Delete the folder's clauses that are not held: of other voices, of prompts that are gone. Returns
        how many."""
        if self._folder is None or not self._folder.is_dir():
            return 0
        with self._lock:
            held = {self._path(key).name for key in self._fixed}
        old = [p for p in self._folder.iterdir() if _OURS.fullmatch(p.name) and p.name not in held]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def __len__(self) -> int:
        """How many fixed clauses are held."""
        return len(self._fixed)

    def _path(self, key: Key) -> Path:
        assert self._folder is not None
        return self._folder / (hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()[:32] + ".pcm")


def voice_identity(models: Iterable[str | None], *properties: object) -> str:
    """16 hex digits that change with what a voice sounds like: its models and every property given.

    A file counts by its content: its time changes with each copy and checkout, its size stays when it is
    trained on. A published name counts by itself. 23 MB take about 30 ms.
    """
    identity = hashlib.blake2b(digest_size=8)
    for model in models:
        path = Path(model or "-")
        if path.is_file():
            with path.open("rb") as file:
                stamp = hashlib.file_digest(file, "blake2b").hexdigest()
        else:
            stamp = str(model)
        identity.update(f"{stamp}\n".encode())
    identity.update("\n".join(map(str, properties)).encode())
    return identity.hexdigest()


def fixed_texts(texts: Iterable[str], domain_file: str | None) -> list[str]:
    """The texts given, and the responses of a Rasa domain file that hold no variable, in the pieces in which
    calls ask for them: sentence by sentence, in the manner of their metadata. A missing file gives none; a
    broken one raises ValueError."""
    found = [text for text in texts if text.strip()]
    if domain_file is not None and Path(domain_file).is_file():
        try:
            domain = yaml.safe_load(Path(domain_file).read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{domain_file}: is not valid YAML: {error}") from None
        responses: Any = domain.get("responses") if isinstance(domain, dict) else None
        for variants in (responses or {}).values():
            for variant in variants if isinstance(variants, list) else []:
                text = variant.get("text") if isinstance(variant, dict) else None
                if isinstance(text, str) and text.strip() and "{" not in text:
                    found.append(spoken.markup(text.strip(), variant.get("metadata")))
    return list(dict.fromkeys(piece.markup for text in found for piece in markup.pieces(text)))
