"""answers: how often a question gets its article from the whole assistant, and how often a wrong one.

    make figure NAME=answers                         the figure
    make figure NAME=answers SET=dev MORE=1          those for development, and each that went wrong
    make figure NAME=answers SET=first_words MORE=1  more of them, and requests that no article may answer

`knowledge` measures retrieval alone. Here each question is the first thing that a caller says: understanding,
rules and actions decide together whether it is a question at all. Questions: the part `test` of
tests/data/knowledge/questions.yml, which was never looked at one by one; the part `dev`, and first_words.yml
beside it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo
import yaml

from actions.clients import demo_data
from tests.integration.rasa import servers
from tests.integration.rasa.customer import Customer
from yingda.messages import dialogue

ENVIRONMENT = "rasa"
DATA = Path(__file__).resolve().parent.parent / "tests/data/knowledge"
STARTED_AT = "2026-11-28T02:00:00Z"  # articles are valid for a while
RIGHT, WRONG = 0.85, 0.03  # the bars: of the questions with an article, and of all
NONE = "none"
AT_ONCE = 4  # calls
WRITTEN_S = 20.0
REFUSING = ("nlu_fallback", "out_of_scope")


@dataclass
class Asked:
    """What a caller says first; `article` answers it, or nothing does: NONE, or the intent of a request."""

    text: str
    article: str
    is_request: bool = False
    call: str = ""
    intent: str = ""
    said: list[str] = field(default_factory=list)  # articles
    responses: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """right, wrong, which, refused, or request."""
        if self.said:
            return "right" if self.article in self.said else "wrong"
        if "utter_which_article" in self.responses:
            return "which"
        return "refused" if self.intent in REFUSING or "utter_no_article" in self.responses else "request"


def questions(name: str) -> list[Asked]:
    """Of `test`, `dev` or `first_words`."""
    if name == "first_words":
        tree = yaml.safe_load((DATA / "first_words.yml").read_text(encoding="utf-8"))
        with_article, requests = tree["articles"], tree["requests"]
    else:
        tree = yaml.safe_load((DATA / "questions.yml").read_text(encoding="utf-8"))
        with_article, requests = tree[name], {}
    found = [Asked(text, article) for article, texts in with_article.items() for text in texts]
    found += [Asked(text, intent, is_request=True) for intent, texts in requests.items() for text in texts]
    for place, asked in enumerate(found):
        asked.call = f"answers-{place}"
    return found


async def ask(running: servers.RasaServers, asked: list[Asked]) -> None:
    """Each in a call of its own, several calls at once."""
    waiting, done, started = list(reversed(asked)), 0, time.monotonic()

    async def caller() -> None:
        nonlocal done
        while waiting:
            one = waiting.pop()
            async with Customer(running.call_url(one.call), one.call, started_at=STARTED_AT) as customer:
                turn = await customer.says(one.text)
            said = [x.evidence.get("article") for x in turn.messages if isinstance(x, dialogue.Say)]
            one.said = [str(article) for article in said if article]
            done += 1
            if done % 50 == 0:
                took = time.monotonic() - started
                print(f"answers: {done} of {len(asked)} asked, {took:.0f} s", flush=True)

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


def look_up(asked: list[Asked], database: Any) -> None:
    """The intents and the responses, of Rasa's own events, which are written beside its work."""
    deadline = time.monotonic() + WRITTEN_S
    for one in asked:
        while not one.intent and time.monotonic() < deadline:
            rows = database.events_tracker.find({"sender_id": one.call}).sort("seq", 1)
            events = [row["event"] for row in rows]
            users = [x for x in events if x["event"] == "user" and x.get("text") != "/EXTERNAL_call_started"]
            heard = [x for x in users if not x["parse_data"]["intent"]["name"].startswith("EXTERNAL_")]
            if heard:
                one.intent = heard[-1]["parse_data"]["intent"]["name"]
            said = [x for x in events if x["event"] == "bot"]
            one.responses = [str((x.get("metadata") or {}).get("utter_action")) for x in said]
            if not heard:
                time.sleep(0.1)


def table(asked: list[Asked]) -> tuple[float, float]:
    """Print what came of them; shares right (of those with an article) and wrong (of all). A request that an
    article answers is wrong."""
    groups = {
        "with an article": [x for x in asked if not x.is_request and x.article != NONE],
        "without one": [x for x in asked if not x.is_request and x.article == NONE],
        "requests": [x for x in asked if x.is_request],
    }
    for name, rows in groups.items():
        if not rows:
            continue
        counts = Counter(x.outcome for x in rows)
        print(
            f"{name:16s} {len(rows)}: right article {counts['right']}, another article {counts['wrong']}, "
            f"asked which of two {counts['which']}, refused {counts['refused']}, "
            f"taken for something else {counts['request']}"
        )
        taken = Counter(x.intent for x in rows if x.outcome == "request")
        if taken and name == "with an article":
            print("  taken for: " + ", ".join(f"{intent} {n}" for intent, n in taken.most_common()))
    right = sum(x.outcome == "right" for x in asked) / max(1, len(groups["with an article"]))
    return right, sum(x.outcome == "wrong" for x in asked) / max(1, len(asked))


def missed(asked: list[Asked]) -> None:
    """One line for each that went wrong."""
    for x in asked:
        fine = x.outcome in ("request", "refused") if x.is_request or x.article == NONE else False
        if x.outcome != "right" and not fine:
            print(f"  {x.text}: {x.outcome} {'/'.join(x.said)} ({x.intent}), expected {x.article}")


def main() -> int:
    """Exit status 0 when both bars hold."""
    name = os.environ.get("SET", "test")
    if name not in ("test", "dev", "first_words"):
        print(f"SET: got {name!r}, expected test, dev or first_words", file=sys.stderr)
        return 2
    asked = questions(name)
    print("answers: finding or training the assistant, and starting Rasa and the actions", flush=True)
    with tempfile.TemporaryDirectory() as folder, servers.mongo(Path(folder)) as url:
        running = servers.RasaServers(Path(folder), url, servers.train(Path(folder)))
        database: Any = pymongo.MongoClient(url, serverSelectionTimeoutMS=5000)["yingda"]
        demo_data.seed(database)
        try:
            running.start()  # Rasa's start takes longer than the articles take to be learned
            asyncio.run(ask(running, asked))
            look_up(asked, database)
        finally:
            running.stop()
    if os.environ.get("MORE") and name != "test":
        missed(asked)
    right, wrong = table(asked)
    holds = right >= RIGHT and wrong <= WRONG
    print(
        f"answers: right article {right:.3f} (bar {RIGHT}), wrong {wrong:.3f} (bar {WRONG}) "
        f"{'PASS' if holds else 'FAIL'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
