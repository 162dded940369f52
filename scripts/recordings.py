"""Keys and files of recordings, for operators (docs/recording.md).

    python -m scripts.recordings make-keys            new keys, where there are none
    python -m scripts.recordings make-token NAME      a token for an operator, and its line of settings
    python -m scripts.recordings wav CALL OUT --why WHY    a recording in the clear; audited
    python -m scripts.recordings rotate               a new master key, in the file of keys
    python -m scripts.recordings rewrap               all data keys under the newest master key
    python -m scripts.recordings forget CUSTOMER      erase key and recordings of a number, or of a folder

settings/gateway.yml says where files and keys are, MONGO_URL where the store. Exit status: 0 done, 1 not.
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import os
import re
import secrets
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from scripts.layout import ROOT
from yingda.gateway.settings import GatewaySettings
from yingda.plumbing import settings, stores
from yingda.plumbing.recording import keys, vault
from yingda.plumbing.recording.format import RecordingError
from yingda.plumbing.recording.read import read_recording


def ring_name() -> str:
    """A name for a new master key: the month, so that its age is seen."""
    return f"{datetime.now(timezone.utc):%Y%m%d}-{secrets.token_hex(2)}"


class Recordings:
    """The commands."""

    def __init__(self, config: GatewaySettings, root: Path = ROOT) -> None:
        self.files = root / config.media.recordings_dir
        self.keys_file = root / config.recordings.keys_file
        self.database: Database[dict[str, Any]] = stores.database()

    def make_keys(self) -> bool:
        """Whether there were none."""
        if keys.VARIABLE in os.environ or self.keys_file.exists():
            return False
        keys.save(self.keys_file, keys.new_ring(ring_name()))
        return True

    def rotate(self) -> str:
        """The name of the new master key."""
        if keys.VARIABLE in os.environ:
            raise keys.KeysError(f"the keys are in {keys.VARIABLE}: add a line there, then call rewrap")
        ring = keys.load(self.keys_file).with_new_master(ring_name())
        keys.save(self.keys_file, ring)
        return ring.current

    def rewrap(self) -> tuple[int, list[str]]:
        """How many data keys are under the newest master key now, and what could not be."""
        return vault.rewrap(self.files, keys.load(self.keys_file), self.database)

    def forget(self, who: str) -> int:
        """How many recordings are gone."""
        ring = keys.load(self.keys_file)
        customer = who if re.fullmatch("[0-9a-f]{32}", who) else ring.customer(who)
        gone = vault.forget(self.files, customer, self.database)
        self.audit("forget_customer", customer=customer, files=gone)
        return gone

    def wav(self, call_id: str, out: Path, why: str) -> float:
        """Write a WAV file; seconds of audio."""
        ring = keys.load(self.keys_file)
        path = vault.find_file(self.files, call_id)
        if path is None:
            raise RecordingError(f"there is no recording of call {call_id} under {self.files}")
        recording = read_recording(path, ring)
        self.audit("export_recording", call_id=call_id, why=why)
        out.write_bytes(recording.wav())
        return recording.seconds

    def audit(self, what: str, **more: object) -> None:
        """Raises PyMongoError: nothing is done unseen."""
        now = datetime.now(timezone.utc)
        entry = {"_id": uuid.uuid4().hex, "who": getpass.getuser(), "what": what, "happened_at": now, **more}
        self.database["audit"].insert_one(entry)


def make_token(name: str) -> str:
    """What to tell the operator, and what to write where."""
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    return (
        f"token, for {name} only, shown this once: {token}\n"
        f"line for recordings.operators: {{name: {name}, token_sha256: '{digest}'}}"
    )


def _run(told: argparse.Namespace) -> int:
    if told.command == "make-token":
        print(make_token(told.name))
        return 0
    tool = Recordings(settings.load(ROOT / "settings" / "gateway.yml", GatewaySettings))
    if told.command == "make-keys":
        made = tool.make_keys()
        print(
            f"{'made' if made else 'kept, there were keys already'}: {tool.keys_file}; keep a copy elsewhere"
        )
    elif told.command == "rotate":
        print(f"new master key {tool.rotate()} in {tool.keys_file}: restart the gateways, then call rewrap")
    elif told.command == "rewrap":
        done, problems = tool.rewrap()
        print(f"{done} data keys wrapped anew, {len(problems)} not", *problems, sep="\n")
        return 1 if problems else 0
    elif told.command == "forget":
        print(f"the customer's key is erased, with {tool.forget(told.customer)} recordings")
    else:
        print(
            f"{told.out}: {tool.wav(told.call, told.out, told.why):.1f} s, in the clear: delete it after use"
        )
    return 0


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m scripts.recordings")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("make-keys", "rotate", "rewrap"):
        commands.add_parser(name)
    commands.add_parser("make-token").add_argument("name")
    commands.add_parser("forget").add_argument("customer")
    wav = commands.add_parser("wav")
    wav.add_argument("call")
    wav.add_argument("out", type=Path)
    wav.add_argument("--why", required=True)
    try:
        return _run(parser.parse_args())
    except (settings.SettingsError, keys.KeysError, RecordingError, OSError) as error:
        print(f"recordings: {error}", file=sys.stderr)
    except PyMongoError as error:
        print(f"recordings: MongoDB does not answer ({type(error).__name__}); set MONGO_URL", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
