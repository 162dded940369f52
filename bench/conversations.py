"""conversations: all of tests/conversations, played on the real assistant with its real actions.

    make figure NAME=conversations
    PYTHONPATH=. .venv/rasa/bin/python bench/conversations.py --write    what happens becomes what is expected

`rasa test` checks what policies predict, and runs no action. Here what the customer says goes through the
voice channel into Rasa with the trained model; actions and forms run over MongoDB with the demo customers.
What came of it is compared turn by turn: the intent that was understood, the actions, the forms. In every
turn the customer must hear something, unless the call has ended. A story may carry the number that calls,
`metadata: {number: ...}`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pymongo
import yaml

from actions.clients import demo_data
from tests.integration.rasa import servers
from tests.integration.rasa.customer import BotTurn, Customer
from yingda.messages import dialogue

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests/conversations"
CALLING = "13800138000"
BAR = 1.0
ENVIRONMENT = "rasa"
NOT_ACTIONS = ("action_listen", "action_extract_slots", "action_session_start")
WRITTEN_S = 5.0
WRITTEN = ("crm_appointments", "crm_places", "tickets", "interactions", "handoffs", "suppressions")


@dataclass
class Turn:
    """One turn: what the customer did, and what follows."""

    text: str
    intent: str
    steps: list[tuple[str, str | None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@dataclass
class Story:
    """One conversation of a file. `metadata` may name the `number` that calls."""

    path: Path
    name: str
    metadata: dict[str, Any]
    turns: list[Turn]


def stories_of(path: Path) -> Iterator[Story]:
    """The conversations of one file."""
    for item in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("stories") or ():
        turns: list[Turn] = []
        for step in item["steps"]:
            if "intent" in step:
                turns.append(Turn(str(step.get("user") or "").strip(), step["intent"]))
                turns[-1].text = turns[-1].text or keyed(step)
            elif "action" in step:
                turns[-1].steps.append(("action", step["action"]))
            elif "active_loop" in step:
                turns[-1].steps.append(("active_loop", step["active_loop"]))
        yield Story(path, item["story"], item.get("metadata") or {}, turns)


def keyed(step: dict[str, Any]) -> str:
    """The values of an event of the call: count of a silence, digits of the keypad."""
    return "".join(str(value) for item in step.get("entities") or () for value in item.values())


async def play(url: str, call: str, story: Story) -> list[BotTurn]:
    """All turns of one call."""
    started = datetime.now(timezone.utc).isoformat()
    number = str(story.metadata.get("number", CALLING))
    heard = []
    async with Customer(url, call, number=number, started_at=started) as customer:
        heard.append(customer.greeting)
        for turn in story.turns[1:]:
            kind = turn.intent.removeprefix("EXTERNAL_")
            if kind == "silence":
                heard.append(await customer.is_silent(int(turn.text or 1)))
            elif kind == "keypad":
                heard.append(await customer.keys(turn.text))
            elif kind == "call_resumed":
                heard.append(await customer.comes_back())
            elif kind == "call_ended":
                await customer.hangs_up()
                heard.append(BotTurn())
            else:
                heard.append(await customer.says(turn.text))
    return heard


def happened(events: list[dict[str, Any]], heard: list[BotTurn], story: Story) -> list[Turn]:
    """The turns as Rasa's events have them."""
    turns: list[Turn] = []
    for event in events:
        if event["event"] == "user":
            turns.append(Turn(str(event.get("text") or ""), event["parse_data"]["intent"]["name"]))
        elif not turns:
            continue
        elif event["event"] == "action" and event["name"] not in NOT_ACTIONS:
            turns[-1].steps.append(("action", event["name"]))
        elif event["event"] == "active_loop":
            step = ("active_loop", event.get("name"))
            turns[-1].steps += (
                [] if turns[-1].steps[-1:] == [step] else [step]
            )  # an action and Rasa both end it
    for turn, bot, planned in zip(turns, heard, story.turns, strict=False):
        turn.text = planned.text
        turn.said = [m.text for m in bot.messages if isinstance(m, dialogue.Say)]
    return turns


def differences(story: Story, came: list[Turn]) -> list[str]:
    """What is not as the file says; empty when all is."""
    found = []
    for place, (wanted, got) in enumerate(zip(story.turns, came, strict=False), 1):
        if wanted.intent != got.intent:
            found.append(f"turn {place}: understood {got.intent}, expected {wanted.intent}: {wanted.text}")
        if wanted.steps != got.steps:
            found.append(f"turn {place}: did {shown(got.steps)}\n        expected {shown(wanted.steps)}")
        if not got.said and got.intent not in ("EXTERNAL_call_ended", "EXTERNAL_call_resumed"):
            found.append(f"turn {place}: said nothing")
    if len(came) != len(story.turns):
        found.append(f"{len(came)} turns, expected {len(story.turns)}")
    return found


def shown(steps: list[tuple[str, str | None]]) -> str:
    """One line."""
    return " ".join(f"[{name or 'none'}]" if kind == "active_loop" else str(name) for kind, name in steps)


def transcript(story: Story, came: list[Turn]) -> str:
    """What was said and understood, to read."""
    lines = [f"--- {story.name}"]
    for turn in came:
        lines.append(f"  {turn.text or turn.intent}  ({turn.intent})\n      {' | '.join(turn.said)}")
    return "\n".join(lines)


def written(stories: list[tuple[Story, list[Turn]]], head: str) -> str:
    """A file of conversations with what happened as what is expected."""
    lines = [head.rstrip(), "stories:"]
    for story, turns in stories:
        lines.append(f"  - story: {story.name}")
        if story.metadata:
            lines.append(f"    metadata: {{{', '.join(f'{k}: {v!r}' for k, v in story.metadata.items())}}}")
        lines.append("    steps:")
        for wanted, turn in zip(story.turns, turns, strict=False):
            lines += _customer(wanted, turn.intent)
            for kind, name in turn.steps:
                lines.append(f"      - {kind}: {name or 'null'}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _customer(turn: Turn, understood: str) -> list[str]:
    lines = [f"      - intent: {understood}"]
    if turn.intent.startswith("EXTERNAL_"):
        key = {"EXTERNAL_silence": "count", "EXTERNAL_keypad": "digits"}.get(turn.intent)
        return [*lines, "        entities:", f'          - {key}: "{turn.text}"'] if key else lines
    return [f"      - user: |-\n          {turn.text}", f"        intent: {understood}"]


class Assistant:
    """Rasa and the actions, running, over a database that may be written to."""

    def __init__(self, running: servers.RasaServers, database: Any) -> None:
        self.servers, self.database = running, database

    def run(self, story: Story) -> list[Turn]:
        """The turns that came of one conversation; the demo customers are put back before."""
        for name in WRITTEN:
            self.database[name].delete_many({})
        demo_data.seed(self.database)
        call = f"conversation-{uuid.uuid4().hex[:12]}"
        heard = asyncio.run(play(self.servers.call_url(call), call, story))
        return happened(self._events(call, len(story.turns)), heard, story)

    def _events(self, call: str, turns: int) -> list[dict[str, Any]]:
        """Rasa writes beside its work: wait until the last turn is there."""
        deadline = time.monotonic() + WRITTEN_S
        while True:
            rows = list(self.database.events_tracker.find({"sender_id": call}).sort("seq", 1))
            events = [row["event"] for row in rows]
            begun = sum(event["event"] == "user" for event in events)
            done = [x for x in events if x["event"] == "action" and x["name"] == "action_listen"]
            if (begun >= turns and len(done) > turns) or time.monotonic() > deadline:
                return events
            time.sleep(0.1)


def main() -> int:
    """Exit status 0 when every conversation went as its file says."""
    parser = argparse.ArgumentParser(description="Play the conversations of tests/conversations.")
    parser.add_argument("--write", action="store_true", help="make what happens what is expected")
    parser.add_argument("--said", action="store_true", help="print what was said")
    parser.add_argument("files", nargs="*", type=Path)
    told = parser.parse_args()
    files = told.files or sorted(FOLDER.rglob("test_*.yml"))
    right, total, by_file = 0, 0, defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, servers.mongo(Path(folder)) as url:
        print(
            "conversations: finding or training the assistant, and starting Rasa and the actions", flush=True
        )
        running = servers.RasaServers(Path(folder), url, servers.train(Path(folder)))
        database: Any = pymongo.MongoClient(url, serverSelectionTimeoutMS=5000)["yingda"]
        assistant = Assistant(running, database)
        try:
            running.start()
            for path in files:
                for story in stories_of(path):
                    came = assistant.run(story)
                    wrong = differences(story, came)
                    total, right = total + 1, right + (not wrong)
                    by_file[path].append((story, came))
                    if told.said:
                        print(transcript(story, came), flush=True)
                    if wrong and not told.write:
                        print(f"{path.name}: {story.name}", *wrong, sep="\n    ")
                print(f"conversations: {path.name}: {right} of {total} right so far", flush=True)
        finally:
            running.stop()
    if told.write:
        for path, done in by_file.items():
            head = path.read_text(encoding="utf-8").split("stories:")[0]
            path.write_text(written(done, head), encoding="utf-8")
    verdict = "PASS" if total and right / total >= BAR else "FAIL"
    print(f"conversations: {right} of {total} as expected, bar all: {verdict}")
    return 0 if verdict == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main())
