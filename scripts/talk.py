"""`make talk`: type to the assistant as a caller and see what it understood and why it answered so.

    make talk NUMBER=13800138000        the customer who calls; a demo customer when left out
    make talk CAMPAIGN=collection       an outgoing call of that campaign (DIRECTION=outbound: of none)
    make talk PROFILE='{"name": "王丽"}'  what the campaign knows about the customer, as JSON
    make talk < lines.txt               a line of the file is a turn

Stores, action server and assistant are started here, on ports of their own beside a running system's, and end
with it; the assistant is trained first when its data changed. Exit status: 0, 1 when the assistant broke down
on the way, 2 when it could not be started.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace

from scripts import assistant, layout, preflight
from scripts.layout import ACTIONS_PORT, MONGO_PORT, OFFSET, RASA_PORT, REDIS_PORT, ROOT, Layout
from scripts.run import Stopped, System, on_signal
from scripts.supervisor import StartFailed
from scripts.talk_call import CallBroken, Caller
from scripts.talk_session import HELP, Session
from yingda.explain import written
from yingda.explain.lines import Paint
from yingda.plumbing import stores
from yingda.plumbing.health import NotReady
from yingda.plumbing.processes import port_problem
from yingda.plumbing.settings import SettingsError

DEMO_NUMBER = "13800138000"
PORTS = (RASA_PORT, ACTIONS_PORT, MONGO_PORT, REDIS_PORT)
OFFSETS = range(3000, 4000, 100)  # beside `make run`, which has none or a small one
PROMPT = "\n您 > "


def say(text: str) -> None:
    print(text, flush=True)


def arguments(given: list[str] | None) -> Caller:
    """The command line; make passes variables that were not given as empty texts."""
    parser = argparse.ArgumentParser(prog="make talk", description="Type to the assistant.")
    parser.add_argument("--number", default="", help=f"the customer's number, {DEMO_NUMBER} when left out")
    parser.add_argument("--direction", default="", help="inbound or outbound")
    parser.add_argument("--campaign", default="", help="the campaign of an outgoing call")
    parser.add_argument("--profile", default="", help="what is known about the customer, a JSON object")
    told = parser.parse_args(given)
    direction = told.direction or ("outbound" if told.campaign else "inbound")
    if direction not in ("inbound", "outbound"):
        parser.error(f"DIRECTION: got {direction!r}, expected inbound or outbound")
    if told.number and not told.number.lstrip("+").isdigit():
        parser.error(f"NUMBER: got {told.number!r}, expected digits, such as {DEMO_NUMBER}")
    try:
        profile = json.loads(told.profile or "{}")
    except ValueError:
        profile = None
    if not isinstance(profile, dict):
        parser.error(f'PROFILE: got {told.profile!r}, expected a JSON object, such as \'{{"name": "王丽"}}\'')
    return Caller(told.number or DEMO_NUMBER, direction, told.campaign or None, profile)


def plan() -> Layout:
    """A system beside the running one. Raises CannotStart."""
    try:
        read = layout.read()
    except SettingsError as error:
        raise preflight.CannotStart(str(error)) from None
    if os.environ.get(OFFSET):
        return read
    for offset in OFFSETS:
        if not any(port_problem("127.0.0.1", port + offset) for port in PORTS):
            return replace(read, offset=offset)
    raise preflight.CannotStart(f"no free ports for `make talk`; set {OFFSET} to a free range, e.g. 5000")


def typed(is_terminal: bool) -> Iterator[str]:
    """Lines until Ctrl-D or the end of the file."""
    while is_terminal:
        try:
            yield input(PROMPT)
        except EOFError:
            say("")
            return
    for line in sys.stdin:
        if line.strip():
            say(PROMPT + line.strip())
        yield line


def talk(caller: Caller) -> int:
    """Start, talk, take down."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (line editing and history of what was typed)
    preflight.check_assistant(ROOT)
    preflight.check_given_stores()
    system = System(plan())
    paint = Paint(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    try:
        system.start(calls=False)
        url = system.plan.rasa_url("/webhooks/voice/ws").replace("http:", "ws:")
        database = stores.database(system.env["MONGO_URL"])
        session = Session(url, caller, database, written.read(ROOT), paint, say)
        say(HELP)
        session.begin()
        for line in typed(sys.stdin.isatty()):
            if not session.take(line):
                break
        session.end()
    except CallBroken as error:
        logs = system.plan.logs.relative_to(ROOT)
        print(f"\n{error}; see {logs}/rasa.log and {logs}/actions.log", file=sys.stderr)
        return 1
    finally:
        say("stopping")
        system.supervisor.stop()
    return 0


def main(given: list[str] | None = None) -> int:
    """Returns the exit status."""
    caller = arguments(given)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, on_signal)
    try:
        return talk(caller)
    except Stopped:
        return 0
    except (preflight.CannotStart, StartFailed, NotReady, assistant.TrainingFailed, OSError) as error:
        print(f"\ncannot start: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
