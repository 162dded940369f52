"""Who is read first when the thread that makes words is behind; it waits for a gate, not for time."""

import asyncio
from threading import Event

import pytest

from yingda.speech.metrics import Metrics
from yingda.speech.words.word_thread import FIRST_GUESS_S, MOST_WAIT_S, WordThread

DEADLINE_S = 10.0
MOST_WAITING = round(MOST_WAIT_S / FIRST_GUESS_S)


@pytest.mark.requirement(8)
async def test_partials_are_left_out_while_it_is_behind_and_finals_are_not() -> None:
    metrics, gate, entered = Metrics(), Event(), Event()
    words = WordThread(metrics)

    def slow(text: str) -> str:
        entered.set()
        gate.wait(DEADLINE_S)
        return text

    def ask(text: str, is_final: bool) -> "asyncio.Task[str | None]":
        return asyncio.create_task(words.read(lambda: slow(text), is_final, DEADLINE_S))

    first = [ask(str(n), False) for n in range(MOST_WAITING)]
    await asyncio.to_thread(entered.wait, DEADLINE_S)
    left_out, final = ask("partial", False), ask("final", True)
    assert await left_out is None
    assert metrics.value("speech_partials_left_out_total") == 1
    gate.set()
    assert await final == "final"
    assert [await task for task in first] == [str(n) for n in range(MOST_WAITING)]
    assert await ask("again", False) == "again"


async def test_reading_has_a_deadline() -> None:
    words, gate = WordThread(Metrics()), Event()
    with pytest.raises(TimeoutError):
        await words.read(lambda: gate.wait(DEADLINE_S), True, 0.0)
    gate.set()
    assert await words.read(lambda: "next", False, DEADLINE_S) == "next"
