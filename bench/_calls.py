"""Calls that speak to the voice channel, offered at a fixed rate whether the bot keeps up or not.

A call is a list of sentences, each with words that the answer must hold. Every turn has its time on a
timetable; a turn that comes late because the one before it was not answered yet counts from that time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import websockets
from websockets.asyncio.client import ClientConnection, connect

from yingda.messages import dialogue

THINK_S = (2.0, 4.0)  # a customer listens and speaks so long between two turns


@dataclass(frozen=True)
class Script:
    """What a customer says in a call, and what must be in the answers."""

    number: str
    sentences: tuple[tuple[str, str], ...]

    @property
    def turns(self) -> int:
        """The greeting is one too."""
        return 1 + len(self.sentences)


SCRIPTS = (
    Script(  # balance, bill
        "13800138000",
        (
            ("我想查一下我的余额", "后4位"),
            ("六七二一", "86.42"),
            ("那我这个月账单一共多少钱", "账单"),
            ("没有了谢谢再见", "再见"),
        ),
    ),
    Script(  # a fee that nobody ordered
        "13800138000",
        (
            ("我账单上怎么多了一百块", "后4位"),
            ("后四位是六七二一", "国际漫游包"),
            ("好的帮我登记一下吧", "退费"),
            ("没有了再见", "再见"),
        ),
    ),
    Script(  # a parcel, and a question on the way
        "13800138000",
        (
            ("我的快递到哪里了", "后4位"),
            ("六七二一", "电饭煲"),
            ("你们营业厅几点开门", "点"),
            ("我的余额还有多少", "86.42"),
            ("不用了再见", "再见"),
        ),
    ),
    Script(  # a technician
        "13800138000",
        (
            ("我想约个师傅上门", "后4位"),
            ("六七二一", "哪一天"),
            ("后天", "几点"),
            ("上午十点半", ""),
            ("算了不约了", ""),
            ("没有了再见", "再见"),
        ),
    ),
)


@dataclass(frozen=True)
class Turn:
    """One turn as the customer saw it; seconds from its time on the timetable."""

    planned: float
    first_s: float | None  # to the first sentence
    done_s: float
    problem: str | None = None


@dataclass
class Load:
    """All turns of a run."""

    turns: list[Turn] = field(default_factory=list)

    def within(self, begin: float, end: float) -> list[Turn]:
        """Those that were planned between two times of time.monotonic()."""
        return [turn for turn in self.turns if begin <= turn.planned < end]


def timetable(rate: float, seconds: float, seed: int = 7) -> list[tuple[Script, list[float]]]:
    """Calls with the planned seconds of their turns, so that `rate` turns a second are due on average."""
    chance, calls, at, number = random.Random(seed), [], 0.0, 0
    while at < seconds:
        script = SCRIPTS[number % len(SCRIPTS)]
        times = [at]
        for _ in script.sentences:
            times.append(times[-1] + chance.uniform(*THINK_S))
        calls.append((script, times))
        at += script.turns / rate * chance.uniform(0.5, 1.5)
        number += 1
    return calls


class Caller:
    """One call over one socket."""

    def __init__(self, address: str, script: Script, load: Load) -> None:
        """`address` is the channel's, without the call id."""
        self._url = f"{address}/load-{uuid.uuid4().hex[:12]}"
        self._script, self._load, self._generation = script, load, 0

    async def run(self, times: Sequence[float], give_up: float) -> None:
        """Speak at these times of time.monotonic(); turns not answered by `give_up` count until then."""
        done = 0
        try:
            await _until(times[0])
            async with connect(self._url, proxy=None, ping_interval=None, compression=None) as socket:
                async with asyncio.timeout_at(_loop_time(give_up)):
                    for planned, (up, expected) in zip(times, self._ups(), strict=True):
                        await _until(planned)
                        await socket.send(dialogue.to_json(up))
                        await self._answer(socket, planned, expected)
                        done += 1
                    await socket.send(dialogue.to_json(dialogue.CallEnded(reason="customer_hung_up")))
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            problem = "not answered" if isinstance(error, TimeoutError) else type(error).__name__
            for planned in times[done:]:
                if planned < give_up:
                    self._load.turns.append(Turn(planned, None, give_up - planned, problem))

    def _ups(self) -> list[tuple[dialogue.Up, str]]:
        call_id = self._url.rpartition("/")[2]
        ups: list[tuple[dialogue.Up, str]] = [
            (
                dialogue.CallStarted(
                    call_id=call_id,
                    direction="inbound",
                    customer_number=self._script.number,
                    our_number="95000",
                    started_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    generation=1,
                ),
                "您好",
            )
        ]
        for number, (text, expected) in enumerate(self._script.sentences, 2):
            turn = dialogue.CustomerTurn(
                turn=number, generation=number, text=text, confidence=0.9, started_ms=0, ended_ms=1000
            )
            ups.append((turn, expected))
        return ups

    async def _answer(self, socket: ClientConnection, planned: float, expected: str) -> None:
        first, said, failed = None, "", None
        while True:
            message = dialogue.parse(await socket.recv())
            now = time.monotonic()
            if isinstance(message, dialogue.Say):
                first = first if first is not None else now - planned
                said += message.text
            elif isinstance(message, dialogue.Error):
                failed = f"error {message.reason}"
            elif isinstance(message, dialogue.TurnDone):
                break
        if failed is None and expected not in said:
            failed = f"{expected!r} was not in {said!r}"
        self._load.turns.append(Turn(planned, first, now - planned, failed))


async def offer(
    address: str,
    rate: float,
    warm_s: float,
    seconds: float,
    grace_s: float,
    at_window: Callable[[bool], None],
) -> list[Turn]:
    """Offer `rate` turns a second for warm_s + seconds; the turns of the last `seconds`.

    `at_window` is called at their begin (True) and end (False); for grace_s more answers are waited for.
    """
    begin = time.monotonic() + 0.5
    load = Load()
    calls = timetable(rate, warm_s + seconds)
    end, window = begin + warm_s + seconds, begin + warm_s
    tasks = [
        asyncio.create_task(Caller(address, script, load).run([begin + at for at in times], end + grace_s))
        for script, times in calls
    ]
    await _until(window)
    at_window(True)
    await _until(end)
    at_window(False)
    await asyncio.wait(tasks, timeout=grace_s + 1)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
    return load.within(window, end)


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.monotonic()))


def _loop_time(at: float) -> float:
    return asyncio.get_running_loop().time() + at - time.monotonic()
