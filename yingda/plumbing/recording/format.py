"""The file of a recording: bytes in, bytes out; encrypted as it is written, readable up to where it was cut.

    0   magic b"YREC", version (1 byte), 0, length of the bound part (2 bytes, big endian like all numbers)
    8   name of the master key (16 bytes, padded with zeros)
    24  the customer's data key, wrapped with the master key (AES key wrap, RFC 3394: 40 bytes); zeros: erased
    64  the bound part: JSON with call, customer, started_at, and the file's salt
    ..  records: counter (4), kind (1), length (4), first sample (8), then AES-256-GCM text and tag

The name and the wrapped key may be written anew when the master key changes; everything else is fixed: the
file's own key is HKDF-SHA256 (RFC 5869) of the data key with the salt and the bound part, as in Tink's
streaming AEAD, so a nonce (counter and kind) is never used twice under one key, and no record passes in
another file or another place. Counters only grow; one that is missing is a second that the disk refused.
The last record is of kind END: a file without one was cut, by a kill or by somebody.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC, VERSION = b"YREC", 1
KEY_BYTES = 32
WRAPPED_BYTES = 40
SLOT_OFFSET = 8
_FIXED = struct.Struct(">4sBxH16s40s")
_HEAD = struct.Struct(">IBIQ")
_TAG_BYTES = 16
_MOST_BYTES = 1 << 20  # of one record; a second of stereo is 16,016
_ERASED = bytes(WRAPPED_BYTES)

AUDIO, SECRET, END = 0, 1, 255
"""Kinds of records: stereo A-law; the same with the customer's side silenced; the end, JSON."""


class RecordingError(ValueError):
    """A recording cannot be read as it should be; the text says what is wrong, and where in the file."""


@dataclass(frozen=True)
class Header:
    """`about`: call, customer (a hash) and started_at; `salt` makes the file's own key."""

    master: str
    wrapped: bytes
    bound: bytes

    @property
    def about(self) -> dict[str, Any]:
        """What the bound part says."""
        about: dict[str, Any] = json.loads(self.bound)
        return about

    @property
    def is_erased(self) -> bool:
        """The data key was erased: nobody can read this file any more."""
        return self.wrapped == _ERASED

    def to_bytes(self) -> bytes:
        """The beginning of the file."""
        name = self.master.encode("ascii")
        return _FIXED.pack(MAGIC, VERSION, len(self.bound), name, self.wrapped) + self.bound


@dataclass(frozen=True)
class Record:
    """One record, decrypted; `sample`: where its audio begins, counted from the start of the recording."""

    counter: int
    kind: int
    sample: int
    data: bytes


def new_header(master: str, wrapped: bytes, about: dict[str, str]) -> Header:
    """A header with a salt of its own. ValueError for a name or a key that does not fit."""
    if not 0 < len(master.encode("ascii")) <= 16 or len(wrapped) != WRAPPED_BYTES:
        raise ValueError(f"master key {master!r}: expected a name of 1-16 ASCII letters and 40 bytes")
    bound = json.dumps({**about, "salt": os.urandom(32).hex()}, sort_keys=True).encode()
    return Header(master, wrapped, bound)


def slot(master: str, wrapped: bytes = _ERASED) -> bytes:
    """What stands at SLOT_OFFSET, to wrap a file's data key anew, or (without `wrapped`) to erase it."""
    return struct.pack(">16s40s", master.encode("ascii"), wrapped)


def parse_header(data: bytes) -> Header:
    """The header at the beginning of `data`. Raises RecordingError."""
    if len(data) < _FIXED.size or data[:4] != MAGIC:
        raise RecordingError("not a recording: it does not begin with YREC")
    _, version, length, master, wrapped = _FIXED.unpack_from(data)
    if version != VERSION:
        raise RecordingError(
            f"recording of version {version}: expected {VERSION}; read it with a newer program"
        )
    bound = data[_FIXED.size : _FIXED.size + length]
    try:
        about = json.loads(bound)
        if len(bound) < length or not isinstance(about, dict) or len(bytes.fromhex(about["salt"])) != 32:
            raise ValueError
        return Header(master.rstrip(b"\0").decode("ascii"), wrapped, bound)
    except (ValueError, KeyError, TypeError):
        raise RecordingError("the header of the recording is damaged or cut") from None


def _cipher(data_key: bytes, header: Header) -> AESGCM:
    salt = bytes.fromhex(header.about["salt"])
    info = b"yingda recording" + header.bound
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, info).derive(data_key))


def _nonce(counter: int, kind: int) -> bytes:
    return struct.pack(">QI", counter, kind)


class Sealer:
    """Makes the records of one file, in order."""

    def __init__(self, data_key: bytes, header: Header) -> None:
        self._cipher = _cipher(data_key, header)
        self._counter = 0

    def seal(self, kind: int, sample: int, data: bytes) -> bytes:
        """One record. Its counter is spent whatever becomes of the bytes."""
        counter = self._counter
        self._counter += 1
        head = _HEAD.pack(counter, kind, len(data) + _TAG_BYTES, sample)
        return head + self._cipher.encrypt(_nonce(counter, kind), data, head)


def records(data: bytes, data_key: bytes) -> Iterator[Record]:
    """The whole records of a file, from the first on; a last one that was cut is left out.

    Raises RecordingError where a record was altered, moved, or is of another file or key.
    """
    header = parse_header(data)
    cipher = _cipher(data_key, header)
    offset, last, kind = _FIXED.size + len(header.bound), -1, -1
    while len(data) - offset >= _HEAD.size:
        head = data[offset : offset + _HEAD.size]
        counter, kind_here, length, sample = _HEAD.unpack(head)
        if kind == END or counter <= last or not _TAG_BYTES <= length <= _MOST_BYTES:
            raise RecordingError(f"byte {offset}: this record does not belong here; the file was altered")
        text = data[offset + _HEAD.size : offset + _HEAD.size + length]
        if len(text) < length:
            return
        try:
            plain = cipher.decrypt(_nonce(counter, kind_here), text, head)
        except InvalidTag:
            raise RecordingError(
                f"byte {offset}: this record was altered, moved here, or written with another key"
            ) from None
        last, kind = counter, kind_here
        offset += _HEAD.size + length
        yield Record(counter, kind, sample, plain)
