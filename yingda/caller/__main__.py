"""Play one scene against the bot and judge it: exit 0 if every expectation holds, else 1 (2: cannot run)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path

from yingda.caller.call import Options, place
from yingda.caller.phone import CallNotAnswered
from yingda.caller.scene import SceneError
from yingda.plumbing import stores


def address(text: str) -> tuple[str, int]:
    """HOST:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected HOST:PORT, e.g. 127.0.0.1:5060")
    return host, int(port)


def arguments(given: list[str] | None) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m yingda.caller", description=(__doc__ or "").strip())
    parser.add_argument("--scene", type=Path, required=True, help="scene file, see docs/scenes.md")
    parser.add_argument("--sip", type=address, default=("127.0.0.1", 5060), help="SIP address of the bot")
    parser.add_argument("--host", default="127.0.0.1", help="our own address, which the bot can reach")
    parser.add_argument("--mongo", default=stores.mongo_url(), help="where the record is read")
    parser.add_argument("--no-record", action="store_true", help="judge the wire alone; no MongoDB is asked")
    parser.add_argument("--caller", help="another customer number than the scene's")
    parser.add_argument("--out", type=Path, help="folder for the recording of the wire and result.json")
    parser.add_argument(
        "--why", action="store_true", help="show what was understood and why it was answered so"
    )
    parser.add_argument("--redis", default=stores.redis_url(), help="where live events are read")
    return Options(**vars(parser.parse_args(given)))


def main(given: list[str] | None = None) -> int:
    """Returns the exit status."""
    options = arguments(given)
    try:
        outcome = asyncio.run(place(options, print))
    except (SceneError, CallNotAnswered, OSError) as error:
        print(f"the call did not come about: {error}", file=sys.stderr)
        return 2
    for line in outcome.lines:
        print(line)
    if options.out is not None:
        with contextlib.suppress(FileExistsError):
            options.out.mkdir(parents=True)
        (options.out / "caller.wav").write_bytes(outcome.recording)
        text = json.dumps(outcome.result, ensure_ascii=False, indent=2)
        (options.out / "result.json").write_text(text + "\n", encoding="utf-8")
    return 0 if outcome.verdict.passed else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
