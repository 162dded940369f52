"""Where recordings lie, and the customers' data keys: in every file's header, and in MongoDB beside.

    <root>/<shard>/<customer>/<call id>.yrec

The customer is a keyed hash of the number, the shard its first two digits (256 folders). A new recording of a
customer takes the data key of an earlier one, so a lost database loses nothing; keys are kept nowhere in
between, so an erased key is not written again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pymongo.database import Database

from yingda.plumbing.recording import format as yrec
from yingda.plumbing.recording.keys import KeyRing, KeysError

log = logging.getLogger(__name__)

SUFFIX = ".yrec"
COLLECTION = "recording_keys"
_HEADER_BYTES = 4096

Document = dict[str, Any]


class Vault:
    """`find(customer)`: the document of a customer's key in MongoDB; `keep(key, document)` writes one."""

    def __init__(
        self,
        root: Path,
        ring: KeyRing,
        find: Callable[[str], Document | None] = lambda customer: None,
        keep: Callable[[str, Document], None] = lambda key, document: None,
    ) -> None:
        self.root, self.ring = root, ring
        self._find, self._keep = find, keep

    def path(self, call_id: str, who: str) -> Path:
        """Where a call's recording goes; `who`: customer's number or id, empty when withheld."""
        customer = self.ring.customer(who or call_id)
        return self.root / customer[:2] / customer / (_file_name(call_id) + SUFFIX)

    def begin(self, path: Path, call_id: str) -> tuple[int, int, yrec.Sealer]:
        """A new file with its header: descriptor, its length, and what seals its records. Raises OSError."""
        customer = path.parent.name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        data_key, master, wrapped = self._data_key(customer, path.parent)
        started_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        about = {"call": call_id, "customer": customer, "started_at": started_at}
        header = yrec.new_header(master, wrapped, about)
        if path.exists():  # an id that comes again: nothing is overwritten
            path.replace(path.with_name(f"{path.stem}.{os.urandom(4).hex()}{SUFFIX}"))
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
        data = header.to_bytes()
        try:
            if os.pwrite(file, data, 0) != len(data):
                raise OSError("the disk took a part only")
        except OSError:
            os.close(file)
            path.unlink()
            raise
        return file, len(data), yrec.Sealer(data_key, header)

    def _data_key(self, customer: str, folder: Path) -> tuple[bytes, str, bytes]:
        for master, wrapped in self._known(customer, folder):
            try:
                data_key = self.ring.unwrap(master, wrapped)
            except KeysError:
                continue
            break
        else:
            data_key = os.urandom(yrec.KEY_BYTES)
        master, wrapped = self.ring.wrap(data_key)
        self._keep(customer, {"customer": customer, "master": master, "wrapped": wrapped.hex()})
        return data_key, master, wrapped

    def _known(self, customer: str, folder: Path) -> Iterator[tuple[str, bytes]]:
        for path in sorted(folder.glob("*" + SUFFIX))[-3:]:
            try:
                header = read_header(path)
                yield header.master, header.wrapped
            except (OSError, yrec.RecordingError) as error:
                log.warning("recording %s: %s", path.name, error)
        document = self._find(customer)
        if document is not None:
            yield str(document["master"]), bytes.fromhex(document["wrapped"])


def _file_name(call_id: str) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_.@" else "_" for letter in call_id).lstrip(".")
    return safe or "call"


def read_header(path: Path) -> yrec.Header:
    """The header of a file. Raises OSError, RecordingError."""
    with path.open("rb") as file:
        return yrec.parse_header(file.read(_HEADER_BYTES))


def all_files(root: Path) -> Iterator[Path]:
    """Every recording under the root."""
    return root.glob("*/*/*" + SUFFIX)


def find_file(root: Path, call_id: str) -> Path | None:
    """The recording of a call, sought in all folders: for when the database does not say where it is."""
    name = _file_name(call_id) + SUFFIX
    return next((path for path in all_files(root) if path.name == name), None)


def rewrap(root: Path, ring: KeyRing, database: Database[Document]) -> tuple[int, list[str]]:
    """Wrap all data keys with the ring's newest master key, in the files and in MongoDB: how many, and what
    could not be. May be done again, and while calls are recorded."""
    done, problems = 0, []
    for path in all_files(root):
        try:
            header = read_header(path)
            if header.is_erased or header.master == ring.current:
                continue
            write_slot(path, *ring.wrap(ring.unwrap(header.master, header.wrapped)))
            done += 1
        except (OSError, yrec.RecordingError, KeysError) as error:
            problems.append(f"{path}: {error}")
    for document in list(database[COLLECTION].find({})):
        try:
            if document["master"] != ring.current:
                key = ring.unwrap(document["master"], bytes.fromhex(document["wrapped"]))
                master, wrapped = ring.wrap(key)
                new = {**document, "master": master, "wrapped": wrapped.hex()}
                database[COLLECTION].replace_one({"_id": document["_id"]}, new, upsert=True)
                done += 1
        except KeysError as error:
            problems.append(f"{COLLECTION} {document['_id']}: {error}")
    return done, problems


def forget(root: Path, customer: str, database: Database[Document]) -> int:
    """Erase a customer's key in MongoDB and in every file, then the files; how many there were."""
    database[COLLECTION].delete_many({"customer": customer})
    folder = root / customer[:2] / customer
    files = list(folder.glob("*" + SUFFIX))
    for path in files:
        erase(path)
    if folder.is_dir():
        folder.rmdir()
    return len(files)


def erase(path: Path) -> None:
    """Erase the key of a file, then the file; copies of it elsewhere keep theirs."""
    write_slot(path, "erased")
    path.unlink()


def write_slot(path: Path, master: str, wrapped: bytes | None = None) -> None:
    """Replace the wrapped key of a file; without `wrapped` it is erased."""
    file = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(
            file, yrec.slot(master) if wrapped is None else yrec.slot(master, wrapped), yrec.SLOT_OFFSET
        )
        os.fsync(file)
    finally:
        os.close(file)
