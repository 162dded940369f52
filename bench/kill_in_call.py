"""kill_in_call: kill -9 of speech, actions and Rasa, each in the middle of a call while a second call runs.

    make figure NAME=kill_in_call            (one process only: python bench/kill_in_call.py --only rasa)

Call A says the last word of its question when the process is killed; call B chats on. For each process:
  apology    A hears an apology within 3 s of the kill or of its own last voiced packet, whichever is later
  restarted  the process is there again, with another process id, and healthy
  goes on    A asks again once the bot is quiet and is answered, or the bot has ended the call politely
  untouched  B is still up, missed no packet for longer than 200 ms, and is answered when it speaks
  record     the records of both calls in MongoDB are complete
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from bench._system import DidNotStart, System, running
from scripts.layout import ROOT
from yingda.caller import records
from yingda.caller.alaw import read_clip
from yingda.caller.evidence import CallRecord
from yingda.caller.phone import Phone
from yingda.caller.wire import response

VICTIMS = ("speech", "actions", "rasa")
APOLOGY_S = 3.0
RESTART_DEADLINE_S = 120.0
ANSWER_DEADLINE_S = 12.0
GAP_S = 0.2
LAST_WORD_FRAMES = 10  # x 20 ms: nobody can have answered yet
SORRY = ("对不起", "抱歉", "不好意思", "请您稍等", "请稍等")
POLITE = ("再见",)
BUSY = (*SORRY, "没听")
A, B = "13800138000", "13900139000"
CLIPS = ROOT / "tests" / "scenes" / "audio"


@dataclass
class Finding:
    """One process: what was seen of each point, None where all is well."""

    victim: str
    apology_s: float | None = None
    restart_s: float | None = None
    problems: list[str] = field(default_factory=list)


class Caller:
    """A caller by hand: speaks a clip, waits for the bot by ear."""

    def __init__(self, number: str) -> None:
        self.phone = Phone(number)
        self.since = datetime.now(timezone.utc)

    async def dial(self, system: System) -> None:
        await self.phone.open()
        await self.phone.call("yingda", system.sip)
        await self.bot_quiet(self.phone.answered_at or 0.0)

    async def bot_quiet(self, since: float, quiet_s: float = 0.9, deadline_s: float = 15.0) -> bool:
        """Wait until the bot was heard after ``since`` and has fallen silent."""

        def quiet() -> bool:
            ended = self.phone.line.heard.quiet_since(since)
            return ended is not None and time.monotonic() - ended >= quiet_s

        return await until(lambda: quiet() or self.phone.ended_at is not None, deadline_s)

    async def say(self, clip: str, at_last_word: Callable[[], None] | None = None) -> tuple[float, float]:
        """First and last voiced packet of the clip; `at_last_word()` is called shortly before its end."""
        utterance = self.phone.line.say(read_clip(CLIPS / f"{clip}.wav"))
        if at_last_word is not None:
            await until(lambda: len(utterance.frames) <= LAST_WORD_FRAMES, 10.0)
            at_last_word()
        await until(lambda: utterance.done, 10.0)
        return utterance.first_at or 0.0, utterance.last_at or 0.0

    async def chat(self) -> None:
        """Say hello whenever the bot has fallen silent, so that nobody takes us for gone."""
        since = 0.0
        while self.phone.ended_at is None:
            await self.bot_quiet(since, quiet_s=2.0, deadline_s=5.0)
            since = (await self.say("hello"))[1]

    async def answered(
        self, said: tuple[float, float], deadline_s: float = ANSWER_DEADLINE_S
    ) -> float | None:
        """First voiced packet of the answer to what was said, or None."""

        def heard() -> bool:
            return response(self.phone.line.heard, *said) is not None

        await until(lambda: heard() or self.phone.ended_at is not None, deadline_s)
        found = response(self.phone.line.heard, *said)
        return None if found is None else found.start

    def longest_gap_s(self) -> float:
        """Longest time without any packet from the bot."""
        times = [p.at for p in self.phone.line.packets_in]
        return max((b - a for a, b in itertools.pairwise(times)), default=float("inf"))

    def record(self, system: System) -> CallRecord | None:
        call_id = records.find_call(system.database, self.phone.number, self.since)
        return None if call_id is None else records.read_call(system.database, call_id, ROOT)


async def until(done: Callable[[], bool], deadline_s: float) -> bool:
    """Poll every 20 ms; whether it came true in time."""
    deadline = time.monotonic() + deadline_s
    while not done():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def try_victim(system: System, victim: str) -> Finding:
    """One process killed in mid-call."""
    finding = Finding(victim)
    a, b = Caller(A), Caller(B)
    chat = None
    try:
        await asyncio.gather(a.dial(system), b.dial(system))
        chat = asyncio.create_task(b.chat())
        await _kill_and_recover(system, a, finding)
        chat.cancel()
        await _untouched(b, finding)
    finally:
        if chat is not None:
            chat.cancel()
        await a.phone.close()
        await b.phone.close()
    await _judge_records(system, a, b, finding)
    return finding


async def _kill_and_recover(system: System, a: Caller, finding: Finding) -> None:
    victim, restarts, pid = finding.victim, system.restarts(finding.victim), system.pid(finding.victim)
    killed_at = 0.0

    def kill() -> None:
        nonlocal killed_at
        killed_at = time.monotonic()
        system.kill(victim)

    said = await a.say("balance", at_last_word=kill)
    heard_at = await a.answered((max(said[1], killed_at), killed_at))
    if heard_at is not None:
        finding.apology_s = heard_at - max(said[1], killed_at)
    if finding.apology_s is None or finding.apology_s > APOLOGY_S:
        heard = "nothing" if finding.apology_s is None else f"something only after {finding.apology_s:.1f} s"
        finding.problems.append(f"apology: the caller heard {heard}")
    back = await until(
        lambda: system.restarts(victim) > restarts and system.healthy(victim), RESTART_DEADLINE_S
    )
    finding.restart_s = time.monotonic() - killed_at
    if not back or system.pid(victim) == pid:
        finding.problems.append(f"restarted: not healthy after {RESTART_DEADLINE_S:.0f} s")
    await _goes_on(a, finding, killed_at)


async def _goes_on(a: Caller, finding: Finding, killed_at: float) -> None:
    for _ in range(3):
        if a.phone.ended_at is not None:
            return  # politely or not: the record tells
        await a.bot_quiet(killed_at)
        said = await a.say("balance_again")
        if await a.answered(said) is None and a.phone.ended_at is None:
            finding.problems.append("goes on: the bot did not answer any more")
            return
        await a.bot_quiet(said[1])


async def _untouched(b: Caller, finding: Finding) -> None:
    if b.phone.ended_at is not None:
        finding.problems.append("untouched: the other call was ended")
        return
    if (gap := b.longest_gap_s()) > GAP_S:
        finding.problems.append(f"untouched: no packet for {gap * 1000:.0f} ms in the other call")
    await asyncio.sleep(3.0)  # let the bot answer whatever B said last
    await b.bot_quiet(0.0)
    if await b.answered(await b.say("balance_again")) is None:
        finding.problems.append("untouched: the other call was not answered any more")
    await b.bot_quiet(time.monotonic() - 1.0, deadline_s=6.0)


async def _judge_records(system: System, a: Caller, b: Caller, finding: Finding) -> None:
    def incomplete() -> list[str]:
        found = []
        for name, caller in (("A", a), ("B", b)):
            record = caller.record(system)
            found += [f"record of {name}: {p}" for p in (["missing"] if record is None else record.problems)]
        return found

    await until(lambda: not incomplete(), 8.0)
    finding.problems += incomplete()
    record = a.record(system)
    if record is None:
        return
    said = [turn.text for turn in record.turns if turn.side == "bot"]
    if not any(word in text for text in said for word in SORRY):
        finding.problems.append(f"apology: none is on record; the bot said {said}")
    last = said[-1] if said else ""
    if a.phone.ended_by == "bot" and not any(word in last for word in POLITE):
        finding.problems.append(f"goes on: the bot ended the call without a goodbye, with '{last}'")
    if a.phone.ended_by != "bot" and any(word in last for word in BUSY):
        finding.problems.append(f"goes on: the bot still only apologises at the end: '{last}'")


async def measure(system: System, victims: list[str], show: Callable[[Finding], None]) -> list[Finding]:
    """All processes, one after another."""
    findings = []
    for victim in victims:
        findings.append(await try_victim(system, victim))
        show(findings[-1])
    return findings


def show(finding: Finding) -> None:
    """One line for each process, and its problems."""
    apology = "none" if finding.apology_s is None else f"{finding.apology_s:.2f} s"
    restart = "-" if finding.restart_s is None else f"{finding.restart_s:.1f} s"
    mark = "FAIL" if finding.problems else "ok"
    print(f"{finding.victim:<8} apology after {apology}, healthy again after {restart}  {mark}", flush=True)
    for problem in finding.problems:
        print(f"         {problem}", flush=True)


def main() -> int:
    """Print the figure; 0 when every point holds for every process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=VICTIMS, help="kill this process alone")
    only = parser.parse_args().only
    try:
        with running() as system:
            findings = asyncio.run(measure(system, [only] if only else list(VICTIMS), show))
    except DidNotStart as error:
        print(error)
        print("kill_in_call: the system did not start FAIL")
        return 1
    passed = not any(finding.problems for finding in findings)
    slowest = max(f.apology_s if f.apology_s is not None else float("inf") for f in findings)
    print(
        f"kill_in_call: slowest apology {slowest:.2f} s (bar <= {APOLOGY_S:.1f}), "
        f"{sum(not f.problems for f in findings)} of {len(findings)} processes {'PASS' if passed else 'FAIL'}"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
