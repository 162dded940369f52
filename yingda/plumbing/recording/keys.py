"""The master keys of recordings: what wraps the customers' data keys, and what hides who a customer is.

A key ring is a text: a line for each key, its name and 32 bytes in base64. `names` makes the names of
customers' folders and signs tickets, and stays for ever; of the others the last one wraps, and the older ones
still open what they wrapped.

    names     3zVd...=
    2026-11   x8Qm...=
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from yingda.plumbing.recording.format import KEY_BYTES

VARIABLE = "YINGDA_RECORDING_KEYS"
NAMES = "names"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,16}")
_COUNTRY = re.compile(r"^(\+86|0086)(?=\d{3})")
MAKE = "python -m scripts.recordings make-keys"


class KeysError(Exception):
    """There are no keys for this; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class KeyRing:
    """`masters`: by name, the newest last."""

    names_key: bytes = field(repr=False)
    masters: dict[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """The name of the master key that wraps."""
        return list(self.masters)[-1]

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """The name of the master key and the data key wrapped with it."""
        return self.current, aes_key_wrap(self.masters[self.current], data_key)

    def unwrap(self, master: str, wrapped: bytes) -> bytes:
        """The data key. Raises KeysError."""
        if not any(wrapped):
            raise KeysError("the customer's key was erased; nobody can read this recording any more")
        if master not in self.masters:
            raise KeysError(f"master key {master!r} is not in the key ring ({', '.join(self.masters)})")
        try:
            return aes_key_unwrap(self.masters[master], wrapped)
        except InvalidUnwrap:
            raise KeysError(f"master key {master!r} is another one than wrapped this data key") from None

    def customer(self, who: str) -> str:
        """The name of a customer's folder: a keyed hash, for numbers are too few to hide in a plain one."""
        return hmac.new(self.names_key, plain_number(who).encode(), hashlib.sha256).hexdigest()[:32]

    def derive(self, purpose: str) -> bytes:
        """A key for something else than recordings, such as tickets."""
        return HKDF(SHA256(), KEY_BYTES, None, b"yingda " + purpose.encode()).derive(self.names_key)

    def with_new_master(self, name: str) -> KeyRing:
        """A ring with one more master key, which wraps from now on. Raises KeysError."""
        if not _NAME.fullmatch(name) or name == NAMES or name in self.masters:
            raise KeysError(f"name {name!r}: expected a new one of 1-16 letters, digits, - _ .")
        return KeyRing(self.names_key, {**self.masters, name: os.urandom(KEY_BYTES)})

    def to_text(self) -> str:
        """The text that `parse` takes."""
        keys = {NAMES: self.names_key, **self.masters}
        return "".join(f"{name:<16} {base64.b64encode(key).decode()}\n" for name, key in keys.items())


def plain_number(who: str) -> str:
    """A telephone number as one and the same text, however a carrier writes it: sip:+86138...@host, 138..."""
    user = re.sub(r"^(sips?|tel):", "", who.strip(), flags=re.IGNORECASE).partition("@")[0].partition(";")[0]
    return _COUNTRY.sub("", re.sub(r"[\s().-]", "", user))


def new_ring(name: str) -> KeyRing:
    """Fresh keys."""
    return KeyRing(os.urandom(KEY_BYTES), {}).with_new_master(name)


def parse(text: str, where: str) -> KeyRing:
    """A key ring from its text. Raises KeysError, which never shows a key."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(re.split(r"[\n;]", text), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or not _NAME.fullmatch(words[0]) or words[0] in keys:
            raise KeysError(
                f"{where}: line {number}: expected a new name and a key in base64; see docs/recording.md"
            )
        try:
            key = base64.b64decode(words[1], validate=True)
        except binascii.Error:
            raise KeysError(f"{where}: line {number}: key {words[0]!r} is not base64") from None
        if len(key) != KEY_BYTES:
            raise KeysError(
                f"{where}: line {number}: key {words[0]!r} has {len(key)} bytes, expected {KEY_BYTES}"
            )
        keys[words[0]] = key
    names_key = keys.pop(NAMES, None)
    if names_key is None or not keys:
        raise KeysError(f"{where}: expected a key {NAMES!r} and at least one master key; {MAKE} makes both")
    return KeyRing(names_key, keys)


def load(path: Path, environ: Mapping[str, str] | None = None) -> KeyRing:
    """The ring of the environment variable YINGDA_RECORDING_KEYS, else of the file. Raises KeysError."""
    text = (os.environ if environ is None else environ).get(VARIABLE)
    if text:
        return parse(text, VARIABLE)
    try:
        return parse(path.read_text(encoding="ascii"), str(path))
    except FileNotFoundError:
        raise KeysError(
            f"{path}: there are no keys for recordings; make them with {MAKE}, set {VARIABLE}, "
            "or set media.record: false"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"{path}: the keys for recordings cannot be read ({error})") from None


def save(path: Path, ring: KeyRing) -> None:
    """Write the ring for its owner alone, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(ring.to_text())
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
