"""The server dies in the middle of an utterance, and its clients go on: no word is lost, none comes twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.integration.speech.servers import START_DEADLINE_S, WordServer
from tests.integration.speech.word_server import say
from yingda.gateway.settings import SpeechSettings
from yingda.gateway.speech_link import SpeechLink, SpeechUnavailable

pytestmark = [pytest.mark.integration, pytest.mark.requirement(9)]
FRAME = 160  # samples: 20 ms
TURN = "一二三四五六七八九一二三四五六"


@pytest.fixture(name="server")
def make_server(tmp_path: Path) -> Iterator[WordServer]:
    server = WordServer(tmp_path)
    server.start()
    yield server
    server.close()


class Turn:
    """A customer turn through the gateway's link, and what it was told."""

    def __init__(self, link: SpeechLink) -> None:
        self.partials: list[str] = []
        self.done: asyncio.Future[tuple[str, float] | None] = asyncio.get_running_loop().create_future()
        self.stream = link.recognise(
            ["余额"],
            self.partials.append,
            lambda text, sure: self.done.set_result((text, sure)),
            lambda: self.done.set_result(None),
        )

    async def speak(self, words: str, pace: float = 4.0) -> None:
        """Faster than people do."""
        pcm = say(words)
        for at in range(0, len(pcm), FRAME):
            self.stream.write(pcm[at : at + FRAME])
            await asyncio.sleep(0.02 / pace)

    async def result(self, limit_s: float = START_DEADLINE_S) -> str | None:
        found = await asyncio.wait_for(self.done, limit_s)
        return None if found is None else found[0]


@contextlib.asynccontextmanager
async def linked(server: WordServer, reconnect_s: float) -> AsyncIterator[tuple[SpeechLink, list[bool]]]:
    changes: list[bool] = []
    link = SpeechLink(SpeechSettings(address=server.grpc, reconnect_s=reconnect_s), changes.append)
    await link.start()
    try:
        await until(lambda: link.is_up)
        yield link, changes
    finally:
        await link.close()


async def until(true: Callable[[], bool], limit_s: float = 20.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110 (what it asks about has no event)
            await asyncio.sleep(0.01)


def restart(server: WordServer) -> None:
    server.kill()
    server.start()


async def test_killed_in_mid_utterance(server: WordServer) -> None:
    async with linked(server, reconnect_s=30.0) as (link, changes):
        turn = Turn(link)
        await turn.speak(TURN[:7])
        await until(lambda: TURN[:5] in turn.partials)
        server.kill()
        server.launch()
        await turn.speak(TURN[7:])  # while nobody hears it
        turn.stream.finish()
        assert await turn.result() == TURN
        assert changes == [True], "the calls were told of an outage that they need not notice"
        lengths = [len(text) for text in turn.partials]
        assert lengths == sorted(lengths), "partials went backwards while the audio was replayed"
        assert server.metric("speech_resumed_total") == 1


async def test_what_was_final_before_does_not_come_again(server: WordServer) -> None:
    async with linked(server, reconnect_s=30.0) as (link, _):
        turn = Turn(link)
        await turn.speak("一二三。四五")
        await until(lambda: "一二三四" in turn.partials)
        await asyncio.to_thread(restart, server)
        await turn.speak("六七。八")
        await until(lambda: "一二三四五六七" in turn.partials)
        await asyncio.to_thread(restart, server)
        await turn.speak("九")
        turn.stream.finish()
        assert await turn.result() == "一二三四五六七八九"


async def test_killed_after_the_last_word_while_the_final_is_awaited(server: WordServer) -> None:
    async with linked(server, reconnect_s=30.0) as (link, _):
        turn = Turn(link)
        await turn.speak("一二三")
        server.kill()
        turn.stream.finish()
        server.launch()
        assert await turn.result() == "一二三"


async def test_a_server_that_stays_away_fails_the_turn_in_time(server: WordServer) -> None:
    async with linked(server, reconnect_s=0.6) as (link, changes):
        turn = Turn(link)
        await turn.speak("一二")
        began = time.monotonic()
        server.kill()
        late = Turn(link)  # it is not known yet to be gone
        await until(lambda: changes == [True, False], 3.0)
        assert 0.5 < time.monotonic() - began < 1.6
        assert await turn.result(3.0) is None
        assert await late.result(3.0) is None
        with pytest.raises(SpeechUnavailable):
            Turn(link)


async def test_four_turns_at_once_go_on(server: WordServer) -> None:
    said = [TURN[i:] + TURN[:i] for i in range(4)]
    async with linked(server, reconnect_s=30.0) as (link, _):
        turns = [Turn(link) for _ in said]

        async def all_speak(part: slice) -> None:
            await asyncio.gather(*[t.speak(words[part]) for t, words in zip(turns, said, strict=True)])

        await all_speak(slice(0, 8))
        server.kill()
        server.launch()
        await all_speak(slice(8, None))
        for turn in turns:
            turn.stream.finish()
        assert [await turn.result() for turn in turns] == said


async def test_a_websocket_client_goes_on_as_the_document_says(server: WordServer) -> None:
    """The example of docs/speech-api.md: audio from the last final's end_ms on is sent again."""
    audio = say("一二三。四五六七。八九").astype("<i2").tobytes()
    finals: list[dict[str, Any]] = []
    killed = False

    async def hear() -> None:
        nonlocal killed
        from_ms = finals[-1]["end_ms"] if finals else 0
        uri = server.url.replace("http:", "ws:") + "/v1/asr"
        async with connect(uri, open_timeout=5, close_timeout=1) as socket:
            first = {"sample_rate_hz": 8000, "encoding": "pcm16", "offset_ms": from_ms, "interim": False}
            await socket.send(json.dumps(first))
            for at in range(from_ms * 16, len(audio), 640):
                await socket.send(audio[at : at + 640])
                await asyncio.sleep(0.005)
                if not killed and at > 16 * 2400:
                    killed = True
                    message = json.loads(await asyncio.wait_for(socket.recv(), 10))
                    finals.append(message)
                    await asyncio.to_thread(restart, server)
            await socket.send('{"end": true}')
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "final":
                    finals.append(message)

    with pytest.raises((ConnectionClosed, OSError)):
        await hear()
    assert [f["text"] for f in finals] == ["一二三"]
    await asyncio.wait_for(hear(), 30)
    assert "".join(f["text"] for f in finals) == "一二三四五六七八九"
    times = [(f["start_ms"], f["end_ms"]) for f in finals]
    assert times[0][0] == 0 and times[-1][1] == len(audio) // 16
    assert all(before[1] == after[0] for before, after in itertools.pairwise(times))
    assert server.metric("speech_resumed_total") == 1
